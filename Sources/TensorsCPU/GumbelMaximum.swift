internal import Foundation
import Random
internal import Tensors

/// One row's Gumbel maximum: argmax_v logits_v / temperature - ln(-ln u_v)
/// (Gumbel 1954; Maddison et al. 2014, arXiv:1411.0030).
struct GumbelMaximum {
  let philox: Philox
  let position: UInt32
  let row: UInt32

  /// The maximum in double precision: u = (x + 0.5) · 2⁻²⁴ has 25 bits, so a float would round the
  /// largest u to 1, whose -ln(-ln u) is infinite.
  ///
  /// Two logarithms in double precision per token would take as long as the forward pass of a small
  /// model. So an approximation is computed for all tokens first. Only tokens within its error of
  /// the best token are computed exactly.
  func index(_ logits: UnsafePointer<Float>, _ count: Int, temperature: Float) -> Int {
    let padded = (count + 3) / 4 * 4
    return withScratch(2 * padded) { values in
      let words = UnsafeMutableRawPointer(values + padded)
        .bindMemory(to: UInt32.self, capacity: padded)
      for block in 0..<padded / 4 {
        let four = philox.words(
          (position, row, UInt32(truncatingIfNeeded: block), Philox.Purpose.sampling.rawValue))
        (words[4 * block], words[4 * block + 1]) = (four.0 >> 9, four.1 >> 9)
        (words[4 * block + 2], words[4 * block + 3]) = (four.2 >> 9, four.3 >> 9)
      }
      for v in 0..<count { values[v] = logits[v] / temperature + approximateGumbel(words[v]) }
      var largest = -Float.infinity
      for v in 0..<count where values[v] > largest { largest = values[v] }
      // The approximation is within 1e-5. The scaled logit is rounded twice, and it is below
      // |largest| + 20 for tokens that can be the maximum. Values that are not finite are computed
      // exactly.
      let threshold =
        largest.isFinite ? largest - (1e-3 + 1e-6 * abs(largest)) : -Float.infinity
      var best = (index: 0, value: -Double.infinity)
      for v in 0..<count where values[v] >= threshold {
        let u = (Double(words[v]) + 0.5) * 0x1p-23
        let value = Double(logits[v]) / Double(temperature) - log(-log(u))
        if value > best.value { best = (v, value) }
      }
      return best.index
    }
  }
}

/// -ln(-ln u) for u = (x + 0.5) · 2⁻²⁴, within 1e-5.
///
/// Above one half, where ln u is near 0, it is computed from 1 - u, which is an exact float there.
@inline(__always)
private func approximateGumbel(_ x: UInt32) -> Float {
  let whole = Float(Int32(bitPattern: x))
  let (u, rest) = ((whole + 0.5) * 0x1p-23, (0x1p23 - whole - 0.5) * 0x1p-23)
  let nearOne = twiceArctanh(rest / (2 - rest))
  let exponential = u > 0.5 ? nearOne : -approximateLogarithm(u)
  return -approximateLogarithm(exponential)
}

/// ln x of a normal x > 0: with x = 2^e m and 1 <= m < 2, e ln 2 + 2 artanh((m - 1) / (m + 1)).
@inline(__always)
private func approximateLogarithm(_ x: Float) -> Float {
  let bits = Int32(bitPattern: x.bitPattern)
  let exponent = Float((bits &>> 23) &- 127)
  let mantissa = Float(bitPattern: UInt32(bitPattern: (bits & 0x7f_ffff) | 0x3f80_0000))
  return exponent * 0.693147181 + twiceArctanh((mantissa - 1) / (mantissa + 1))
}

/// 2 artanh t = 2 (t + t³/3 + ... + t¹¹/11) for 0 <= t <= 1/3; the remainder is below 1.1e-7.
@inline(__always)
private func twiceArctanh(_ t: Float) -> Float {
  let square = t * t
  var sum = square * (2 / 11) + (2 / 9)
  sum = sum * square + (2 / 7)
  sum = sum * square + (2 / 5)
  sum = sum * square + (2 / 3)
  return (sum * square + 2) * t
}
