extension Table {
  /// The table as an element that scrolls horizontally on a narrow page.
  public var node: Node {
    .element(.div, [.class: "scroll", .tabindex: "0"], [table(withCaption: true)])
  }

  /// The table without its caption, for figures, which have their own caption.
  var bareNode: Node {
    .element(.div, [.class: "scroll", .tabindex: "0"], [table(withCaption: false)])
  }

  private func table(withCaption: Bool) -> Node {
    .element(
      .table, [:],
      (withCaption && !caption.isEmpty ? [.element(.caption, [:], [.text(caption)])] : [])
        + [.element(.thead, [:], [.element(.tr, [:], columns.map(heading))])]
        // A title without rows is omitted.
        + groups.filter { !$0.rows.isEmpty }.map(body))
  }

  private func heading(_ column: Column) -> Node {
    .element(
      .th, [.class: column.alignment.rawValue, .scope: "col"], [.text(column.title)])
  }

  private func body(_ group: Group) -> Node {
    let title = group.title.map { title in
      Node.element(
        .tr, [.class: "group"],
        [
          .element(
            .th, [.colspan: String(max(1, columns.count)), .scope: "rowgroup"], [.text(title)])
        ])
    }
    return .element(
      .tbody, [:],
      (title.map { [$0] } ?? [])
        + group.rows.map { row in
          .element(.tr, [:], cells(of: row).map { node($0.cell, in: $0.column) })
        })
  }

  private func node(_ cell: Cell, in column: Column) -> Node {
    // Short row names stay on one line. Long texts keep a readable width beside wide numbers.
    let length = column.alignment == .leading ? cell.text.count : 0
    let extent = length > 40 ? " long" : column.isHeader && length <= 28 ? " short" : ""
    var attributes: [AttributeName: String] = [.class: column.alignment.rawValue + extent]
    if column.isHeader { attributes[.scope] = "row" }
    if let note = cell.note { attributes[.title] = note }
    if let tint = cell.tint {
      attributes[.class] = "heat " + column.alignment.rawValue
      attributes[.style] = "--tint:" + NumberText.fixed(tint * 100, decimals: 0) + "%"
    }
    let text = cell.value == nil ? cell.text : typographic(cell.text)
    return .element(column.isHeader ? .th : .td, attributes, [.text(text)])
  }
}

/// A number's text with a true minus sign (U+2212), which is as wide as a digit.
func typographic(_ number: String) -> String {
  String(number.map { $0 == "-" ? "\u{2212}" : $0 })
}
