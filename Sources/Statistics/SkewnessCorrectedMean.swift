import Foundation

/// A confidence interval for a mean by Student's t, corrected for the sample's skewness.
///
/// Near a bound the values of seeds are skewed, and T = sqrt(n) (mean - mu) / s is skewed with
/// them. With skewness g the monotone cubic f(T) = T + g T^2 / (3 sqrt n) + g^2 T^3 / (27 n) + g /
/// (6 sqrt n) is symmetric to the next order of Edgeworth's expansion (Hall, J. R. Statist. Soc. B
/// 54, 1992, section 2); it is compared with t of n - 1 degrees of freedom. g is the sample's third
/// standardised moment times sqrt(n (n - 1)) / (n - 2), which is less biased (Joanes and Gill, The
/// Statistician 47, 1998).
///
/// Its coverage is nearer to its level than that of Student t if seeds are skewed, and it is wider
/// than needed if they are not. No interval from so few seeds includes the effect of rare seeds
/// that are not in the sample. Values that all agree are treated as in
/// ``seedLevelEstimate(_:range:level:)``.
///
/// - Returns: nil below three seeds, or if all agree in a quantity without a range.
/// - Throws: `StatisticsError` for no values, values that are not finite or outside `range`, or a
///   level outside (0, 1).
public func skewnessCorrectedInterval(
  _ values: [Double], range: ClosedRange<Double>? = 0...1, level: Double = 0.95
) throws(StatisticsError) -> Interval? {
  try check(values, "values over seeds", within: range)
  try checkProbability(level, "confidence level")
  guard let mean = SkewnessCorrectedMean(values) else {
    return values.count < 3
      ? nil
      : meanInterval(
        values, Moments(values), range: range, level: level, kind: .skewnessCorrectedT)
  }
  return mean.interval(tail: (1 - level) / 2, level: level, range: range)
}

/// One-sided tests of the mean of skewed values, with the interval that inverts them.
struct SkewnessCorrectedMean {
  private let mean: Double
  private let standardError: Double
  /// g / sqrt(n).
  private let bend: Double
  private let distribution: StudentT

  /// Nil below three values, and for values without spread.
  init?(_ values: [Double]) {
    let moments = Moments(values)
    guard values.count > 2, let deviation = moments.standardDeviation, deviation > 0 else {
      return nil
    }
    let n = Double(values.count)
    mean = moments.mean
    standardError = deviation / n.squareRoot()
    distribution = StudentT(degreesOfFreedom: n - 1)
    let cubes = values.reduce(0) { $0 + pow(($1 - moments.mean) / deviation, 3) }
    // By the deviation with divisor n - 1, the third moment's own factor is n / ((n - 1) (n - 2)).
    bend = cubes * n / ((n - 1) * (n - 2)) / n.squareRoot()
  }

  /// The p-value of "the mean is at most `bound`".
  func pAtMost(_ bound: Double) -> Double {
    distribution.upperTail(straightened((mean - bound) / standardError))
  }

  /// The p-value of "the mean is at least `bound`".
  func pAtLeast(_ bound: Double) -> Double {
    distribution.upperTail(-straightened((mean - bound) / standardError))
  }

  /// The interval whose two ends each have error `tail`.
  func interval(tail: Double, level: Double, range: ClosedRange<Double>?) -> Interval {
    let critical = -distribution.quantile(tail)
    return Interval(
      lower: mean - standardError * bent(critical), upper: mean - standardError * bent(-critical),
      level: level, kind: .skewnessCorrectedT
    ).clipped(to: range)
  }

  private func straightened(_ t: Double) -> Double {
    t + bend * (t * t / 3 + 1.0 / 6) + bend * bend * t * t * t / 27
  }

  /// The inverse: f(T) - bend / 6 = ((1 + bend T / 3)^3 - 1) / bend.
  private func bent(_ value: Double) -> Double {
    let cube = bend * (value - bend / 6)
    // Near 1 the cube root minus 1 would cancel.
    let root = abs(cube) < 0.5 ? expm1(log1p(cube) / 3) : cbrt(1 + cube) - 1
    return abs(bend) < 1e-300 ? value : 3 * root / bend
  }
}
