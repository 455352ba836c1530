/// Draws one rectangle of data with its grid, references and axes; charts place panels on a
/// drawing.
struct Panel {
  let area: PlotArea
  let x: AxisMap
  let y: AxisMap
  let xAxis: Axis
  let yAxis: Axis
  var series: [(series: LineChart.Series, style: Int)] = []
  var references: [LineChart.Reference] = []
  /// Whether the ticks of the axis have labels. In a grid only the outer panels have them.
  var labelsX = true
  var labelsY = true
  /// The names of ticks at 0, 1, 2, and so on, instead of the axis's numbers.
  var places: [String]?

  /// The margin in which marks at the edge of the range are drawn completely.
  static let margin = 7.0
  /// The height above the data for the labels of vertical references.
  static let referenceHeight = 16.0

  var node: Node {
    .element(
      .g, [:],
      grid + referenceLines
        + [
          SVG.clipped(to: area, margin: Panel.margin, drawings.map(\.node))
        ] + axes + referenceLabels)
  }

  var drawings: [SeriesDrawing] {
    series.map {
      SeriesDrawing(series: $0.series, style: $0.style, x: x, y: y, xAxis: xAxis, yAxis: yAxis)
    }
  }

  private var xTicks: [(tick: Tick, at: Double)] {
    if let places {
      return placed(
        places.enumerated().map { Tick(value: Double($0), label: $1) }, x, area.x, area.right)
    }
    return placed(Ticks.ticks(xAxis, x, limit: max(2, Int(area.width / 64))), x, area.x, area.right)
  }

  private var yTicks: [(tick: Tick, at: Double)] {
    placed(Ticks.ticks(yAxis, y, limit: max(2, Int(area.height / 36))), y, area.y, area.bottom)
  }

  private func placed(
    _ ticks: [Tick], _ map: AxisMap, _ low: Double, _ high: Double
  ) -> [(tick: Tick, at: Double)] {
    ticks.compactMap { tick in
      guard let at = map.position(tick.value), at >= low - 0.5, at <= high + 0.5 else { return nil }
      return (tick, at)
    }
  }

  private var grid: [Node] {
    yTicks.filter { $0.tick.label != nil }.map {
      SVG.line(area.x, $0.at, area.right, $0.at, class: "grid")
    }
  }

  private var axes: [Node] {
    Panel.horizontalAxis(
      xTicks, map: x, area: area, labels: labelsX || places != nil,
      labelGap: places == nil ? 6 : 3)
      + (labelsY
        ? yTicks.compactMap { tick, at in
          tick.label.map {
            SVG.text(typographic($0), area.x - 9, at + 4, anchor: .end, class: "tick")
          }
        } : [])
  }

  /// The axis under an area, with a break if zero has a separate position. Labels that would
  /// overlap are omitted.
  static func horizontalAxis(
    _ ticks: [(tick: Tick, at: Double)], map: AxisMap, area: PlotArea, labels: Bool,
    labelGap: Double = 6
  ) -> [Node] {
    let y = area.bottom + Panel.margin
    var nodes: [Node] = []
    if let zero = map.zero {
      let gap = zero + AxisMap.zeroGap / 2
      nodes += [
        SVG.line(area.x, y, gap - 3, y, class: "axis"),
        SVG.line(gap + 3, y, area.right, y, class: "axis"),
        SVG.line(gap - 5, y + 4, gap - 1, y - 4, class: "axis"),
        SVG.line(gap + 1, y + 4, gap + 5, y - 4, class: "axis"),
      ]
    } else {
      nodes.append(SVG.line(area.x, y, area.right, y, class: "axis"))
    }
    var free = -Double.infinity
    for (tick, at) in ticks.sorted(by: { $0.at < $1.at }) {
      nodes.append(SVG.line(at, y, at, y + (tick.label == nil ? 3 : 5), class: "axis"))
      guard labels, let label = tick.label.map(typographic) else { continue }
      let half = TextWidth.estimate(label) / 2
      guard at - half >= free else { continue }
      free = at + half + labelGap
      nodes.append(SVG.text(label, at, y + 18, anchor: .middle, class: "tick"))
    }
    return nodes
  }

  private var referenceLines: [Node] {
    references.compactMap { reference in
      switch reference.direction {
      case .x:
        guard let at = inside(x.position(reference.value), area.x, area.right) else { return nil }
        return SVG.line(at, area.y - 4, at, area.bottom + Panel.margin, class: "reference")
      case .y:
        guard let at = inside(y.position(reference.value), area.y, area.bottom) else { return nil }
        return SVG.line(area.x, at, area.right, at, class: "reference")
      }
    }
  }

  private func inside(_ at: Double?, _ low: Double, _ high: Double) -> Double? {
    at.flatMap { $0 >= low - 0.5 && $0 <= high + 0.5 ? $0 : nil }
  }

  private var referenceLabels: [Node] {
    Panel.verticalReferenceLabels(
      references.filter { $0.direction == .x && !$0.label.isEmpty }.compactMap { reference in
        inside(x.position(reference.value), area.x, area.right).map { (reference.label, $0) }
      }, area: area)
      + references.filter { $0.direction == .y && !$0.label.isEmpty }.compactMap(horizontalLabel)
  }

  /// Labels in a line above the area, each beside its reference and shortened to the free width.
  static func verticalReferenceLabels(
    _ labels: [(text: String, at: Double)], area: PlotArea
  ) -> [Node] {
    var free = area.x - Panel.margin
    return labels.sorted { $0.at < $1.at }.compactMap { label in
      let text = TextWidth.fitted(label.text, to: area.width, size: 11)
      let width = TextWidth.estimate(text, size: 11)
      // Centred on its line, but inside the area and without overlap with the previous label.
      let left = max(free, min(label.at - width / 2, area.right + Panel.margin - width))
      guard left <= label.at, left + width <= area.right + Panel.margin + 1 else { return nil }
      free = left + width + 8
      return SVG.text(text, left, area.y - 9, class: "reference-label")
    }
  }

  /// A label on a horizontal reference, at the one of six positions that overlaps the fewest lines.
  private func horizontalLabel(_ reference: LineChart.Reference) -> Node? {
    guard let at = inside(y.position(reference.value), area.y, area.bottom) else { return nil }
    let text = TextWidth.fitted(reference.label, to: area.width - 8, size: 11)
    let width = TextWidth.estimate(text, size: 11)
    let traces = drawings.flatMap { drawing in zip(drawing.corners, drawing.corners.dropFirst()) }
    var best: (crossings: Int, node: Node)?
    for baseline in [at - 5, at + 13] where baseline > area.y + 6 && baseline < area.bottom + 4 {
      for left in [area.right - width, area.x + 4, area.x + (area.width - width) / 2] {
        let crossings = traces.filter { a, b in
          (0...16).contains { step in
            let t = Double(step) / 16
            let px = a.x + (b.x - a.x) * t
            let py = a.y + (b.y - a.y) * t
            return px > left - 4 && px < left + width + 4 && py > baseline - 13 && py < baseline + 5
          }
        }.count
        if best.map({ crossings < $0.crossings }) ?? true {
          best = (crossings, SVG.text(text, left, baseline, class: "reference-label"))
        }
      }
    }
    return best?.node
  }
}
