internal import Foundation

extension Oracle {
  /// The correctly rounded sum: double has more than twice the digits of float, so that rounding
  /// its sum again gives the float nearest to the true sum (Figueroa 1995).
  public static func add(_ left: [Double], _ right: [Double]) -> Expected {
    Expected(exactly: (0..<left.count).map { Double(Float(left[$0] + right[$0])) })
  }

  /// y = silu(gate) · up on rows of (2F): F gates, then F values.
  ///
  /// Bound: 16u |y|, as the contract says, and the underflow of σ: below a gate of -88, e^-gate is
  /// infinite in float32 and σ, less than 2⁻¹²⁵, may be zero.
  public static func swiGLU(_ gateAndUp: [Double], width: Int) -> Expected {
    var output = Expected(count: gateAndUp.count / 2)
    for index in 0..<output.count {
      let start = index / width * 2 * width + index % width
      let (gate, up) = (gateAndUp[start], gateAndUp[start + width])
      let y = gate / (1 + exp(-gate)) * up
      output.set(
        index, y,
        within: 16 * unitRoundoff * abs(y) + 2 * underflow * abs(gate) * abs(up) + underflow)
    }
    return output
  }

  /// d gate = g · up · σ · h with h = 1 + gate (1 - σ); d up = g · gate · σ.
  ///
  /// Bounds. σ errs by the factor 14u: 8u of the exponential, u of the sum, 5u of the division.
  /// d up: two products more. 1 - σ errs by 14u σ when subtracted, 16u (1 - σ) when computed as
  /// e/(1 + e); h by |gate| times that, and by 2u; d gate by 18u of the whole for σ and the products
  /// besides. σ may underflow as in `swiGLU`.
  public static func swiGLUGradient(
    _ gateAndUp: [Double], outputGradient: [Double], width: Int
  ) -> Expected {
    let u = unitRoundoff
    var gradient = Expected(count: gateAndUp.count)
    for index in 0..<outputGradient.count {
      let start = index / width * 2 * width + index % width
      let (gate, up, g) = (gateAndUp[start], gateAndUp[start + width], outputGradient[index])
      let sigma = 1 / (1 + exp(-gate))
      let rest = 1 / (1 + exp(gate))
      let h = 1 + gate * rest
      gradient.set(
        start, g * up * sigma * h,
        within: abs(g * up) * sigma * u
          * (18 * abs(h) + abs(gate) * (14 * sigma + 16 * rest) + 2)
          + 2 * underflow * (1 + abs(g * up) * (1 + abs(gate))))
      gradient.set(
        start + width, g * gate * sigma,
        within: 18 * u * abs(g * gate) * sigma + 2 * underflow * (1 + abs(g * gate)))
    }
    return gradient
  }
}
