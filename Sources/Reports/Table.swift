/// A table as a value: columns, rows in groups, a caption.
public struct Table: Hashable, Sendable {
  /// Where the text of a column stands.
  public enum Alignment: String, Hashable, Sendable {
    case leading, center, trailing
  }

  /// A column: its title and where its text stands.
  public struct Column: Hashable, Sendable {
    public var title: String
    public var alignment: Alignment
    /// Whether the column names its rows, and is read out as their header.
    public var isHeader: Bool

    public init(_ title: String, _ alignment: Alignment = .leading, isHeader: Bool = false) {
      self.title = title
      self.alignment = alignment
      self.isHeader = isHeader
    }

    /// A column of numbers, set to the right.
    public static func number(_ title: String) -> Column {
      Column(title, .trailing)
    }
  }

  /// A cell: what it shows, and the number behind it.
  public struct Cell: Hashable, Sendable {
    /// What the page and the terminal show.
    public var text: String
    /// The number that data files hold, unrounded.
    public var value: Double?
    /// How strongly the cell is tinted, 0 to 1.
    public var tint: Double?
    /// What is told of the cell where the pointer rests on it.
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

    /// A number, written by its style and held exactly.
    public static func number(_ value: Double, _ style: NumberStyle = .significant(3)) -> Cell {
      Cell(text: style.text(value), value: value)
    }

    /// A rate with its interval and number of trials; data files hold the rate alone.
    public static func rate(
      _ estimate: Double, lower: Double? = nil, upper: Double? = nil, count: Int? = nil
    ) -> Cell {
      Cell(
        text: NumberText.rate(estimate, lower: lower, upper: upper, count: count),
        value: estimate)
    }

    /// A number whose place in `range` tints the cell; one that is not finite stays untinted.
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

  /// Rows that belong together, under a title of their own.
  public struct Group: Hashable, Sendable {
    public var title: String?
    public var rows: [[Cell]]

    public init(title: String? = nil, rows: [[Cell]]) {
      self.title = title
      self.rows = rows
    }
  }

  /// What the table shows, above it.
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

  /// The cells of a row, one per column: missing ones are empty, ones too many are left out.
  func cells(of row: [Cell]) -> [(column: Column, cell: Cell)] {
    columns.enumerated().map { index, column in
      (column, index < row.count ? row[index] : .missing)
    }
  }

  /// Whether any group has a title, which data files then carry as their first column.
  var hasGroupTitles: Bool {
    groups.contains { $0.title != nil }
  }
}
