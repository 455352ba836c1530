/// The two forms of a number in JSON's grammar: `-?(0|[1-9][0-9]*)`, and with a fraction or
/// exponent.
public enum NumberForm: Sendable {
  case integer
  case decimal

  /// Nil where the text is no number of JSON: `012`, `+1`, `.5`, `1_000`, `0x1F`, `NaN`.
  public init?(_ text: String) {
    var rest = text.utf8[...]
    func digits() -> Int {
      let count = rest.prefix(while: \.isDigit).count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let leadingZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !leadingZero || whole == 1 else { return nil }
    if rest.isEmpty {
      self = .integer
      return
    }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return nil }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard digits() > 0 else { return nil }
    }
    guard rest.isEmpty else { return nil }
    self = .decimal
  }
}
