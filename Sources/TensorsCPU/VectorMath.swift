/// Eight floats: one register of AVX, or two of NEON.
typealias Lanes = SIMD8<Float>

extension SIMD8<Float> {
  /// Eight floats from any address.
  @inline(__always)
  init(_ source: UnsafePointer<Float>) {
    self = UnsafeRawPointer(source).loadUnaligned(as: Self.self)
  }

  /// The first `count` of eight floats, 1 or more; the other lanes are `padding`.
  @inline(__always)
  init(_ source: UnsafePointer<Float>, count: Int, padding: Float = 0) {
    if count == 8 {
      self.init(source)
    } else if count >= 4 {
      self.init(
        lowHalf: UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Float>.self),
        highHalf: SIMD4(source + 4, below4: count - 4, padding: padding))
    } else {
      self.init(
        lowHalf: SIMD4(source, below4: count, padding: padding),
        highHalf: SIMD4(repeating: padding))
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
    } else if count >= 4 {
      UnsafeMutableRawPointer(destination).storeBytes(of: lowHalf, as: SIMD4<Float>.self)
      highHalf.store(destination + 4, below4: count - 4)
    } else {
      lowHalf.store(destination, below4: count)
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

  /// The sum of the lanes, as a tree of halves.
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

extension SIMD4<Float> {
  @inline(__always)
  fileprivate init(_ source: UnsafePointer<Float>, below4 count: Int, padding: Float) {
    self.init(
      count > 0 ? source[0] : padding, count > 1 ? source[1] : padding,
      count > 2 ? source[2] : padding, padding)
  }

  @inline(__always)
  fileprivate func store(_ destination: UnsafeMutablePointer<Float>, below4 count: Int) {
    if count > 0 { destination[0] = x }
    if count > 1 { destination[1] = y }
    if count > 2 { destination[2] = z }
  }
}

/// Calls `body(start, count)` for 0 ..< total in steps of eight; only the last count may be
/// smaller.
@inline(__always)
func forEachLanes(_ total: Int, _ body: (Int, Int) -> Void) {
  var start = 0
  while start + 8 <= total {
    body(start, 8)
    start += 8
  }
  if start < total { body(start, total - start) }
}

/// Transposes an 8 x 8 matrix.
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
