import JSON

extension Table {
  /// The table as comma-separated values (RFC 4180), numbers unrounded.
  ///
  /// If groups have titles, they are in the first column, "group".
  public var csv: String {
    let titles = (hasGroupTitles ? ["group"] : []) + columns.map(\.title)
    return CommaSeparatedValues.text([titles] + records.map { $0.map(\.dataText) })
  }

  /// The table as JSON Lines: one object per row, with keys in the order of the columns.
  ///
  /// Numbers that are not finite are null, because JSON has no such numbers.
  public var jsonLines: String {
    let titles = (hasGroupTitles ? ["group"] : []) + columns.map(\.title)
    return records.map { record in
      let object = JSONObject(zip(titles, record).map { ($0, $1.jsonValue) })
      return JSONWriter.text(.object(object), nonFinite: .null, escapesHidden: true) + "\n"
    }.joined()
  }

  /// The table as one JSON object: `columns`, a list of names, and `rows`, a list of lists.
  ///
  /// Numbers that are not finite are null.
  public var columnarJSON: String {
    let titles = (hasGroupTitles ? ["group"] : []) + columns.map(\.title)
    func text(_ values: [JSONValue]) -> String {
      JSONWriter.text(.array(values), nonFinite: .null, escapesHidden: true)
    }
    let rows = records.map { text($0.map(\.jsonValue)) }
    return "{\"columns\":" + text(titles.map { .string($0) }) + ",\"rows\":["
      + rows.map { "\n" + $0 }.joined(separator: ",") + "]}"
  }

  /// The table as aligned text for a terminal, every cell on one line.
  public var plainText: String {
    let titles = columns.map { TerminalText.line($0.title) }
    let body = groups.map { group in
      group.rows.map { row in cells(of: row).map { TerminalText.line($0.cell.text) } }
    }
    let widths = columns.indices.map { index in
      ([titles[index]] + body.flatMap { $0.map { $0[index] } })
        .map(TerminalText.columns(of:)).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = columns.indices.map { index in
        let space = widths[index] - TerminalText.columns(of: cells[index])
        let before =
          switch columns[index].alignment {
          case .leading: 0
          case .center: space / 2
          case .trailing: space
          }
        return String(repeating: " ", count: before) + cells[index]
          + String(repeating: " ", count: space - before)
      }.joined(separator: "  ")
      return String(padded.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    var text = line(titles)
    for (group, rows) in zip(groups, body) {
      if let title = group.title { text += TerminalText.line(title) + "\n" }
      for row in rows { text += line(row) }
    }
    return text
  }

  private var records: [[Cell]] {
    groups.flatMap { group in
      group.rows.map { row in
        (hasGroupTitles ? [.text(group.title ?? "")] : []) + cells(of: row).map(\.cell)
      }
    }
  }
}

extension Table.Cell {
  fileprivate var dataText: String {
    value.map(NumberText.exact) ?? text
  }

  fileprivate var jsonValue: JSONValue {
    if let value {
      // A whole number has no fraction in the table and in the data.
      return value == value.rounded() && abs(value) < 1e15 ? .integer(Int(value)) : .number(value)
    }
    return text.isEmpty ? .null : .string(text)
  }
}
