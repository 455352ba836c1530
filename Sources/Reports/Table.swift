/// A table as a value: columns, rows in groups, a caption.
public struct Table: Hashable, Sendable {
  /// The alignment of a column's text.
  public enum Alignment: String, Hashable, Sendable {
    case leading, center, trailing
  }

  /// A column: its title and its alignment.
  public struct Column: Hashable, Sendable {
    public var title: String
    public var alignment: Alignment
    /// Whether the column has the names of rows. Screen readers read it as their header.
    public var isHeader: Bool

    public init(_ title: String, _ alignment: Alignment = .leading, isHeader: Bool = false) {
      self.title = title
      self.alignment = alignment
      self.isHeader = isHeader
    }

    /// A column of numbers, aligned to the right.
    public static func number(_ title: String) -> Column {
      Column(title, .trailing)
    }
  }

  /// A cell: its text, and its exact number.
  public struct Cell: Hashable, Sendable {
    /// The text on the page and the terminal.
    public var text: String
    /// The unrounded number in data files.
    public var value: Double?
    /// The strength of the cell's tint, 0 to 1.
    public var tint: Double?
    /// The tooltip of the cell.
    public var note: String?

    public init(text: String, value: Double? = nil, tint: Double? = nil, note: String? = nil) {
      self.text = text
      self.value = value
      self.tint = tint
      self.note = note
    }

    /// A text.
    public static func text(_ text: String) -> Cell {
      Cell(text: text)
    }

    /// A number, written in its style and stored exactly.
    public static func number(_ value: Double, _ style: NumberStyle = .significant(3)) -> Cell {
      Cell(text: style.text(value), value: value)
    }

    /// A rate with its interval and number of trials. Data files have the rate alone.
    public static func rate(
      _ estimate: Double, lower: Double? = nil, upper: Double? = nil, count: Int? = nil
    ) -> Cell {
      Cell(
        text: NumberText.rate(estimate, lower: lower, upper: upper, count: count),
        value: estimate)
    }

    /// A number whose position in `range` sets the cell's tint. A number that is not finite has no
    /// tint.
    public static func heat(
      _ value: Double, in range: ClosedRange<Double> = 0...1, _ style: NumberStyle = .fixed(2),
      note: String? = nil
    ) -> Cell {
      let width = range.upperBound - range.lowerBound
      let place = width > 0 ? (value - range.lowerBound) / width : 0
      return Cell(
        text: style.text(value), value: value,
        tint: place.isFinite ? min(max(place, 0), 1) : nil, note: note)
    }

    /// No value.
    public static let missing = Cell(text: "")
  }

  /// A group of rows under a title.
  public struct Group: Hashable, Sendable {
    public var title: String?
    public var rows: [[Cell]]

    public init(title: String? = nil, rows: [[Cell]]) {
      self.title = title
      self.rows = rows
    }
  }

  /// The caption above the table.
  public var caption: String
  public var columns: [Column]
  public var groups: [Group]

  public init(caption: String, columns: [Column], groups: [Group]) {
    self.caption = caption
    self.columns = columns
    self.groups = groups
  }

  /// A table of one group.
  public init(caption: String, columns: [Column], rows: [[Cell]]) {
    self.init(caption: caption, columns: columns, groups: [Group(rows: rows)])
  }

  /// The cells of a row, one per column: missing cells are empty, extra cells are omitted.
  func cells(of row: [Cell]) -> [(column: Column, cell: Cell)] {
    columns.enumerated().map { index, column in
      (column, index < row.count ? row[index] : .missing)
    }
  }

  /// Whether a group has a title. Then the first column of data files has the titles.
  var hasGroupTitles: Bool {
    groups.contains { $0.title != nil }
  }
}
