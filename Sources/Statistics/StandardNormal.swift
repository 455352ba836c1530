import Foundation

/// The normal distribution of mean 0 and variance 1.
public enum StandardNormal {
  private static let logSqrtTwoPi = 0.918938533204672741780329736406

  /// The density at `z`.
  public static func density(_ z: Double) -> Double { exp(logDensity(z)) }

  static func logDensity(_ z: Double) -> Double { -z * z / 2 - logSqrtTwoPi }

  /// P(Z <= z) to a few units in the last place times `max(1, z * z)`, relative, in both tails.
  ///
  /// `erfc` is exact to about an ulp; the rounding of `z / sqrt(2)` is magnified by `z * z`, the
  /// logarithmic slope of the tail.
  public static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z * 0.5.squareRoot()) }

  /// P(Z > z), with the same precision in the far upper tail as `cumulative` in the lower tail.
  public static func upperTail(_ z: Double) -> Double { cumulative(-z) }

  /// The `z` with `cumulative(z) == p`; infinite at 0 and 1, NaN outside.
  ///
  /// Absolute error below 1e-14. Newton's iteration on `log P(Z > z)`, which is concave and
  /// decreasing, begins at or right of the root. Each tangent is above the curve, so every iterate
  /// stays right of the root and the sequence converges to it quadratically. No safeguard is
  /// needed. The start solves the bound `P(Z > z) <= exp(-z * z / 2) / 2`.
  public static func quantile(_ p: Double) -> Double {
    guard p >= 0, p <= 1 else { return .nan }
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    let tail = min(p, 1 - p)
    let target = log(tail)
    var z = (-2 * log(2 * tail)).squareRoot()
    for _ in 0..<50 {
      let step = (logUpperTail(z) - target) / hazard(z)
      z += step
      // Below one part in 1e15 the sign of the step is rounding.
      if abs(step) <= 1e-15 * max(1, z) { break }
    }
    return p < 0.5 ? -z : z
  }

  /// log P(Z > z), finite for every finite `z` below 1e154.
  static func logUpperTail(_ z: Double) -> Double {
    if z < 0 { return log1p(-cumulative(z)) }
    if z < farTail { return log(upperTail(z)) }
    return logDensity(z) + log(millsRatio(z))
  }

  /// density(z) / P(Z > z), the slope of `-logUpperTail`.
  static func hazard(_ z: Double) -> Double {
    z < farTail ? density(z) / upperTail(z) : 1 / millsRatio(z)
  }

  private static let farTail = 6.0

  /// P(Z > z) / density(z) for z >= 6, where neither factor may be formed (they underflow at 38).
  ///
  /// Laplace's continued fraction 1/(z + 1/(z + 2/(z + 3/(z + ...)))), from the inside out. With
  /// sixty levels the relative error is below 1e-16 at z = 6 and smaller for larger z.
  private static func millsRatio(_ z: Double) -> Double {
    var denominator = z
    for level in stride(from: 60.0, through: 1.0, by: -1.0) {
      denominator = z + level / denominator
    }
    return 1 / denominator
  }
}
