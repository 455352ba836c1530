extension String {
  /// This text made fit for one line of a terminal: control characters and bidirectional marks as
  /// escapes, cut to `limit` characters.
  ///
  /// Text from files can carry terminal escapes that repaint an error message as something else.
  public func printable(limit: Int = 60) -> String {
    var text = ""
    var count = 0
    for scalar in unicodeScalars {
      if count == limit { return text + "…" }
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.isUnprintable {
          text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
      count += 1
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Control characters, line separators, and what changes the direction of the text after it.
  fileprivate var isUnprintable: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
  }
}
