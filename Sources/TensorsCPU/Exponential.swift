/// Replaces every value by its exponential.
///
/// It is a plain loop over one pointer, which the compiler vectorises. With `SIMD8` values the
/// compiler leaves a part of so long a formula scalar.
@inline(never)
func exponentiate(_ values: UnsafeMutablePointer<Float>, count: Int) {
  for i in 0..<count { values[i] = exponential(values[i]) }
}

/// e^x within 2 ulp; 0 for -∞, ∞ for ∞ and above 88.73, NaN for NaN; results below 2⁻¹²⁶ are
/// denormal.
///
/// x = n ln 2 + r with |r| <= 0.347, so e^x = 2^n e^r. ln 2 is the sum of two floats with 48 bits
/// together. A fused product subtracts each with one rounding, of at most 2⁻²⁶ because |r| < 0.5.
/// e^r is its Taylor polynomial of degree 7; the remainder is r⁸/8! < 5.2e-9 = 0.09 u with u =
/// 2⁻²⁴. Relative to e^r in [0.707, 1.414] the reduction adds at most 2 · 0.25 u, the inner Horner
/// steps 0.35 · 0.6 u below r = 0 and 0.35 · 1.2 u above, the last step half an ulp. Below r = 0
/// (ulp = u) that makes (0.5 + 0.5 + 0.21 + 0.09) u = 1.3 ulp; above (ulp = 2u) (1 + 0.71 + 0.42 +
/// 0.13) u < 1.2 ulp. A denormal result is rounded once more, by half an ulp. Over all floats the
/// largest error is 0.94 ulp, at 26.688921.
@inline(__always)
func exponential(_ x: Float) -> Float {
  // Outside these limits e^x rounds to 0 or to ∞. Comparisons with NaN are false, so NaN stays.
  let below = x > 89 ? 89 : x
  let y = below < -104 ? -104 : below
  // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
  let shift: Float = 0x1.8p23
  let shifted = shift.addingProduct(y, 0x1.715476p0)
  let n = shifted - shift
  let r = y.addingProduct(n, -0x1.62e430p-1).addingProduct(n, 0x1.05c610p-29)
  var p = (1 / 720 as Float).addingProduct(r, 1 / 5040)
  p = (1 / 120 as Float).addingProduct(r, p)
  p = (1 / 24 as Float).addingProduct(r, p)
  p = (1 / 6 as Float).addingProduct(r, p)
  p = (0.5 as Float).addingProduct(r, p)
  p = (1 as Float).addingProduct(r, p)
  p = (1 as Float).addingProduct(r, p)
  // 2^n is two factors: n can be -150, for which 2^n is not a normal float.
  let exponent = Int32(bitPattern: shifted.bitPattern) &- Int32(bitPattern: shift.bitPattern)
  let half = exponent &>> 1
  return p * powerOfTwo(half) * powerOfTwo(exponent &- half)
}

@inline(__always)
private func powerOfTwo(_ exponent: Int32) -> Float {
  Float(bitPattern: UInt32(bitPattern: (exponent &+ 127) &<< 23))
}

/// The largest of `count` values, and Σ e^(value - largest); the exponentials are written to
/// `results`, which may be `values` itself.
func exponentials(
  _ values: UnsafePointer<Float>, count: Int, into results: UnsafeMutablePointer<Float>
) -> (largest: Float, sum: Float) {
  var most = Lanes(repeating: -.infinity)
  forEachLanes(count) { i, lanes in
    most = most.maximum(Lanes(values + i, count: lanes, padding: -.infinity))
  }
  let largest = most.largest
  forEachLanes(count) { i, lanes in
    (Lanes(values + i, count: lanes) - largest).store(results + i, count: lanes)
  }
  exponentiate(results, count: count)
  var sum = Lanes.zero
  forEachLanes(count) { i, lanes in sum += Lanes(results + i, count: lanes) }
  return (largest, sum.total)
}
