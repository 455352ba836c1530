import Foundation

/// The mean of one value per seed, with its uncertainty over seeds.
public struct SeedEstimate: Codable, Hashable, Sendable {
  public let mean: Double
  public let seeds: Int
  /// The sample standard deviation (divisor n - 1); nil for one seed.
  public let standardDeviation: Double?
  /// Nil for one seed, and if all seeds agree in a quantity without a range.
  public let interval: Interval?
}

/// The mean over seeds with a Student t interval on the seed-level values.
///
/// Each value is the summary of one seed (its rate over all prompts), so prompts add no degrees of
/// freedom. The t interval is cut to `range`. If all seeds agree, t would give a width of zero. The
/// interval then comes from ``exactSeedBound(seeds:level:)`` and has the kind `.exactSeedBound`.
///
/// - Parameters:
///   - range: the possible values of the quantity; nil for an unbounded quantity.
///   - level: nominal coverage.
/// - Throws: `StatisticsError` for no values, values that are not finite or outside `range`, or a
///   level outside (0, 1).
public func seedLevelEstimate(
  _ values: [Double], range: ClosedRange<Double>? = 0...1, level: Double = 0.95
) throws(StatisticsError) -> SeedEstimate {
  try check(values, "values over seeds", within: range)
  try checkProbability(level, "confidence level")
  let moments = Moments(values)
  return SeedEstimate(
    mean: moments.mean, seeds: values.count, standardDeviation: moments.standardDeviation,
    interval: meanInterval(
      values, moments, range: range, level: level, kind: .studentTOverSeeds))
}

/// An upper bound on the share of all seeds that would give another value, when n seeds agreed.
///
/// If a share p of seeds departs from the common value, n independent seeds all agree with
/// probability (1 - p)^n. The p at which that equals alpha = 1 - level is `1 - alpha^(1/n)`: the
/// one-sided Clopper-Pearson bound for 0 departures in n. The only assumption is independence.
public func exactSeedBound(seeds: Int, level: Double = 0.95) -> Double {
  // 1 - alpha^(1/n) by expm1, because alpha^(1/n) is near 1.
  -expm1(log1p(-level) / Double(seeds))
}

/// The interval of the mean of `values` by the rule that applies; nil if no rule applies.
///
/// When all values equal v, write p for the share of seeds that depart. The population mean is
/// v + E[(X - v); X departs], and within `range` = lo...hi each departure lies between lo - v and
/// hi - v, so the mean lies in `v - p (v - lo) ... v + p (hi - v)`. With p at most the exact bound,
/// this holds at confidence `level`, whatever the distribution: [0, bound] for seeds all at 0.
func meanInterval(
  _ values: [Double], _ moments: Moments, range: ClosedRange<Double>?, level: Double,
  kind: Interval.Kind
) -> Interval? {
  guard let deviation = moments.standardDeviation else { return nil }
  guard deviation > 0 else {
    guard let range else { return nil }
    let bound = exactSeedBound(seeds: values.count, level: level)
    let value = moments.mean
    return Interval(
      lower: value - bound * (value - range.lowerBound),
      upper: value + bound * (range.upperBound - value),
      level: level, kind: .exactSeedBound)
  }
  let n = Double(values.count)
  let halfWidth =
    -StudentT(degreesOfFreedom: n - 1).quantile((1 - level) / 2) * deviation / n.squareRoot()
  return Interval(
    lower: moments.mean - halfWidth, upper: moments.mean + halfWidth, level: level, kind: kind
  ).clipped(to: range)
}

/// Mean and sample standard deviation in two passes.
///
/// Equal values give exactly their value and exactly 0, which the callers branch on.
struct Moments {
  let mean: Double
  let standardDeviation: Double?

  init(_ values: [Double]) {
    let n = Double(values.count)
    if let first = values.first, values.allSatisfy({ $0 == first }) {
      mean = first
      standardDeviation = values.count > 1 ? 0 : nil
      return
    }
    let mean = values.reduce(0, +) / n
    self.mean = mean
    standardDeviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
  }
}
