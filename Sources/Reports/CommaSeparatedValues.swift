import Text

/// Comma-separated values after RFC 4180, safe to open in a spreadsheet.
///
/// A spreadsheet reads a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a
/// formula, with or without quotes. Such a cell gets an apostrophe in front unless it is a plain
/// number. Hidden characters are escaped as in `visible(_:)`; JSON Lines have the text unchanged.
/// Source: OWASP, "CSV Injection".
public enum CommaSeparatedValues {
  /// Rows as text, each ended by CRLF.
  public static func text(_ rows: [[String]]) -> String {
    rows.map { row in row.map(field).joined(separator: ",") + "\r\n" }.joined()
  }

  /// One field, neutralised and quoted where needed.
  public static func field(_ text: String) -> String {
    var field = visible(text)
    if mayBeFormula(text) { field = "'" + field }
    // Semicolon and tab separate fields in some locales' spreadsheets.
    let needsQuotes =
      field.unicodeScalars.contains { ",;\"\n\t".unicodeScalars.contains($0) }
      || field.hasPrefix(" ") || field.hasSuffix(" ")
    guard needsQuotes else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  private static func mayBeFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    if ["\t", "\r", "\n"].contains(first) { return true }
    // Some programs drop spaces first, and read the full-width forms as the narrow ones.
    let signs: Set<Unicode.Scalar> = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]
    guard let start = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else {
      return false
    }
    return signs.contains(start) && !isPlainNumber(text)
  }

  /// Whether the text is a decimal number and nothing else: `-1.5e-3`, not `-1+2` and not `-inf`.
  private static func isPlainNumber(_ text: String) -> Bool {
    var rest = Substring(text)
    func dropDigits() -> Int {
      let digits = rest.utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
      rest = rest.dropFirst(digits)
      return digits
    }
    if rest.hasPrefix("-") || rest.hasPrefix("+") { rest = rest.dropFirst() }
    var digits = dropDigits()
    if rest.hasPrefix(".") {
      rest = rest.dropFirst()
      digits += dropDigits()
    }
    guard digits > 0 else { return false }
    if rest.hasPrefix("e") || rest.hasPrefix("E") {
      rest = rest.dropFirst()
      if rest.hasPrefix("-") || rest.hasPrefix("+") { rest = rest.dropFirst() }
      guard dropDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
