import Foundation

/// The mean of a - b over seeds that both arms share.
public struct PairedDifference: Codable, Hashable, Sendable {
  public let mean: Double
  public let seeds: Int
  /// The sample standard deviation of the differences; nil for one seed.
  public let standardDeviation: Double?
  /// Nil for one seed, and where all differences agree in a quantity without a range.
  public let interval: Interval?
  /// Two-sided p-value of the paired t test; nil where the differences have no spread.
  public let tPValue: Double?
  /// Two-sided p-value of the exact sign-flip test; nil above 20 seeds.
  public let signFlipPValue: Double?
}

/// Compares two arms seed by seed.
///
/// - Parameters:
///   - a: one value per seed.
///   - b: the other arm's value of the same seed at the same place.
///   - range: the values a difference can take, for clipping and for seeds that all agree: -1...1 for
///     rates; pass nil for unbounded quantities.
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
    tPValue: tPValue, signFlipPValue: try signFlipPValue(differences))
}

/// The exact two-sided sign-flip test that differences are symmetric about 0 (Fisher, "The Design of
/// Experiments", 1935, section 21).
///
/// The share of the 2^n assignments of signs whose sum is at least as far from 0 as the observed
/// one, the observed one included: never below 2 / 2^n. Sums within 1e-10 of the sum of magnitudes
/// count as equal, so that rounding cannot break a tie.
///
/// - Returns: nil above 20 differences, where enumeration is not worth its time.
/// - Throws: `StatisticsError` for no values, or values that are not finite.
public func signFlipPValue(_ differences: [Double]) throws(StatisticsError) -> Double? {
  try check(differences, "differences")
  let n = differences.count
  guard n <= 20 else { return nil }
  let observed = abs(differences.reduce(0, +))
  let threshold = observed - 1e-10 * differences.reduce(0) { $0 + abs($1) }
  // A mirrored assignment has the mirrored sum, so the last sign stays fixed. Assignments are visited
  // in the order of a Gray code: each differs from the one before in one sign.
  var sum = differences.reduce(0, +)
  var flipped = [Bool](repeating: false, count: n)
  let assignments = 1 << (n - 1)
  var extreme = abs(sum) >= threshold ? 1 : 0
  for step in 1..<max(1, assignments) {
    let place = step.trailingZeroBitCount
    sum += (flipped[place] ? 2 : -2) * differences[place]
    flipped[place].toggle()
    if abs(sum) >= threshold { extreme += 1 }
  }
  return Double(extreme) / Double(assignments)
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
