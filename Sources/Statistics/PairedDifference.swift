import Foundation

/// The mean of a - b over seeds that both arms share.
public struct PairedDifference: Codable, Hashable, Sendable {
  public let mean: Double
  public let seeds: Int
  /// The sample standard deviation of the differences; nil for one seed.
  public let standardDeviation: Double?
  /// Nil for one seed, and if all differences are equal in a quantity without a range.
  public let interval: Interval?
  /// Two-sided p-value of the paired t test; nil if the differences have no spread.
  public let tPValue: Double?
}

/// Compares two arms seed by seed.
///
/// - Parameters:
///   - a: one value per seed.
///   - b: the other arm's value of the same seed at the same index.
///   - range: the possible values of a difference, for clipping and for seeds that all agree:
///     -1...1 for rates, nil for unbounded quantities.
/// - Throws: `StatisticsError` for lists of different lengths, no values, values that are not finite,
///   differences outside `range`, or a level outside (0, 1).
public func pairedDifference(
  _ a: [Double], _ b: [Double], range: ClosedRange<Double>? = -1...1, level: Double = 0.95
) throws(StatisticsError) -> PairedDifference {
  try checkProbability(level, "confidence level")
  let differences = try pairedDifferences(a, b, range: range)
  let moments = Moments(differences)
  let n = Double(differences.count)
  var tPValue: Double?
  if let deviation = moments.standardDeviation, deviation > 0 {
    tPValue = StudentT(degreesOfFreedom: n - 1).twoSided(moments.mean * n.squareRoot() / deviation)
  }
  return PairedDifference(
    mean: moments.mean, seeds: differences.count, standardDeviation: moments.standardDeviation,
    interval: meanInterval(
      differences, moments, range: range, level: level, kind: .studentTOverPairedSeeds),
    tPValue: tPValue)
}

/// a - b, checked.
func pairedDifferences(
  _ a: [Double], _ b: [Double], range: ClosedRange<Double>?
) throws(StatisticsError) -> [Double] {
  try checkMatched(a, "the first arm", b, "the second arm")
  try check(a, "the first arm")
  try check(b, "the second arm")
  let differences = zip(a, b).map { $0 - $1 }
  try check(differences, "differences", within: range)
  return differences
}
