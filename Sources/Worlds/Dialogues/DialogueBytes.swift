import Text

/// Byte operations on UTF-8 text, for reading and cutting dialogues.
package enum DialogueBytes {
  /// The first place of a part at or after `start`.
  package static func firstIndex(of part: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
    guard let first = part.first else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      part.withUnsafeBufferPointer { part in
        var place = start
        while place + part.count <= bytes.count {
          if bytes[place] == first {
            var length = 1
            while length < part.count && bytes[place + length] == part[length] { length += 1 }
            if length == part.count { return place }
          }
          place += 1
        }
        return nil
      }
    }
  }

  /// Whether `part` occurs in `bytes`.
  package static func contains(_ part: [UInt8], in bytes: [UInt8]) -> Bool {
    firstIndex(of: part, in: bytes) != nil
  }

  /// The longest prefix of at most `limit` bytes that does not split a code point.
  package static func prefix(_ bytes: [UInt8], _ limit: Int) -> ArraySlice<UInt8> {
    guard bytes.count > limit else { return bytes[...] }
    var end = max(0, limit)
    // Continuation bytes are 10xxxxxx (RFC 3629).
    while end > 0 && bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return bytes[..<end]
  }

  /// Whether a byte is ASCII white space.
  package static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  /// The bytes without ASCII white space at the ends.
  package static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return bytes
  }

  /// Text in the form for comparing prompts: lower-case ASCII letters, white space as single
  /// blanks.
  package static func normalized(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var gap = false
    for byte in bytes {
      if isSpace(byte) {
        gap = !result.isEmpty
        continue
      }
      if gap { result.append(0x20) }
      gap = false
      result.append((0x41...0x5A).contains(byte) ? byte + 0x20 : byte)
    }
    return result
  }
}
