extension String {
  /// This text made safe for one line of a terminal, cut to `limit` characters with `…` after the
  /// cut.
  ///
  /// Text from files can contain terminal escapes that display an error message as another text.
  /// The rule is that of `visible(_:)`; line breaks and tabs become `\n`, `\r` and `\t` here.
  public func printable(limit: Int = 60) -> String {
    var text = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == limit { return text + "…" }
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text += visible(String(Character(scalar)))
      }
    }
    return text
  }

  /// This text in quotation marks, made safe for one line of a terminal.
  public var quoted: String { "\"\(printable(limit: 80))\"" }
}

/// A byte as an error message names it: `"a"` if it is printable ASCII, else `the byte 0x1B`.
public func byteName(_ byte: UInt8) -> String {
  (0x21..<0x7F).contains(byte)
    ? "\"\(Character(Unicode.Scalar(byte)))\""
    : "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
