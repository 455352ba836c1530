/// A line chart: measured values against a varied quantity, by series.
public struct LineChart: Chart, Hashable {
  /// A measurement: its x, its y, and the bounds of y.
  public struct Point: Hashable, Sendable {
    public var x: Double
    public var y: Double
    public var lower: Double?
    public var upper: Double?

    public init(x: Double, y: Double, lower: Double? = nil, upper: Double? = nil) {
      self.x = x
      self.y = y
      self.lower = lower
      self.upper = upper
    }
  }

  /// The drawing of bounds.
  public enum Uncertainty: Hashable, Sendable {
    /// A band around the line.
    case band
    /// A bar at each point.
    case bars
    /// Bounds are not drawn.
    case none
  }

  /// A line with its bounds and the single runs it summarises.
  ///
  /// A point whose y is not finite is a gap.
  public struct Series: Hashable, Sendable {
    public var label: String
    /// The points in the order in which the line joins them.
    public var points: [Point]
    /// Single runs, drawn as thin lines behind.
    public var replicates: [[Point]]
    public var uncertainty: Uncertainty
    public var showsMarkers: Bool
    /// The index of the palette's colour and mark, or nil for the index of the series in the chart.
    public var style: Int?

    public init(
      _ label: String, points: [Point], replicates: [[Point]] = [],
      uncertainty: Uncertainty = .band, showsMarkers: Bool = true, style: Int? = nil
    ) {
      self.label = label
      self.points = points
      self.replicates = replicates
      self.uncertainty = uncertainty
      self.showsMarkers = showsMarkers
      self.style = style
    }
  }

  /// A line across the chart at a reference value.
  public struct Reference: Hashable, Sendable {
    /// The axis of the value.
    public enum Direction: Hashable, Sendable {
      /// A value of x: the line is vertical.
      case x
      /// A value of y: the line is horizontal.
      case y
    }

    public var direction: Direction
    public var value: Double
    public var label: String

    /// A vertical line.
    public static func x(_ value: Double, _ label: String) -> Reference {
      Reference(direction: .x, value: value, label: label)
    }

    /// A horizontal line.
    public static func y(_ value: Double, _ label: String) -> Reference {
      Reference(direction: .y, value: value, label: label)
    }
  }

  /// The position of the names of the series.
  public enum Naming: Hashable, Sendable {
    /// At the lines' ends for two to six series, otherwise above.
    case automatic
    /// At the lines' ends.
    case direct
    /// In a legend above the chart.
    case legend
  }

  public var title: String
  public var summary: String
  public var x: Axis
  public var y: Axis
  public var series: [Series]
  public var references: [Reference]
  public var naming: Naming
  /// The size in pixels.
  public var width: Double
  public var height: Double

  public init(
    title: String, summary: String, x: Axis, y: Axis, series: [Series],
    references: [Reference] = [], naming: Naming = .automatic, width: Double = 720,
    height: Double = 380
  ) {
    self.title = title
    self.summary = summary
    self.x = x
    self.y = y
    self.series = series
    self.references = references
    self.naming = naming
    self.width = width
    self.height = height
  }

  /// The points of every series, without single runs.
  public var table: Table {
    Table(
      caption: title, columns: LineChart.columns(x: x, y: y),
      groups: series.map { Table.Group(title: $0.label, rows: LineChart.rows($0, x: x, y: y)) })
  }

  static func columns(x: Axis, y: Axis) -> [Table.Column] {
    [
      Table.Column(x.title, .trailing, isHeader: true), .number(y.title), .number("Lower bound"),
      .number("Upper bound"),
    ]
  }

  static func rows(_ series: Series, x: Axis, y: Axis) -> [[Table.Cell]] {
    // One decimal more than the ticks have.
    let style: NumberStyle =
      if case .percent(let decimals) = y.style { .percent(decimals + 1) } else { .significant(3) }
    return series.points.map { point in
      [Table.Cell(text: Ticks.plain(point.x), value: point.x)]
        + [point.y, point.lower, point.upper].map { $0.map { .number($0, style) } ?? .missing }
    }
  }
}

extension LineChart.Point {
  /// The bounds, where both are finite.
  var bounds: (lower: Double, upper: Double)? {
    guard let lower, let upper, lower.isFinite, upper.isFinite else { return nil }
    return (min(lower, upper), max(lower, upper))
  }
}

extension LineChart.Series {
  /// All y values that the axis must include.
  var extents: [Double] {
    points.flatMap { point -> [Double] in
      guard uncertainty != .none, let bounds = point.bounds else { return [point.y] }
      return [point.y, bounds.lower, bounds.upper]
    } + replicates.flatMap { $0.map(\.y) }
  }

  var positions: [Double] {
    (points + replicates.flatMap { $0 }).map(\.x)
  }
}
