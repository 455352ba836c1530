/// Small multiples: panels of lines that share their axes, arranged in rows and columns.
public struct ChartGrid: Chart, Hashable {
  /// One panel: its series and references.
  public struct Panel: Hashable, Sendable {
    /// The title above the panel, which distinguishes it from other panels.
    public var title: String
    public var series: [LineChart.Series]
    public var references: [LineChart.Reference]

    public init(
      title: String = "", series: [LineChart.Series], references: [LineChart.Reference] = []
    ) {
      self.title = title
      self.series = series
      self.references = references
    }
  }

  public var title: String
  public var summary: String
  public var x: Axis
  public var y: Axis
  /// The panels by row; nil leaves a cell empty.
  public var panels: [[Panel?]]
  /// Titles over the columns; may be empty.
  public var columnTitles: [String]
  /// Titles beside the rows; may be empty.
  public var rowTitles: [String]
  /// The width in pixels of the drawing, and the height of one panel's data.
  public var width: Double
  public var panelHeight: Double

  public init(
    title: String, summary: String, x: Axis, y: Axis, panels: [[Panel?]],
    columnTitles: [String] = [], rowTitles: [String] = [], width: Double = 720,
    panelHeight: Double = 120
  ) {
    self.title = title
    self.summary = summary
    self.x = x
    self.y = y
    self.panels = panels
    self.columnTitles = columnTitles
    self.rowTitles = rowTitles
    self.width = width
    // Row titles are vertical beside their panels and must not overlap.
    let longest = rowTitles.map { TextWidth.estimate($0, isBold: true) }.max() ?? 0
    self.panelHeight = max(panelHeight, longest - 20)
  }

  /// The points of every panel and series, without single runs.
  public var table: Table {
    Table(
      caption: title, columns: LineChart.columns(x: x, y: y),
      groups: panels.enumerated().flatMap { row, line in
        line.enumerated().flatMap { column, panel -> [Table.Group] in
          guard let panel else { return [] }
          return panel.series.map { series in
            let names = [
              column < columnTitles.count ? columnTitles[column] : "",
              row < rowTitles.count ? rowTitles[row] : "", panel.title, series.label,
            ]
            return Table.Group(
              title: names.filter { !$0.isEmpty }.joined(separator: ", "),
              rows: LineChart.rows(series, x: x, y: y))
          }
        }
      })
  }

  private var all: [Panel] {
    panels.joined().compactMap { $0 }
  }

  private var columns: Int {
    max(1, panels.map(\.count).max() ?? 1)
  }

  /// One style per label, so that a series has the same style in every panel: its own style, or the
  /// index of its label among all labels.
  private var styles: [(label: String, style: Int)] {
    var styles: [(label: String, style: Int)] = []
    for series in all.flatMap(\.series) where !styles.contains(where: { $0.label == series.label })
    {
      styles.append((series.label, series.style ?? styles.count))
    }
    return styles
  }

  /// The references of every panel, without labels that the panel above already has.
  private var labelled: [[[LineChart.Reference]]] {
    panels.enumerated().map { row, line in
      line.enumerated().map { column, panel in
        (panel?.references ?? []).map { reference in
          let above = row > 0 && column < panels[row - 1].count ? panels[row - 1][column] : nil
          var reference = reference
          if above?.references.contains(reference) ?? false { reference.label = "" }
          return reference
        }
      }
    }
  }

  /// The grid as a drawing.
  public var drawing: Node {
    let styles = styles
    let xs = all.flatMap { $0.series.flatMap(\.positions) }
    let ys = all.flatMap { $0.series.flatMap(\.extents) }

    let left = LineChart.leftMargin(y, values: ys, title: true)
    let right = rowTitles.isEmpty ? 14.0 : 34.0
    let gap = 26.0
    let legend = Legend(
      styles.count < 2
        ? [] : styles.map { Legend.Entry(label: $0.label, style: $0.style, hasLine: true) },
      left: left, right: width - right)
    let top = legend.height + (columnTitles.isEmpty ? 6 : 30)
    let labelled = labelled
    let titleHeight = all.contains { !$0.title.isEmpty } ? 20.0 : 0
    let headings = labelled.map { row in
      titleHeight
        + (row.joined().contains { $0.direction == .x && !$0.label.isEmpty }
          ? Reports.Panel.referenceHeight : 4)
    }
    let panelWidth = max(60, (width - left - right - gap * Double(columns - 1)) / Double(columns))
    var tops: [Double] = []
    var bottom = top
    for heading in headings {
      tops.append(bottom + heading)
      bottom += heading + panelHeight + 26
    }
    let height = bottom + 34

    func area(_ row: Int, _ column: Int) -> PlotArea {
      PlotArea(
        x: left + Double(column) * (panelWidth + gap),
        y: tops[row], width: panelWidth, height: panelHeight)
    }
    var nodes = [legend.node(y: 0)]
    for (row, line) in panels.enumerated() {
      for (column, panel) in line.enumerated() {
        guard let panel else { continue }
        let area = area(row, column)
        let isLast = !panels[(row + 1)...].contains { $0.count > column && $0[column] != nil }
        let isFirst = !line[..<column].contains { $0 != nil }
        nodes.append(
          Reports.Panel(
            area: area,
            x: AxisMap(x, values: xs, from: area.x + 8, to: area.right - 6, isTight: true),
            y: AxisMap(y, values: ys, from: area.bottom, to: area.y),
            xAxis: x, yAxis: y,
            series: panel.series.map { series in
              (series, styles.first { $0.label == series.label }?.style ?? 0)
            },
            references: labelled[row][column], labelsX: isLast, labelsY: isFirst
          ).node)
        if !panel.title.isEmpty {
          nodes.append(
            SVG.text(
              TextWidth.fitted(panel.title, to: panelWidth, isBold: true), area.x,
              area.y - headings[row] + 11,
              class: "panel-title"))
        }
      }
    }
    let whole = PlotArea(
      x: left, y: top, width: width - left - right, height: height - top - 44)
    nodes += titles(area, whole: whole, height: height)
    return SVG.drawing(title: title, summary: summary, width: width, height: height, nodes)
  }

  private func titles(
    _ area: (Int, Int) -> PlotArea, whole: PlotArea, height: Double
  ) -> [Node] {
    columnTitles.prefix(panels.isEmpty ? 0 : columns).enumerated().map { column, title in
      let area = area(0, column)
      return SVG.text(
        TextWidth.fitted(title, to: area.width, isBold: true), area.x + area.width / 2,
        whole.y - 10,
        anchor: .middle, class: "panel-title")
    }
      + rowTitles.prefix(panels.count).enumerated().map { row, title in
        let area = area(row, 0)
        return SVG.text(
          TextWidth.fitted(title, to: area.height + 30, isBold: true), width - 14,
          area.y + area.height / 2,
          anchor: .middle, class: "panel-title", rotated: 90)
      }
      + [
        SVG.text(
          TextWidth.fitted(x.title, to: width - 20), whole.x + whole.width / 2, height - 6,
          anchor: .middle, class: "axis-title"),
        LineChart.verticalTitle(y, x: 13, area: whole),
      ]
  }
}
