import Foundation

/// Student's t distribution.
///
/// Relative error of either tail below 1e-11 for 1 to 1e6 degrees of freedom (see `IncompleteBeta`).
public struct StudentT: Hashable, Sendable {
  /// Above 0; need not be whole.
  public let degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) { self.degreesOfFreedom = degreesOfFreedom }

  /// P(T > t) = I_x(nu / 2, 1 / 2) / 2 with x = nu / (nu + t^2), for t >= 0 (Abramowitz and Stegun
  /// 26.7.1).
  public func upperTail(_ t: Double) -> Double {
    if t.isNaN { return .nan }
    // x and 1 - x as quotients of the same sum: neither is a difference.
    let square = t * t
    let x = square.isFinite ? degreesOfFreedom / (degreesOfFreedom + square) : 0
    let complement = square.isFinite ? square / (degreesOfFreedom + square) : 1
    let both = IncompleteBeta.tails(
      x: x, complement: complement, a: degreesOfFreedom / 2, b: 0.5)
    return t >= 0 ? both.lower / 2 : 0.5 + both.upper / 2
  }

  /// P(T <= t).
  public func cumulative(_ t: Double) -> Double { upperTail(-t) }

  /// P(|T| >= |t|), the p-value of a two-sided test.
  public func twoSided(_ t: Double) -> Double { min(1, 2 * upperTail(abs(t))) }

  /// The `t` with `cumulative(t) == p`; infinite at 0 and 1, NaN outside.
  ///
  /// Relative error below 1e-11 where |t| is below 1e150 (p above 1e-150 at one degree of freedom).
  ///
  /// The logit of x = nu / (nu + t^2) is log(nu / t^2), so t follows from the inverse beta function
  /// without forming 1 - x. Both tails of the inverse's target, 2q and 1 - 2q, are exact.
  public func quantile(_ p: Double) -> Double {
    guard p >= 0, p <= 1, degreesOfFreedom > 0 else { return .nan }
    if p == 0.5 { return 0 }
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    let tail = min(p, 1 - p)
    let logit = IncompleteBeta.inverseLogit(
      lower: 2 * tail, upper: 1 - 2 * tail, a: degreesOfFreedom / 2, b: 0.5)
    let t = exp((log(degreesOfFreedom) - logit) / 2)
    return p < 0.5 ? -t : t
  }
}
