import Foundation

/// The rates of two arms, paired by seed, with the prompts behind each rate.
public struct PairedRates: Codable, Hashable, Sendable {
  /// One rate per seed, 0...1.
  public var first: [Double]
  /// The other arm's rate of the same seed at the same index.
  public var second: [Double]
  /// Prompts behind each rate of an arm, as in ``rateEstimate(_:prompts:level:)``.
  public var firstPrompts: Int
  public var secondPrompts: Int

  public init(_ first: [Double], _ second: [Double], firstPrompts: Int, secondPrompts: Int) {
    self.first = first
    self.second = second
    self.firstPrompts = firstPrompts
    self.secondPrompts = secondPrompts
  }
}

/// The difference of two mean rates, paired by seed, with an interval from the intervals of both means.
///
/// With means a and b, their intervals [la, ua] and [lb, ub] on the log-odds scale
/// (``rateEstimate(_:prompts:level:)``) and the correlation r of the two arms over seeds, the lower limit
/// is a - b - sqrt((a - la)^2 + (ub - b)^2 - 2 r (a - la) (ub - b)), and the upper limit is the mirror
/// image (Zou and Donner, Statist. Med. 27, 2008, "MOVER"; for pairs of proportions Newcombe, Statist.
/// Med. 17, 1998). So an arm at a bound contributes on the side on which its rate may be wrong. The
/// correlation is the covariance of the rates over seeds, divided by the root of both variances with
/// those of the prompts.
///
/// Each end of the interval is the outer one of this limit and that of Student t on the paired
/// differences. The two limits fail in different places. Near a bound differences are skewed, and Student t
/// covers 88% in place of 95%. Where single seeds of both arms lose a behaviour, the log-odds limits find a
/// difference too often, because one arm seems to be at its bound.
///
/// - Returns: The mean difference. The interval and the p-value are nil for one seed.
/// - Throws: `StatisticsError` for lists of different lengths, no values, rates that are not finite or
///   outside 0...1, a number of prompts below 1, or a level outside (0, 1).
public func rateDifference(
  _ rates: PairedRates, level: Double = 0.95
) throws(StatisticsError) -> PairedDifference {
  try checkProbability(level, "confidence level")
  let difference = try LogOddsDifference(rates)
  let isAlone = rates.first.count < 2
  return PairedDifference(
    mean: difference.mean, seeds: rates.first.count,
    standardDeviation: Moments(zip(rates.first, rates.second).map { $0 - $1 }).standardDeviation,
    interval: isAlone ? nil : difference.interval(tail: (1 - level) / 2, level: level),
    tPValue: isAlone
      ? nil : min(1, 2 * min(difference.pAtMost(0), difference.pAtLeast(0))))
}

/// One-sided tests of a difference of mean rates, which invert its interval.
struct LogOddsDifference {
  let mean: Double
  private let first: LogOddsMean
  private let second: LogOddsMean
  private let correlation: Double
  /// Standard error of the mean difference, and Student t for it.
  private let standardError: Double
  private let distribution: StudentT

  init(_ rates: PairedRates) throws(StatisticsError) {
    try checkMatched(rates.first, "the first arm", rates.second, "the second arm")
    first = try LogOddsMean(rates.first, prompts: rates.firstPrompts)
    second = try LogOddsMean(rates.second, prompts: rates.secondPrompts)
    mean = first.mean - second.mean
    let (a, b) = (first.mean, second.mean)
    let products = zip(rates.first, rates.second).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) }
    let n = Double(rates.first.count)
    let deviation =
      Moments(zip(rates.first, rates.second).map { $0 - $1 }).standardDeviation ?? 0
    standardError = deviation / n.squareRoot()
    distribution = StudentT(degreesOfFreedom: max(1, n - 1))
    correlation =
      products / Double(max(1, rates.first.count - 1))
      / (first.variance * second.variance).squareRoot()
  }

  func interval(tail: Double, level: Double) -> Interval {
    Interval(
      lower: lower(tail: tail), upper: upper(tail: tail), level: level, kind: .logOddsTOfPairs)
  }

  private func lower(tail: Double) -> Double {
    let (a, b) = (first.limits(tail: tail), second.limits(tail: tail))
    return mean - max(reach(first.mean - a.lower, b.upper - second.mean), halfWidth(tail))
  }

  private func upper(tail: Double) -> Double {
    let (a, b) = (first.limits(tail: tail), second.limits(tail: tail))
    return mean + max(reach(a.upper - first.mean, second.mean - b.lower), halfWidth(tail))
  }

  private func halfWidth(_ tail: Double) -> Double {
    -distribution.quantile(tail) * standardError
  }

  private func reach(_ first: Double, _ second: Double) -> Double {
    // At a correlation of 1 rounding may give a sum below 0.
    max(0, first * first + second * second - 2 * correlation * first * second).squareRoot()
  }

  /// The p-value of "the difference is at most `bound`": the tail at which the lower limit is `bound`.
  func pAtMost(_ bound: Double) -> Double {
    mean > bound ? tail { lower(tail: $0) > bound } : 1 - tail { upper(tail: $0) < bound }
  }

  /// The p-value of "the difference is at least `bound`".
  func pAtLeast(_ bound: Double) -> Double {
    mean < bound ? tail { upper(tail: $0) < bound } : 1 - tail { lower(tail: $0) > bound }
  }

  /// The smallest tail at which a limit excludes the bound, to 1e-9 of its logarithm: a bisection from
  /// 1e-300 to 1/2.
  private func tail(_ excludes: (Double) -> Bool) -> Double {
    var (below, above) = (log(1e-300), log(0.5))
    guard excludes(exp(above) * (1 - 1e-12)) else { return 0.5 }
    while above - below > 1e-9 {
      let middle = below + (above - below) / 2
      if excludes(exp(middle)) { above = middle } else { below = middle }
    }
    return exp(above)
  }
}
