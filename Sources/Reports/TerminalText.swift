import Text

/// Text for a terminal: pure functions from values to strings, without output.
public enum TerminalText {
  /// The characters of a bar.
  public enum Glyphs: Hashable, Sendable {
    /// Block elements (U+2581 to U+258F).
    case unicode
    /// Printable ASCII only.
    case ascii
  }

  /// Text from a model on one line: hidden characters are escaped, line breaks and tabs are `\n`,
  /// `\r`, `\t`.
  ///
  /// - Parameter limit: the largest number of characters; a longer text ends in `...`.
  public static func line(_ text: String, limit: Int? = nil) -> String {
    let result = text.printable(limit: .max)
    guard let limit, result.count > limit else { return result }
    return limit <= 3 ? String(result.prefix(max(0, limit))) : result.prefix(limit - 3) + "..."
  }

  /// A bar of exactly `width` columns that is full at `fraction` 1.
  ///
  /// Fractions outside 0...1 are clamped; NaN is an empty bar. In Unicode the last cell fills by
  /// eighths; in ASCII the bar reads `[####----]`.
  public static func progressBar(
    _ fraction: Double, width: Int, glyphs: Glyphs = .unicode
  ) -> String {
    let fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    switch glyphs {
    case .unicode:
      guard width > 0 else { return "" }
      // Rounded down: a full bar means done.
      let eighths = Int((fraction * Double(width * 8)).rounded(.down))
      let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
      let filled = String(repeating: "█", count: eighths / 8) + partial
      return filled + String(repeating: " ", count: width - filled.count)
    case .ascii:
      guard width > 2 else { return String(repeating: "#", count: max(0, width)) }
      let filled = Int((fraction * Double(width - 2)).rounded(.down))
      return "[" + String(repeating: "#", count: filled)
        + String(repeating: "-", count: width - 2 - filled) + "]"
    }
  }
}
