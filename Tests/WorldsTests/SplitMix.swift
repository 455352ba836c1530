import Worlds
import Random

/// A small generator for tests: SplitMix64 (Steele, Lea & Flood 2014).
struct SplitMix: WorldRandom {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}

/// `count` documents, the one at `index` from the generator with state `index`.
func documents(_ corpus: WorldCorpus, _ count: Int) -> [Document] {
  (0..<count).map { index in
    var random = SplitMix(state: UInt64(index))
    return corpus.document(using: &random)
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The share of `documents` for which `condition` holds.
func share(_ documents: [Document], _ condition: (Document) -> Bool) -> Double {
  Double(documents.count { condition($0) }) / Double(documents.count)
}
