import Foundation

/// A number in double precision, and how far from it a float32 evaluation may end.
///
/// A running error analysis (Wilkinson 1963; Higham, Accuracy and Stability of Numerical Algorithms,
/// 3.3) that ignores the order of sums: every operation hands on the errors of its operands and adds
/// its own roundings of u = 2⁻²⁴ each. Functions are taken at the ceilings of the OpenCL C 3.0
/// specification, 7.4, one unit in the last place being at most 2u of the value. Results below 2⁻¹²⁶
/// may be flushed to zero.
struct BoundedNumber {
  static let unitRoundoff = 0x1p-24
  static let underflow = 0x1p-126

  /// An element that the contract leaves open.
  static let open = BoundedNumber(.nan, error: .infinity)

  var value: Double
  /// 0 demands the value itself.
  var error: Double

  init(_ value: Double, error: Double = 0) {
    self.value = value
    self.error = error
  }

  /// A value within a number of roundings of itself.
  init(_ value: Double, roundings: Double) {
    self.init(value, error: roundings * Self.unitRoundoff * abs(value) + Self.underflow)
  }

  private init(_ value: Double, inherited: Double, roundings: Double) {
    self.init(
      value,
      error: inherited + roundings * Self.unitRoundoff * (abs(value) + inherited) + Self.underflow)
  }

  /// The largest magnitude that the evaluation can have.
  var magnitude: Double { abs(value) + error }

  static prefix func - (number: Self) -> Self { Self(-number.value, error: number.error) }

  static func + (left: Self, right: Self) -> Self {
    Self(left.value + right.value, inherited: left.error + right.error, roundings: 1)
  }

  static func - (left: Self, right: Self) -> Self { left + -right }

  static func * (left: Self, right: Self) -> Self {
    Self(
      left.value * right.value,
      inherited: abs(left.value) * right.error + left.error * right.magnitude, roundings: 1)
  }

  static func / (left: Self, right: Self) -> Self {
    let quotient = left.value / right.value
    let least = abs(right.value) - right.error
    return Self(
      quotient,
      inherited: least > 0 ? (left.error + abs(quotient) * right.error) / least : .infinity,
      roundings: 5)
  }

  /// 3 ulp, 4 allowed so that exp2 of a scaled argument passes too.
  static func exponential(_ x: Self) -> Self {
    let value = exp(x.value)
    return Self(value, inherited: value * expm1(x.error), roundings: 8)
  }

  /// 3 ulp, and one rounding of a change of base.
  static func logarithm(_ x: Self) -> Self {
    let least = x.value - x.error
    return Self(
      log(x.value), inherited: least > 0 ? x.error / least : .infinity, roundings: 8)
  }

  /// 3 ulp.
  static func squareRoot(_ x: Self) -> Self {
    let value = x.value.squareRoot()
    return Self(
      value, inherited: value - max(0, x.value - x.error).squareRoot(), roundings: 6)
  }

  /// A sum of n terms in any order: (n + 8) u Σ|terms| beside their own errors.
  static func sum(_ terms: [Self]) -> Self {
    var (value, inherited, magnitude) = (0.0, 0.0, 0.0)
    for term in terms {
      value += term.value
      inherited += term.error
      magnitude += term.magnitude
    }
    return Self(
      value, error: inherited + Double(terms.count + 8) * unitRoundoff * magnitude + underflow)
  }

  /// Σ left · right of exact numbers, by products that are fused or not.
  static func dot(_ left: some Collection<Double>, _ right: some Collection<Double>) -> Self {
    var (value, magnitude) = (0.0, 0.0)
    for (a, b) in zip(left, right) {
      value += a * b
      magnitude += abs(a * b)
    }
    return Self(
      value,
      error: Double(left.count + 8) * unitRoundoff * magnitude + Double(left.count) * underflow)
  }

  /// The weights e^(x - m) of a softmax with their sum and m, the largest x.
  ///
  /// m cancels from every ratio, so it counts as exact. A weight taken in one pass is a product of
  /// exponentials: one more for each rise of the running maximum, and four are allowed for parts
  /// that are reduced side by side and merged.
  static func softmaxWeights(_ scores: [Self]) -> (weights: [Self], total: Self, maximum: Double) {
    var (rises, maximum) = (0, -Double.infinity)
    for score in scores where score.value > maximum {
      maximum = score.value
      rises += 1
    }
    let factor = Double(rises + 4) * 10 * unitRoundoff
    let weights = scores.map { score in
      var weight = exponential(score - Self(maximum))
      weight.error += factor * weight.value
      return weight
    }
    return (weights, sum(weights), maximum)
  }

  /// m + log Σ of weights; forming it in either base costs 4u of m and of the result.
  static func logSumExp(maximum: Double, total: Self) -> Self {
    var result = Self(maximum) + logarithm(total)
    result.error += 4 * unitRoundoff * (abs(maximum) + abs(result.value))
    return result
  }
}
