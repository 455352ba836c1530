/// A chart of estimates with their intervals, one row each, in groups: rates, or half-lives, which
/// may be censored.
public struct DotIntervalChart: Chart, Hashable {
  /// The knowledge of a value.
  public enum Mark: Hashable, Sendable {
    /// An estimate, with its interval if it has one: a dot on a bar.
    case estimate(Double, lower: Double?, upper: Double?)
    /// Between two values (interval-censored): a bar with ends and no dot.
    case between(Double, Double)
    /// Above a value (right-censored): a hollow dot and an arrow to the right.
    case atLeast(Double)
    /// At most a value (left-censored): a hollow dot and an arrow to the left.
    case atMost(Double)
    /// Not measured.
    case missing
  }

  /// A row: its name, its mark, and the single runs behind it.
  public struct Row: Hashable, Sendable {
    public var label: String
    public var mark: Mark
    /// Single runs, drawn small and faint under the mark.
    public var replicates: [Mark]
    /// The index of the palette's colour and mark.
    public var style: Int
    /// The text at the right, or nil for the value.
    public var note: String?

    public init(
      _ label: String, _ mark: Mark, replicates: [Mark] = [], style: Int = 0, note: String? = nil
    ) {
      self.label = label
      self.mark = mark
      self.replicates = replicates
      self.style = style
      self.note = note
    }
  }

  /// Rows under a common title. An empty title takes no space.
  public struct Group: Hashable, Sendable {
    public var title: String
    public var rows: [Row]

    public init(_ title: String, rows: [Row]) {
      self.title = title
      self.rows = rows
    }
  }

  public var title: String
  public var summary: String
  public var axis: Axis
  public var groups: [Group]
  /// Reference values, drawn as vertical lines.
  public var references: [LineChart.Reference]
  /// The meanings of the rows' styles, in their order; empty if the rows' labels are enough.
  public var styleLabels: [String]
  /// The width in pixels. The height depends on the rows.
  public var width: Double

  public init(
    title: String, summary: String, axis: Axis, groups: [Group],
    references: [LineChart.Reference] = [], styleLabels: [String] = [], width: Double = 720
  ) {
    self.title = title
    self.summary = summary
    self.axis = axis
    self.groups = groups
    self.references = references
    self.styleLabels = styleLabels
    self.width = width
  }

  /// The estimate and bounds of every row, without single runs.
  public var table: Table {
    Table(
      caption: title,
      columns: [
        Table.Column("", isHeader: true), .number(axis.title), .number("Lower bound"),
        .number("Upper bound"),
      ],
      groups: groups.map { group in
        Table.Group(
          title: group.title.isEmpty ? nil : group.title,
          rows: group.rows.map { row in
            let (estimate, lower, upper) = row.mark.numbers
            return [.text(row.label)]
              + [estimate, lower, upper].map { value in
                value.map { Table.Cell(text: text($0), value: $0) } ?? .missing
              }
          })
      })
  }

  /// A value in the axis's number style, with one more decimal.
  func text(_ value: Double) -> String {
    switch axis.style {
    case .percent(let decimals): return NumberText.percent(value, decimals: decimals + 1)
    case nil where value.magnitude >= 100:
      return NumberStyle.integer.text(value)
    case nil: return NumberText.significant(value)
    case let style?: return style.text(value)
    }
  }

  /// A bound in the number style of ticks, because bounds are observed doses.
  private func bound(_ value: Double) -> String {
    axis.style?.text(value) ?? (value.isFinite ? Ticks.plain(value) : NumberText.missing)
  }

  /// A mark as text: `97.3% [95.1, 98.6]`, `≥ 3,000`, `100 to 300`.
  func text(_ mark: Mark) -> String {
    switch mark {
    case .estimate(let value, let lower, let upper):
      guard let lower, let upper, lower.isFinite, upper.isFinite else { return text(value) }
      if case .percent(let decimals) = axis.style {
        return NumberText.rate(value, lower: lower, upper: upper, decimals: decimals + 1)
      }
      return "\(text(value)) [\(text(lower)), \(text(upper))]"
    case .between(let lower, let upper): return "\(bound(lower)) to \(bound(upper))"
    case .atLeast(let value): return "≥ \(bound(value))"
    case .atMost(let value): return "≤ \(bound(value))"
    case .missing: return NumberText.missing
    }
  }
}

extension DotIntervalChart.Mark {
  /// The estimate and the bounds, if the mark has them.
  var numbers: (estimate: Double?, lower: Double?, upper: Double?) {
    switch self {
    case .estimate(let value, let lower, let upper): return (value, lower, upper)
    case .between(let lower, let upper): return (nil, lower, upper)
    case .atLeast(let value): return (nil, value, nil)
    case .atMost(let value): return (nil, nil, value)
    case .missing: return (nil, nil, nil)
    }
  }

  /// All values that the axis must include.
  var extents: [Double] {
    let (estimate, lower, upper) = numbers
    return [estimate, lower, upper].compactMap { $0 }
  }
}
