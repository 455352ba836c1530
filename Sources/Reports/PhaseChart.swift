/// One panel whose x axis has consecutive phases, such as training and then a test.
///
/// Every phase has its own ticks, which are evenly spaced and named: distances between them have no
/// meaning.
public struct PhaseChart: Chart, Hashable {
  /// A phase of the x axis.
  public struct Phase: Hashable, Sendable {
    /// The title below the ticks.
    public var title: String
    /// The names of the ticks, at x = 0, 1, 2, and so on.
    public var ticks: [String]
    /// Lines; the x of a point is the index of its tick.
    public var series: [LineChart.Series]
    /// Whether the phase has a shaded background.
    public var isShaded: Bool

    public init(
      _ title: String, ticks: [String], series: [LineChart.Series], isShaded: Bool = false
    ) {
      self.title = title
      self.ticks = ticks
      self.series = series
      self.isShaded = isShaded
    }
  }

  public var title: String
  public var summary: String
  public var y: Axis
  public var phases: [Phase]
  /// The size in pixels.
  public var width: Double
  public var height: Double

  public init(
    title: String, summary: String, y: Axis, phases: [Phase], width: Double = 245,
    height: Double = 210
  ) {
    self.title = title
    self.summary = summary
    self.y = y
    self.phases = phases
    self.width = width
    self.height = height
  }

  /// The points of every phase and series, without single runs.
  public var table: Table {
    Table(
      caption: title, columns: LineChart.columns(x: Axis("At"), y: y),
      groups: phases.flatMap { phase in
        phase.series.map { series in
          Table.Group(
            title: "\(phase.title), \(series.label)",
            rows: LineChart.rows(series, x: Axis("At"), y: y).enumerated().map { index, row in
              let place = Int(series.points[index].x)
              return [.text(phase.ticks.indices.contains(place) ? phase.ticks[place] : "")]
                + row.dropFirst()
            })
        }
      })
  }

  // MARK: Drawing

  private static let top = 24.0
  private static let bottom = 46.0
  private static let gap = 22.0

  public var drawing: Node {
    let values = phases.flatMap { $0.series.flatMap(\.extents) }
    let left = LineChart.leftMargin(y, values: values, title: false)
    let areas = areas(left: left)
    var nodes = [
      SVG.text(
        TextWidth.fitted(title, to: width - left, isBold: true), left, 12, class: "panel-title")
    ]
    for (index, (phase, area)) in zip(phases, areas).enumerated() {
      nodes += draw(phase, area, values, isFirst: index == 0)
    }
    return SVG.drawing(title: title, summary: summary, width: width, height: height, nodes)
  }

  /// Rectangles with widths in proportion to the numbers of ticks.
  private func areas(left: Double) -> [PlotArea] {
    // Half a tick's width outside the first and the last tick.
    let room = width - left - 10 - Self.gap * Double(max(0, phases.count - 1))
    let ticks = phases.map { Double(max(2, $0.ticks.count)) }
    let all = ticks.reduce(0, +)
    var x = left
    return ticks.map { count in
      let area = PlotArea(
        x: x, y: Self.top, width: max(40, room * count / max(1, all)),
        height: max(40, height - Self.top - Self.bottom))
      x = area.right + Self.gap
      return area
    }
  }

  private func draw(
    _ phase: Phase, _ area: PlotArea, _ values: [Double], isFirst: Bool
  ) -> [Node] {
    let last = Double(max(1, phase.ticks.count - 1))
    let axis = Axis(phase.title, range: 0...last)
    let x = AxisMap(
      axis, values: [], from: area.x + 6, to: area.right - 6, isTight: true)
    let panel = Panel(
      area: area, x: x, y: AxisMap(y, values: values, from: area.bottom, to: area.y), xAxis: axis,
      yAxis: y, series: phase.series.enumerated().map { ($1, $1.style ?? $0) }, labelsY: isFirst,
      places: phase.ticks)
    let ground =
      phase.isShaded
      ? [
        Node.element(
          .rect,
          [
            .x: SVG.coordinate(area.x - 6), .y: SVG.coordinate(area.y - 6),
            .width: SVG.coordinate(area.width + 12),
            .height: SVG.coordinate(area.height + 6 + Panel.margin), .class: "ground",
          ])
      ] : []
    return ground + [
      panel.node,
      SVG.text(
        TextWidth.fitted(phase.title, to: area.width + Self.gap + 8), area.x + area.width / 2,
        height - 6, anchor: .middle, class: phase.isShaded ? "axis-title set-apart" : "axis-title"),
    ]
  }
}

/// Several charts in a row, which wraps on a narrow page, with one legend and one caption.
public struct PanelFigure: Sendable {
  /// A name of a series and its style.
  public struct Name: Hashable, Sendable {
    public var label: String
    public var style: Int

    public init(_ label: String, style: Int) {
      self.label = label
      self.style = style
    }
  }

  public var title: String
  public var charts: [any Chart]
  public var names: [Name]
  public var caption: [Node]

  public init(title: String, charts: [any Chart], names: [Name], caption: [Node]) {
    self.title = title
    self.charts = charts
    self.names = names
    self.caption = caption
  }

  /// The figure as a block of the page.
  public var node: Node {
    let width = 700.0
    let legend = Legend(
      names.map { Legend.Entry(label: $0.label, style: $0.style, hasLine: true) }, left: 0,
      right: width)
    return .element(
      .figure, [.class: "panels-figure"],
      [
        SVG.drawing(
          title: "Legend", summary: names.map(\.label).joined(separator: "; "), width: width,
          height: legend.height, [legend.node(y: 0)]),
        .element(.div, [.class: "panels"], charts.map(\.drawing)),
        .element(.figcaption, [:], [.strong(title + "."), " "] + caption),
        .details(
          "Data of this figure",
          charts.map { chart in
            .fragment([.element(.p, [:], [.strong(chart.title)]), chart.table.bareNode])
          }),
      ])
  }
}
