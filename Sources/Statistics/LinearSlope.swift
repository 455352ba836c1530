import Foundation

/// A straight line fitted by least squares.
public struct LinearSlope: Codable, Hashable, Sendable {
  public let slope: Double
  public let intercept: Double
  public let points: Int
  /// sqrt(residual sum of squares / (n - 2)); nil for two points.
  public let residualDeviation: Double?
  /// Nil for two points.
  public let standardError: Double?
  /// Student t with n - 2 degrees of freedom; nil for two points or an exact fit.
  public let interval: Interval?
  /// Two-sided p-value of slope 0; nil for two points or an exact fit.
  public let pValue: Double?
}

/// Fits y = intercept + slope x by ordinary least squares.
///
/// Student t inference for independent normal residuals of equal variance (Draper and Smith,
/// "Applied Regression Analysis", chapter 1). For a slope against log size, `x` is the logarithms.
/// If one seed gives several points, fit one slope per seed and use
/// ``seedLevelEstimate(_:range:level:)`` with `range: nil` on the slopes instead.
///
/// - Throws: `StatisticsError` for fewer than two points, lists of different lengths, values that are
///   not finite, an `x` that does not vary, or a level outside (0, 1).
public func leastSquaresSlope(
  _ x: [Double], _ y: [Double], level: Double = 0.95
) throws(StatisticsError) -> LinearSlope {
  try checkMatched(x, "x", y, "y")
  try check(x, "x", atLeast: 2)
  try check(y, "y", atLeast: 2)
  try checkProbability(level, "confidence level")
  guard x.contains(where: { $0 != x[0] }) else { throw .constant(quantity: "x", value: x[0]) }

  let n = Double(x.count)
  let meanX = x.reduce(0, +) / n
  let meanY = y.reduce(0, +) / n
  // Centred sums, because the raw moments of log sizes would cancel.
  let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
  let slope = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
  let intercept = meanY - slope * meanX
  let residual = zip(x, y).reduce(0.0) { sum, point in
    let gap = point.1 - meanY - slope * (point.0 - meanX)
    return sum + gap * gap
  }

  guard x.count > 2 else {
    return LinearSlope(
      slope: slope, intercept: intercept, points: 2, residualDeviation: nil, standardError: nil,
      interval: nil, pValue: nil)
  }
  let deviation = (residual / (n - 2)).squareRoot()
  let standardError = deviation / spread.squareRoot()
  var interval: Interval?
  var pValue: Double?
  if standardError > 0 {
    let distribution = StudentT(degreesOfFreedom: n - 2)
    let halfWidth = -distribution.quantile((1 - level) / 2) * standardError
    interval = Interval(
      lower: slope - halfWidth, upper: slope + halfWidth, level: level, kind: .studentTOfSlope)
    pValue = distribution.twoSided(slope / standardError)
  }
  return LinearSlope(
    slope: slope, intercept: intercept, points: x.count, residualDeviation: deviation,
    standardError: standardError, interval: interval, pValue: pValue)
}
