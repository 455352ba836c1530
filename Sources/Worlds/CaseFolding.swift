extension [UInt8] {
  /// Whether the bytes contain `part` when ASCII letters of both are folded to one case.
  package func contains(caseFolded part: [UInt8]) -> Bool {
    guard !part.isEmpty, count >= part.count else { return false }
    func folded(_ byte: UInt8) -> UInt8 {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
    return (0...count - part.count).contains { start in
      part.indices.allSatisfy { folded(self[start + $0]) == folded(part[$0]) }
    }
  }
}
