/// A source of random whole numbers, for example for the draws of texts.
public protocol WorldRandom {
  /// A whole number in `0 ..< bound`, uniformly distributed; `bound` is at least 1.
  mutating func next(below bound: Int) -> Int
}

extension WorldRandom {
  /// One of the elements, uniformly distributed; `elements` is not empty.
  public mutating func element<Element>(of elements: [Element]) -> Element {
    elements[next(below: elements.count)]
  }

  /// True with probability `share`, to one part in 2²⁰.
  public mutating func happens(_ share: Double) -> Bool {
    let cells = 1 << 20
    return next(below: cells) < Int(share * Double(cells) + 0.5)
  }
}

/// The generator of lists that are the same in every run, such as the lists of evaluation.
///
/// SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"). The
/// lists depend on its bytes, so it must not change.
public struct FixedRandom: WorldRandom {
  private var state: UInt64

  public init(seed: UInt64) {
    state = seed
  }

  public mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    // The high word of a 64 × 64-bit product: its bias is below bound / 2⁶⁴.
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}

extension Philox.Stream: WorldRandom {}
