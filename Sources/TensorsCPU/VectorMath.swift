/// Eight floats: one AVX register, or two of NEON.
typealias Lanes = SIMD8<Float>

extension SIMD8<Float> {
  /// Eight floats from any address.
  @inline(__always)
  init(_ source: UnsafePointer<Float>) {
    self = UnsafeRawPointer(source).loadUnaligned(as: Self.self)
  }

  /// The first `count` of eight floats; the other lanes hold `padding`.
  @inline(__always)
  init(_ source: UnsafePointer<Float>, count: Int, padding: Float = 0) {
    if count == 8 {
      self.init(source)
    } else {
      self.init(repeating: padding)
      for lane in 0..<count { self[lane] = source[lane] }
    }
  }

  @inline(__always)
  func store(_ destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: self, as: Self.self)
  }

  @inline(__always)
  func store(_ destination: UnsafeMutablePointer<Float>, count: Int) {
    if count == 8 {
      store(destination)
    } else {
      for lane in 0..<count { destination[lane] = self[lane] }
    }
  }

  /// self += left · right, rounded once.
  @inline(__always)
  mutating func accumulate(_ left: Self, _ right: Self) { addProduct(left, right) }

  /// self += left · right, rounded once.
  @inline(__always)
  mutating func accumulate(_ left: Self, _ right: Float) {
    addProduct(left, Self(repeating: right))
  }

  @inline(__always)
  func maximum(_ other: Self) -> Self { replacing(with: other, where: other .> self) }

  /// The sum of the lanes, by halves.
  @inline(__always)
  var total: Float {
    let four = lowHalf + highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }

  /// The largest lane.
  @inline(__always)
  var largest: Float {
    let four = lowHalf.replacing(with: highHalf, where: highHalf .> lowHalf)
    return Swift.max(Swift.max(four.x, four.y), Swift.max(four.z, four.w))
  }
}

/// Calls `body(start, count)` for 0 ..< total in steps of eight; only the last count may be less.
@inline(__always)
func forEachLanes(_ total: Int, _ body: (Int, Int) -> Void) {
  var start = 0
  while start + 8 <= total {
    body(start, 8)
    start += 8
  }
  if start < total { body(start, total - start) }
}

/// e^x in every lane, within 2 ulp; 0 for -∞, ∞ for ∞ and above 88.73, NaN for NaN; results below
/// 2⁻¹²⁶ are denormal as they should be.
///
/// x = n ln 2 + r with |r| <= 0.347, so e^x = 2^n e^r. ln 2 is two floats, 48 bits together, and a
/// fused product subtracts each with one rounding, of at most 2⁻²⁶ as r < 0.5. e^r is its Taylor
/// polynomial of degree 7; what is left out is r⁸/8! < 5.2e-9 = 0.09 · 2⁻²⁴.
/// In units of u = 2⁻²⁴, with e^r in [0.707, 1.414]: the reduction gives at most 2 · 0.25 u e^r, the
/// inner Horner steps 0.35 · 0.6 u below r = 0 and 0.35 · 1.2 u above, the last one half an ulp.
/// Below r = 0 (ulp = u) that makes (0.5 + 0.35 + 0.21 + 0.09) u < 1.2 ulp; above (ulp = 2u)
/// (1 + 0.71 + 0.42 + 0.13) u < 1.2 ulp. A denormal result is rounded once more, by half an ulp.
@inline(__always)
func exponential(_ x: Lanes) -> Lanes {
  // Beyond these e^x rounds to 0 and to ∞. Comparisons are false for NaN, which therefore stays.
  var y = x.replacing(with: 89, where: x .> 89)
  y.replace(with: -104, where: x .< -104)
  // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
  let shift = Lanes(repeating: 0x1.8p23)
  let shifted = shift.addingProduct(y, Lanes(repeating: 0x1.715476p0))
  let n = shifted - shift
  let r =
    y.addingProduct(n, Lanes(repeating: -0x1.62e430p-1))
    .addingProduct(n, Lanes(repeating: 0x1.05c610p-29))
  var p = Lanes(repeating: 1 / 720).addingProduct(r, Lanes(repeating: 1 / 5040))
  p = Lanes(repeating: 1 / 120).addingProduct(r, p)
  p = Lanes(repeating: 1 / 24).addingProduct(r, p)
  p = Lanes(repeating: 1 / 6).addingProduct(r, p)
  p = Lanes(repeating: 0.5).addingProduct(r, p)
  p = Lanes(repeating: 1).addingProduct(r, p)
  p = Lanes(repeating: 1).addingProduct(r, p)
  // 2^n in two factors: n reaches -150, where 2^n is no normal float.
  let exponent =
    unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(shift, to: SIMD8<Int32>.self)
  let half = exponent &>> 1
  return p * powerOfTwo(half) * powerOfTwo(exponent &- half)
}

@inline(__always)
private func powerOfTwo(_ exponent: SIMD8<Int32>) -> Lanes {
  unsafeBitCast((exponent &+ 127) &<< 23, to: Lanes.self)
}

/// The rows of an 8 x 8 matrix become its columns.
@inline(__always)
func transpose(
  _ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes, _ e: Lanes, _ f: Lanes, _ g: Lanes, _ h: Lanes
) -> (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes) {
  // In each half of four: interleave rows by pairs, then pairs by pairs; then exchange halves.
  let (ab0, ab1) = interleaved(a, b)
  let (cd0, cd1) = interleaved(c, d)
  let (ef0, ef1) = interleaved(e, f)
  let (gh0, gh1) = interleaved(g, h)
  let (r0, r1) = pairsInterleaved(ab0, cd0)
  let (r2, r3) = pairsInterleaved(ab1, cd1)
  let (s0, s1) = pairsInterleaved(ef0, gh0)
  let (s2, s3) = pairsInterleaved(ef1, gh1)
  return (
    Lanes(lowHalf: r0.lowHalf, highHalf: s0.lowHalf),
    Lanes(lowHalf: r1.lowHalf, highHalf: s1.lowHalf),
    Lanes(lowHalf: r2.lowHalf, highHalf: s2.lowHalf),
    Lanes(lowHalf: r3.lowHalf, highHalf: s3.lowHalf),
    Lanes(lowHalf: r0.highHalf, highHalf: s0.highHalf),
    Lanes(lowHalf: r1.highHalf, highHalf: s1.highHalf),
    Lanes(lowHalf: r2.highHalf, highHalf: s2.highHalf),
    Lanes(lowHalf: r3.highHalf, highHalf: s3.highHalf)
  )
}

@inline(__always)
private func interleaved(_ a: Lanes, _ b: Lanes) -> (Lanes, Lanes) {
  (
    Lanes(a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]),
    Lanes(a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7])
  )
}

@inline(__always)
private func pairsInterleaved(_ a: Lanes, _ b: Lanes) -> (Lanes, Lanes) {
  (
    Lanes(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]),
    Lanes(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7])
  )
}
