import Foundation

/// A confidence interval for the mean rate of all seeds, on the log-odds scale.
///
/// n seeds give rates x over m prompts each. p = (m sum x + 1/2) / (m n + 1) is their mean, kept from 0 and
/// 1 by Jeffreys' half counts. The variance of one seed's rate is s^2 + p (1 - p) / m: the sample
/// variance over seeds, and the variance of m prompts at rate p. By the delta method the standard
/// error of log(p / (1 - p)) is sqrt(variance / n) / (p (1 - p)). The interval is Student t with n - 1
/// degrees of freedom on this scale, carried back (for proportions of surveys: Korn and Graubard,
/// "Analysis of Health Surveys", 1999, section 3.2).
///
/// s^2 includes the prompts' variance once in expectation, so the second term counts it twice. This has
/// two reasons. If all seeds agree, s is 0 and the prompts alone say how well the rate is known. A rate
/// that one prompt changes must not change the interval by much. And s is too small in most samples of
/// skewed rates near 0 or 1. `check-statistics` has the coverage.
///
/// Like every interval over few seeds it describes seeds like the observed ones: eight seeds that all
/// keep a behaviour do not show that one seed in ten loses it. ``exactSeedBound(seeds:level:)`` bounds
/// that share.
///
/// - Parameters:
///   - rates: One rate per seed, 0...1.
///   - prompts: m. A seed's rate that is a mean over doses has the prompts of one dose, because all
///     doses are asked the same prompts.
/// - Returns: The mean of `rates`, with nil for the interval of one seed.
/// - Throws: `StatisticsError` for no rates, rates that are not finite or outside 0...1, a number of
///   prompts below 1, or a level outside (0, 1).
public func rateEstimate(
  _ rates: [Double], prompts: Int, level: Double = 0.95
) throws(StatisticsError) -> SeedEstimate {
  try checkProbability(level, "confidence level")
  let mean = try LogOddsMean(rates, prompts: prompts)
  return SeedEstimate(
    mean: mean.mean, seeds: rates.count, standardDeviation: Moments(rates).standardDeviation,
    interval: rates.count > 1
      ? mean.interval(tail: (1 - level) / 2, level: level) : nil)
}

/// One-sided tests of a mean rate, with the interval that inverts them.
struct LogOddsMean {
  /// The mean of the rates.
  let mean: Double
  /// s^2 + p (1 - p) / m.
  let variance: Double
  /// log(p / (1 - p)), and its standard error.
  private let logOdds: Double
  private let standardError: Double
  private let distribution: StudentT

  init(_ rates: [Double], prompts: Int) throws(StatisticsError) {
    try check(rates, "rates over seeds", within: 0...1)
    guard prompts > 0 else {
      throw .outOfRange(
        quantity: "prompts", index: nil, value: Double(prompts), lower: 1, upper: .infinity)
    }
    let moments = Moments(rates)
    let (n, m) = (Double(rates.count), Double(prompts))
    let p = (n * m * moments.mean + 0.5) / (n * m + 1)
    let deviation = moments.standardDeviation ?? 0
    mean = moments.mean
    variance = deviation * deviation + p * (1 - p) / m
    logOdds = log(p / (1 - p))
    standardError = (variance / n).squareRoot() / (p * (1 - p))
    distribution = StudentT(degreesOfFreedom: max(1, n - 1))
  }

  /// The p-value of "the mean is at most `bound`".
  func pAtMost(_ bound: Double) -> Double {
    if bound <= 0 { return 0 }
    return bound >= 1
      ? 1 : distribution.upperTail((logOdds - log(bound / (1 - bound))) / standardError)
  }

  /// The p-value of "the mean is at least `bound`".
  func pAtLeast(_ bound: Double) -> Double {
    if bound >= 1 { return 0 }
    return bound <= 0
      ? 1 : distribution.upperTail((log(bound / (1 - bound)) - logOdds) / standardError)
  }

  /// The interval whose two ends each have error `tail`. It contains the mean of the rates, which may
  /// be 0 or 1.
  func interval(tail: Double, level: Double) -> Interval {
    let limits = limits(tail: tail)
    return Interval(lower: limits.lower, upper: limits.upper, level: level, kind: .logOddsT)
  }

  func limits(tail: Double) -> (lower: Double, upper: Double) {
    let halfWidth = -distribution.quantile(tail) * standardError
    func rate(_ logOdds: Double) -> Double { 1 / (1 + exp(-logOdds)) }
    return (min(mean, rate(logOdds - halfWidth)), max(mean, rate(logOdds + halfWidth)))
  }
}
