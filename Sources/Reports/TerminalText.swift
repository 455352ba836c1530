/// Text for a terminal: pure functions from values to strings, which print nothing themselves.
public enum TerminalText {
  /// Which characters a bar or a sparkline may use.
  public enum Glyphs: Hashable, Sendable {
    /// Block elements (U+2581 to U+258F).
    case unicode
    /// Printable ASCII only.
    case ascii
  }

  /// Text by a model on one line: hidden characters spelled out, newline as `\n`, tab as `\t`.
  ///
  /// - Parameter limit: the most characters to show; a longer text ends in `...`.
  public static func line(_ text: String, limit: Int? = nil) -> String {
    var result = ""
    for scalar in visible(text).unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    guard let limit, result.count > limit else { return result }
    return limit <= 3 ? String(result.prefix(max(0, limit))) : result.prefix(limit - 3) + "..."
  }

  /// A bar of exactly `width` columns that is full at `fraction` 1.
  ///
  /// Fractions outside 0...1 are clamped, one that is not a number is an empty bar. In Unicode the
  /// last cell fills by eighths; in ASCII the bar reads `[####----]`.
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

  /// One character per value, its height the value's place in `range` (by default the values' own).
  ///
  /// A value that is not finite is a space; values outside the range are clamped; equal values
  /// stand at half height.
  public static func sparkline(
    _ values: [Double], range: ClosedRange<Double>? = nil, glyphs: Glyphs = .unicode
  ) -> String {
    let levels = Array(glyphs == .unicode ? "▁▂▃▄▅▆▇█" : "_.-=+*#@")
    let finite = values.filter(\.isFinite)
    guard let low = range?.lowerBound ?? finite.min(), let high = range?.upperBound ?? finite.max()
    else { return String(repeating: " ", count: values.count) }
    return String(
      values.map { value in
        guard value.isFinite else { return " " }
        // Halves first: the difference of two finite numbers may overflow.
        let place = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5
        let level = Int((min(max(place, 0), 1) * Double(levels.count - 1)).rounded())
        return levels[level]
      })
  }
}
