/// The width of text on a terminal, and text that fits a width.
///
/// Widths follow Unicode Standard Annex 11: a character of East Asian width W or F, or shown as an
/// emoji, takes two columns; a combining mark takes none. Terminals differ for rare characters.
/// Then a line may be cut one column early or late.
extension TerminalText {
  /// Columns that a text takes on one line.
  public static func columns(of text: String) -> Int {
    if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  private static func width(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    // U+FE0F selects the emoji of a character that also has a narrow form.
    if scalars.contains(where: { $0.value == 0xfe0f }) { return 2 }
    return scalars.map(width(of:)).max() ?? 0
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    return scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) }
      ? 2 : 1
  }

  /// The blocks whose characters are wide.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97c,
    0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60,
    0xffe0...0xffe6, 0x1b000...0x1b2ff, 0x1f200...0x1f2ff, 0x20000...0x3fffd,
  ]

  /// The longest prefix of a text that fits. A character of two columns is never split.
  public static func fitting(_ text: String, columns limit: Int) -> String {
    var used = 0
    var result = ""
    for character in text {
      used += width(of: character)
      guard used <= limit else { break }
      result.append(character)
    }
    return result
  }

  /// A status line: a head, and as many parts after it as fit.
  ///
  /// The heads have the same meaning, from long to short. The first head that leaves enough width
  /// for the first part is used. If there is none, the first head that fits alone is used, or else
  /// the last head, cut to the width. Parts are omitted from the right and never cut.
  public static func statusLine(heads: [String], parts: [String], columns limit: Int) -> String {
    let separator = "  "
    let first = parts.first.map { columns(of: separator + $0) } ?? 0
    guard
      var line = heads.first(where: { columns(of: $0) + first <= limit })
        ?? heads.first(where: { columns(of: $0) <= limit })
    else { return fitting(heads.last ?? "", columns: limit) }
    for part in parts {
      guard columns(of: line + separator + part) <= limit else { break }
      line += separator + part
    }
    return line
  }

  /// A text broken at spaces into lines that fit. A word that is longer than a line has its own
  /// line.
  public static func wrapped(_ text: String, columns limit: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { paragraph in
      var lines = [""]
      for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
        let line = lines[lines.count - 1]
        let longer = line.isEmpty ? String(word) : line + " " + word
        if line.isEmpty || columns(of: longer) <= limit {
          lines[lines.count - 1] = longer
        } else {
          lines.append(String(word))
        }
      }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n")
  }
}

extension Table {
  /// The table as aligned text if its lines fit. Otherwise every cell with text is a line, below
  /// the first cell of its row.
  public func plainText(columns limit: Int) -> String {
    let text = plainText
    let widest = text.split(separator: "\n").map { TerminalText.columns(of: String($0)) }.max() ?? 0
    guard widest > limit else { return text }
    return groups.map { group in
      (group.title.map { TerminalText.line($0) + "\n" } ?? "")
        + group.rows.map { row in
          let cells = cells(of: row)
          let title = cells.prefix { $0.column.isHeader }.map(\.cell.text).joined(separator: ", ")
          return TerminalText.wrapped(TerminalText.line(title), columns: limit) + "\n"
            + cells.filter { !$0.column.isHeader && !$0.cell.text.isEmpty }.map {
              "  "
                + TerminalText.line("\($0.column.title): \($0.cell.text)") + "\n"
            }.joined()
        }.joined()
    }.joined()
  }
}
