/// The random numbers that the world draws from.
///
/// A document is a pure function of the numbers it draws, so a counter-based generator keyed by
/// (seed, purpose, index) makes it a pure function of those three.
public protocol WorldRandom {
  /// A whole number in `0 ..< bound`, every one as likely; `bound` is at least 1.
  mutating func next(below bound: Int) -> Int
}

extension WorldRandom {
  package mutating func element<Element>(of elements: [Element]) -> Element {
    elements[next(below: elements.count)]
  }

  /// True with probability `share`, to one part in 2²⁰.
  package mutating func happens(_ share: Double) -> Bool {
    let cells = 1 << 20
    return next(below: cells) < Int(share * Double(cells) + 0.5)
  }
}

/// The generator behind everything that is the same in every run: the table of tags and the
/// evaluation lists.
///
/// SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"). It is
/// written out here because these lists belong to the world's revision: no other generator may
/// change them.
struct FixedRandom: WorldRandom {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    // The high word of a 64 × 64-bit product: its bias is below bound / 2⁶⁴.
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}
