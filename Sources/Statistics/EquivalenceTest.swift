import Foundation

/// The result of a test whether two arms differ by less than a margin.
public struct EquivalenceTest: Codable, Hashable, Sendable {
  public let meanDifference: Double
  public let seeds: Int
  /// The margin, declared before the run: the rejected hypothesis is |difference| >= margin.
  public let margin: Double
  public let alpha: Double
  /// The larger of the two one-sided p-values; nil for one seed, or for differences without spread in
  /// a quantity without a range.
  public let pValue: Double?
  /// The arms are equivalent at `alpha` if this interval is within the margin.
  public let interval: Interval?

  public var isEquivalent: Bool { pValue.map { $0 < alpha } ?? false }
}

/// Two one-sided t tests on paired differences (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987).
///
/// Rejecting both "difference <= -margin" and "difference >= margin", each at `alpha`, is a test of
/// size alpha that they are not equivalent; its interval is the t interval of level 1 - 2 alpha.
///
/// Differences that are all equal to d have no t statistic. A mean at or beyond the margin then
/// needs a share of departing seeds of at least (margin - d) / (hi - d), so that n seeds agree with
/// probability at most `(1 - (margin - d) / (hi - d))^n`, and likewise below: the exact p-value. It
/// is large for a narrow margin: eight equal pairs do not show that rates are equal within 0.05.
///
/// - Throws: `StatisticsError` as `pairedDifference(_:_:range:level:)`, and for a margin or alpha
///   out of range.
public func equivalenceTest(
  _ a: [Double], _ b: [Double], margin: Double, alpha: Double = 0.05,
  range: ClosedRange<Double>? = -1...1
) throws(StatisticsError) -> EquivalenceTest {
  guard margin > 0, margin.isFinite else {
    throw .outOfRange(quantity: "margin", index: nil, value: margin, lower: 0, upper: .infinity)
  }
  guard alpha > 0, alpha < 0.5 else {
    throw .outOfRange(quantity: "alpha", index: nil, value: alpha, lower: 0, upper: 0.5)
  }
  let differences = try pairedDifferences(a, b, range: range)
  let moments = Moments(differences)
  let n = Double(differences.count)
  let d = moments.mean
  var pValue: Double?
  var level = 1 - 2 * alpha
  if let deviation = moments.standardDeviation {
    if deviation > 0 {
      let distribution = StudentT(degreesOfFreedom: n - 1)
      let unit = deviation / n.squareRoot()
      // The nearer margin has the larger p-value.
      pValue = distribution.upperTail((margin - abs(d)) / unit)
    } else if let range {
      // The bound on departing seeds is one-sided and is valid for both margins.
      level = 1 - alpha
      func agreeing(_ distance: Double, of room: Double) -> Double {
        if distance <= 0 { return 1 }
        return distance >= room ? 0 : exp(n * log1p(-distance / room))
      }
      pValue = max(
        agreeing(margin - d, of: range.upperBound - d),
        agreeing(margin + d, of: d - range.lowerBound))
    }
  }
  return EquivalenceTest(
    meanDifference: d, seeds: differences.count, margin: margin, alpha: alpha, pValue: pValue,
    interval: meanInterval(
      differences, moments, range: range, level: level, kind: .studentTOverPairedSeeds))
}
