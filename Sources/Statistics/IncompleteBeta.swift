import Foundation

/// The regularised incomplete beta function I_x(a, b) and its inverse in x.
///
/// Relative error of the smaller of I and 1 - I: below 1e-11 for a and b up to 1e6, in the tails
/// down to 1e-300.
public enum IncompleteBeta {
  /// I_x(a, b), the probability that a beta(a, b) variable is at most `x`.
  ///
  /// NaN unless `a > 0`, `b > 0`, both finite, and `0 <= x <= 1`.
  public static func regularized(_ x: Double, a: Double, b: Double) -> Double {
    guard x >= 0, x <= 1 else { return .nan }
    return tails(x: x, complement: 1 - x, a: a, b: b).lower
  }

  /// The `x` with I_x(a, b) = `p`.
  ///
  /// NaN unless `a > 0`, `b > 0`, both finite, and `0 <= p <= 1`. 0 where x underflows.
  public static func inverse(_ p: Double, a: Double, b: Double) -> Double {
    guard p >= 0, p <= 1, isShape(a), isShape(b) else { return .nan }
    if p == 0 { return 0 }
    if p == 1 { return 1 }
    return 1 / (1 + exp(-inverseLogit(lower: p, upper: 1 - p, a: a, b: b)))
  }

  private static func isShape(_ value: Double) -> Bool { value > 0 && value.isFinite }

  /// I and 1 - I, the smaller of the two without cancellation.
  ///
  /// `complement` is 1 - x. It is a separate parameter because the caller often has it without
  /// rounding.
  static func tails(
    x: Double, complement: Double, a: Double, b: Double
  ) -> (lower: Double, upper: Double) {
    guard isShape(a), isShape(b) else { return (.nan, .nan) }
    if x <= 0 { return (0, 1) }
    if complement <= 0 { return (1, 0) }
    let front = exp(logFront(x: x, complement: complement, a: a, b: b))
    // The fraction converges fast left of the mean. Right of the mean the mirror image is used.
    if x <= (a + 1) / (a + b + 2) {
      let lower = min(1, front / continuedFraction(x, complement: complement, a: a, b: b))
      return (lower, 1 - lower)
    }
    let upper = min(1, front / continuedFraction(complement, complement: x, a: b, b: a))
    return (1 - upper, upper)
  }

  /// log(x^a (1-x)^b / B(a, b)).
  ///
  /// The three terms are up to 1e6 and their sum is a few units at the sizes of interest, so they
  /// are combined before rounding (Didonato and Morris, "Algorithm 708", ACM TOMS 18, 1992). With
  /// Stirling's series for each log-gamma, `lambda = a - (a + b) x`:
  ///
  ///     a log1p(-lambda / a) + b log1p(lambda / b) + log(ab / (2 pi (a + b))) / 2
  ///       + D(a + b) - D(a) - D(b)
  ///
  /// where D is the remainder of the series. If one shape is below 10, only the gammas of the other
  /// shape are large, and their difference is computed without cancellation.
  static func logFront(x: Double, complement: Double, a: Double, b: Double) -> Double {
    if a >= 10, b >= 10 {
      let lambda = a > b ? (a + b) * complement - b : a - (a + b) * x
      return a * logRatio(-lambda / a, direct: x * (a + b) / a)
        + b * logRatio(lambda / b, direct: complement * (a + b) / b)
        + 0.5 * log(a / (a + b) * b / (2 * .pi))
        + stirlingRemainder(a + b) - stirlingRemainder(a) - stirlingRemainder(b)
    }
    // log x from the complement where x is near 1, and the other way round.
    let logX = complement < 0.5 ? log1p(-complement) : log(x)
    let logComplement = x < 0.5 ? log1p(-x) : log(complement)
    let small = min(a, b)
    let large = max(a, b)
    return a * logX + b * logComplement - logGamma(small) + logGammaIncrease(large, by: small)
  }

  /// log(1 + e), with `direct` = 1 + e formed by a product where e is not small.
  private static func logRatio(_ e: Double, direct: Double) -> Double {
    abs(e) < 0.5 ? log1p(e) : log(direct)
  }

  /// log(Gamma(a + b) / Gamma(a)) without cancellation for large `a`.
  private static func logGammaIncrease(_ a: Double, by b: Double) -> Double {
    guard a >= 10 else { return logGamma(a + b) - logGamma(a) }
    return (a - 0.5) * log1p(b / a) + b * (log(a + b) - 1)
      + stirlingRemainder(a + b) - stirlingRemainder(a)
  }

  /// log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) for x >= 10.
  ///
  /// Seven terms of Stirling's series, B_2k / (2k (2k - 1) x^(2k - 1)); the first omitted term is
  /// below 3e-17 at 10.
  private static func stirlingRemainder(_ x: Double) -> Double {
    let r = 1 / (x * x)
    let inner = 1.0 / 1188 + r * (-691.0 / 360360 + r / 156)
    return (1.0 / 12 + r * (-1.0 / 360 + r * (1.0 / 1260 + r * (-1.0 / 1680 + r * inner)))) / x
  }

  /// The continued fraction F with I_x = x^a (1-x)^b / (B(a, b) F), by Lentz's method as modified by
  /// Thompson and Barnett (J. Comput. Phys. 64, 1986).
  ///
  /// The form of Didonato and Morris, every second convergent of Abramowitz and Stegun 26.5.8. The
  /// classical form takes differences of numbers near 1 for large `a`; here x near 1 enters through
  /// `a * complement - b * x` only, and left of (a + 1) / (a + b + 2) every partial denominator is
  /// above 0. It takes about sqrt(max(a, b)) steps, hence the limit.
  private static func continuedFraction(
    _ x: Double, complement: Double, a: Double, b: Double
  ) -> Double {
    let lambda = a * complement - b * x
    func denominator(_ m: Double) -> Double {
      let first = m == 0 ? 0 : m + m * (b - m) * x / (a + 2 * m - 1)
      return first + (a + m) * (lambda + 1 + m * (1 + complement)) / (a + 2 * m + 1)
    }
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var fraction = guarded(denominator(0))
    var c = fraction
    var d = 0.0
    let limit = 1000 + 20 * max(a, b).squareRoot()
    var m = 1.0
    while m <= limit {
      let root = a + 2 * m - 1
      let numerator =
        (a + m - 1) / root * ((a + b + m - 1) / root) * (m * (b - m) * x * x)
      let next = denominator(m)
      d = 1 / guarded(next + numerator * d)
      c = guarded(next + numerator / c)
      let factor = d * c
      fraction *= factor
      if abs(factor - 1) < 2e-16 { break }
      m += 1
    }
    return fraction
  }

  /// The logit of the x with I_x = `lower` and 1 - I_x = `upper`, clamped to -745...745.
  ///
  /// On the logit u = log(x / (1 - x)) the derivative of I is x^a (1-x)^b / B(a, b), the factor that
  /// I itself is computed from. Newton's iteration on the logarithm of the smaller tail, which is
  /// concave in u (a beta variable's logit has a log-concave density), kept inside a bracket that
  /// halves whenever a step would leave it.
  static func inverseLogit(lower: Double, upper: Double, a: Double, b: Double) -> Double {
    let fromLower = lower <= upper
    let target = log(fromLower ? lower : upper)
    var left = -745.0
    var right = 745.0
    var u = log(a / b)
    for _ in 0..<200 {
      let x = 1 / (1 + exp(-u))
      let complement = 1 / (1 + exp(u))
      let both = tails(x: x, complement: complement, a: a, b: b)
      let tail = fromLower ? both.lower : both.upper
      let excess = log(tail) - target
      if (excess > 0) == fromLower { right = u } else { left = u }
      let slope = exp(logFront(x: x, complement: complement, a: a, b: b)) / tail
      var next = fromLower ? u - excess / slope : u + excess / slope
      if !(next > left && next < right) { next = (left + right) / 2 }
      let step = abs(next - u)
      u = next
      if step <= 1e-15 * max(1, abs(u)) { break }
    }
    return u
  }
}

/// log Gamma(x) for x > 0; the C library's error is a few ulp of max(1, result).
private func logGamma(_ x: Double) -> Double { lgamma(x).0 }
