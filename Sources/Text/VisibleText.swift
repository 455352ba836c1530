/// Writes as escapes all characters that can act on a screen instead of being visible on it.
///
/// Text from a model can contain terminal escapes, bidirectional overrides or invisible tags that
/// make a line look like another text. Controls other than newline and tab become `\xhh`;
/// bidirectional and other format characters, default-ignorable characters, line and paragraph
/// separators, noncharacters and the replacement character (the mark of invalid UTF-8) become
/// `\u{h}`. All other characters, including the backslash, do not change, so a second application
/// of the function changes nothing.
///
/// Source: Unicode UTR 36, section 3; CWE-150 (escape sequences), CVE-2021-42574 (bidirectional
/// text).
public func visible(_ text: String) -> String {
  if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x0a || $0 == 0x09 }) {
    return text
  }
  var result = ""
  result.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    if isHidden(scalar) {
      result += escaped(scalar.value)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Decodes UTF-8 and writes the same escapes as `visible(_: String)`, and each invalid byte as
/// `\xhh`.
///
/// Decoding into a `String` first would turn every invalid sequence into the same U+FFFD.
public func visible(bytes: some Sequence<UInt8>) -> String {
  var result = ""
  var parser = Unicode.UTF8.ForwardParser()
  // The parser may read past an invalid sequence, so the bytes of the sequence are taken from this
  // copy.
  let copy = Array(bytes)
  var offset = 0
  var iterator = copy.makeIterator()
  while true {
    switch parser.parseScalar(from: &iterator) {
    case .valid(let encoded):
      result += visible(String(Character(Unicode.UTF8.decode(encoded))))
      offset += encoded.count
    case .error(let length):
      for byte in copy[offset..<min(offset + length, copy.count)] {
        result += escaped(UInt32(byte))
      }
      offset += length
    case .emptyInput:
      return result
    }
  }
}

/// A part of a text, and whether it is an escape for a hidden character.
public struct VisibleSegment: Hashable, Sendable {
  public var text: String
  public var isEscape: Bool
}

/// The text of `visible(_:)` in parts, so that a page can distinguish the text `\x1b` of a model
/// from the escape of a hidden character.
public func visibleSegments(_ text: String) -> [VisibleSegment] {
  var segments: [VisibleSegment] = []
  for scalar in text.unicodeScalars {
    let hidden = isHidden(scalar)
    let piece = hidden ? escaped(scalar.value) : String(Character(scalar))
    if let last = segments.last, last.isEscape == hidden {
      segments[segments.count - 1].text += piece
    } else {
      segments.append(VisibleSegment(text: piece, isEscape: hidden))
    }
  }
  return segments
}

private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x20...0x7e, 0x09, 0x0a: return false
  case 0x00...0x1f, 0x7f...0x9f, 0xfffd: return true
  default: break
  }
  let properties = scalar.properties
  switch properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
    return true
  default:
    return properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
  }
}

private func escaped(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  guard value < 0x100 else { return "\\u{\(digits)}" }
  return "\\x" + (digits.count < 2 ? "0" : "") + digits
}
