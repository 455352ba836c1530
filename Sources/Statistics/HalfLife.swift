/// The dose at which a rate has fallen to half of its starting value, as an interval or censored.
public enum HalfLife: Codable, Hashable, Sendable {
  /// Crossed after the dose `lower` and by the dose `upper`, both above 0.
  case between(lower: Double, upper: Double)
  /// Not crossed by the last dose.
  case rightCensored(after: Double)
  /// Crossed by the first positive dose.
  case leftCensored(before: Double)
  /// There is no half-life.
  case undefined(Reason)

  /// The reason why there is no half-life.
  public enum Reason: String, Codable, Hashable, Sendable {
    /// The fitted rate at dose 0 is 0.
    case startingRateIsZero

    /// The text for a table's empty cell.
    public var label: String {
      switch self {
      case .startingRateIsZero: "the starting rate is zero"
      }
    }
  }

  /// The same as a response for ``censoredRegression(_:design:clusters:)``; nil where undefined.
  public var response: CensoredResponse? {
    switch self {
    case .between(let lower, let upper): .interval(lower: lower, upper: upper)
    case .rightCensored(let dose): .rightCensored(after: dose)
    case .leftCensored(let dose): .leftCensored(before: dose)
    case .undefined: nil
    }
  }
}

/// A half-life with its fitted curve.
public struct HalfLifeEstimate: Codable, Hashable, Sendable {
  public let halfLife: HalfLife
  /// The fitted rate at dose 0.
  public let startingRate: Double
  /// The non-increasing fit, one value per dose.
  public let fittedRates: [Double]
  /// The largest rise of the *measured* rates above their running minimum; 0 if they never rise.
  public let rebound: Double
  /// The first dose at which the largest rise was measured; nil if the rates never rise.
  public let reboundDose: Double?
}

/// The half-life of a rate measured at increasing doses, the first of them 0.
///
/// The rule: f is the weighted non-increasing isotonic fit, f(0) the starting rate (so a rise
/// directly after the start is pooled with it). j is the first dose with f(j) <= f(0) / 2, equality
/// within one part in 1e12 counting as crossed.
///
/// - f(0) = 0: undefined.
/// - no such j: right-censored after the last dose.
/// - j is the first positive dose: left-censored before it, since nothing bounds it below on a
///   logarithmic scale.
/// - else: between the dose before j and j.
///
/// A monotone fit hides rises, so `rebound` is computed from the measured rates.
///
/// - Parameter weights: as in ``isotonicFit(_:weights:order:)``.
/// - Throws: `StatisticsError` for fewer than two doses, lists of different lengths, doses that do not
///   increase strictly from 0, rates outside 0...1, or impossible weights.
public func halfLife(
  doses: [Double], rates: [Double], weights: [Double]? = nil
) throws(StatisticsError) -> HalfLifeEstimate {
  try checkMatched(doses, "doses", rates, "rates")
  try check(doses, "doses", atLeast: 2)
  try check(rates, "rates", atLeast: 2, within: 0...1)
  guard doses[0] == 0 else {
    throw .outOfRange(quantity: "doses", index: 0, value: doses[0], lower: 0, upper: 0)
  }
  for index in 1..<doses.count where doses[index] <= doses[index - 1] {
    throw .notIncreasing(
      quantity: "doses", index: index, previous: doses[index - 1], value: doses[index])
  }

  let fitted = try isotonicFit(rates, weights: weights, order: .nonIncreasing)
  let (rebound, reboundIndex) = largestRise(rates)
  return HalfLifeEstimate(
    halfLife: crossing(of: fitted, at: doses), startingRate: fitted[0], fittedRates: fitted,
    rebound: rebound, reboundDose: reboundIndex.map { doses[$0] })
}

private func crossing(of fitted: [Double], at doses: [Double]) -> HalfLife {
  guard fitted[0] > 0 else { return .undefined(.startingRateIsZero) }
  let half = fitted[0] / 2 * (1 + 1e-12)
  guard let index = fitted.firstIndex(where: { $0 <= half }) else {
    return .rightCensored(after: doses[doses.count - 1])
  }
  return index == 1
    ? .leftCensored(before: doses[1])
    : .between(lower: doses[index - 1], upper: doses[index])
}

private func largestRise(_ rates: [Double]) -> (rise: Double, index: Int?) {
  var minimum = Double.infinity
  var rise = 0.0
  var place: Int?
  for (index, rate) in rates.enumerated() {
    minimum = min(minimum, rate)
    if rate - minimum > rise {
      rise = rate - minimum
      place = index
    }
  }
  return (rise, place)
}
