import Foundation

/// A count of successes in independent trials: the rate of one replica over a list of prompts.
///
/// Its intervals are about new prompts for that replica and not about other seeds.
public struct Proportion: Hashable, Sendable {
  public let successes: Int
  public let trials: Int

  /// - Throws: `StatisticsError.impossibleCount` unless `0 <= successes <= trials` and `trials > 0`.
  public init(successes: Int, trials: Int) throws(StatisticsError) {
    guard trials > 0, (0...trials).contains(successes) else {
      throw .impossibleCount(successes: successes, trials: trials)
    }
    self.successes = successes
    self.trials = trials
  }

  /// successes / trials.
  public var rate: Double { Double(successes) / Double(trials) }

  /// The Wilson score interval: the rates that a score test does not reject.
  ///
  /// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
  /// (1927), without continuity correction. Its ends at 0 and n successes are exactly 0 and 1.
  ///
  /// - Throws: `StatisticsError.outOfRange` unless `level` is strictly between 0 and 1.
  public func wilsonInterval(level: Double = 0.95) throws(StatisticsError) -> Interval {
    try checkProbability(level, "confidence level")
    let n = Double(trials)
    let z = -StandardNormal.quantile((1 - level) / 2)
    // Solving |rate - p| = z sqrt(p (1 - p) / n) for p.
    let centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    let halfWidth =
      z * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot() / (1 + z * z / n)
    return Interval(
      lower: successes == 0 ? 0 : max(0, centre - halfWidth),
      upper: successes == trials ? 1 : min(1, centre + halfWidth),
      level: level, kind: .wilsonOverPrompts)
  }

  /// The Clopper-Pearson interval: each end is rejected by one exact binomial tail.
  ///
  /// Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934). By the
  /// identity `P(X >= k) = I_p(k, n - k + 1)` the ends are quantiles of beta distributions.
  /// Coverage is at least `level` at every rate.
  ///
  /// - Throws: `StatisticsError.outOfRange` unless `level` is strictly between 0 and 1.
  public func clopperPearsonInterval(level: Double = 0.95) throws(StatisticsError) -> Interval {
    try checkProbability(level, "confidence level")
    let k = Double(successes)
    let misses = Double(trials - successes)
    let tail = (1 - level) / 2
    let lower = successes == 0 ? 0 : IncompleteBeta.inverse(tail, a: k, b: misses + 1)
    // The upper end is computed from the mirror image, so a small tail stays exact.
    let upper =
      successes == trials ? 1 : 1 - IncompleteBeta.inverse(tail, a: misses, b: k + 1)
    return Interval(lower: lower, upper: upper, level: level, kind: .clopperPearsonOverPrompts)
  }
}

extension Proportion: Codable {
  private enum CodingKeys: String, CodingKey { case successes, trials }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      successes: container.decode(Int.self, forKey: .successes),
      trials: container.decode(Int.self, forKey: .trials))
  }
}
