extension LineChart {
  /// The chart as a drawing.
  public var drawing: Node {
    let styled = series.enumerated().map { (series: $1, style: $1.style ?? $0) }
    let names =
      isDirect ? series.map { TextWidth.fitted($0.label, to: width * 0.3, isBold: true) } : []
    let namesWidth = names.map { TextWidth.estimate($0, isBold: true) }.max() ?? 0
    let left = LineChart.leftMargin(y, values: series.flatMap(\.extents), title: true)
    let right = isDirect ? namesWidth + 26 : 18.0
    let legend = Legend(
      isDirect || series.count < 2
        ? []
        : styled.map { Legend.Entry(label: $0.series.label, style: $0.style, hasLine: true) },
      left: left, right: width - right)
    let hasVertical = references.contains { $0.direction == .x }
    let top = 10 + legend.height + (hasVertical ? Panel.referenceHeight : 0)
    let area = PlotArea(
      x: left, y: top, width: max(80, width - left - right), height: max(60, height - top - 52))
    let panel = Panel(
      area: area,
      x: AxisMap(
        x, values: series.flatMap(\.positions), from: area.x + 8, to: area.right - 6,
        isTight: true),
      y: AxisMap(y, values: series.flatMap(\.extents), from: area.bottom, to: area.y),
      xAxis: x, yAxis: y, series: styled, references: references)
    return SVG.drawing(
      title: title, summary: summary, width: width, height: height,
      [
        legend.node(y: 2), panel.node,
        SVG.text(
          TextWidth.fitted(x.title, to: width - 20), area.x + area.width / 2, height - 6,
          anchor: .middle, class: "axis-title"),
        LineChart.verticalTitle(y, x: 13, area: area),
      ] + (isDirect ? directNames(panel, names) : []))
  }

  private var isDirect: Bool {
    switch naming {
    case .direct: return true
    case .legend: return false
    case .automatic: return (2...6).contains(series.count)
    }
  }

  /// The width left of the area for tick labels and, if requested, the axis title.
  static func leftMargin(_ axis: Axis, values: [Double], title: Bool) -> Double {
    let map = AxisMap(axis, values: values, from: 300, to: 0)
    let labels = Ticks.ticks(axis, map, limit: 8).compactMap(\.label)
    return 14 + (title ? 18 : 0) + (labels.map { TextWidth.estimate($0) }.max() ?? 20)
  }

  /// A vertical axis title beside an area.
  static func verticalTitle(_ axis: Axis, x: Double, area: PlotArea) -> Node {
    SVG.text(
      TextWidth.fitted(axis.title, to: area.height + 40), x, area.y + area.height / 2,
      anchor: .middle, class: "axis-title", rotated: -90)
  }

  /// Names at the ends of the lines. Names that would overlap are moved apart and get a thin leader
  /// line.
  private func directNames(_ panel: Panel, _ names: [String]) -> [Node] {
    let area = panel.area
    let ends = zip(panel.drawings, names).compactMap { drawing, name in
      drawing.end.map { end in
        (name: name, style: drawing.style, x: end.x, y: min(max(end.y, area.y), area.bottom))
      }
    }.sorted { ($0.y, $0.style) < ($1.y, $1.style) }
    let places = LineChart.spread(ends.map(\.y), gap: 15, within: area.y...(area.bottom + 4))
    return zip(ends, places).flatMap { end, place -> [Node] in
      let x = area.right + 14
      let isMoved = abs(place - end.y) > 3 || end.x < area.right - 10
      return [
        .element(
          .g, [.class: SeriesMark.name(end.style)],
          (isMoved ? [SVG.line(end.x + 6, end.y, x - 2, place, class: "leader")] : [])
            + [SVG.text(end.name, x + 2, place + 4, class: "name")])
      ]
    }
  }

  /// Moves ascending positions, as little as possible in one pass, so that neighbours are `gap`
  /// apart and all are in the range (if they fit).
  static func spread(_ places: [Double], gap: Double, within range: ClosedRange<Double>) -> [Double]
  {
    // Each block of touching labels is centred on the mean of its members' wanted positions.
    var blocks: [(wanted: [Double], start: Double)] = []
    func settled(_ wanted: [Double]) -> Double {
      let mean =
        wanted.enumerated().map { $1 - Double($0) * gap }.reduce(0, +) / Double(wanted.count)
      let last = range.upperBound - Double(wanted.count - 1) * gap
      return max(range.lowerBound, min(mean, last))
    }
    for place in places {
      blocks.append(([place], settled([place])))
      while blocks.count > 1 {
        let upper = blocks[blocks.count - 2]
        let lower = blocks[blocks.count - 1]
        guard upper.start + Double(upper.wanted.count) * gap > lower.start else { break }
        blocks.removeLast(2)
        let wanted = upper.wanted + lower.wanted
        blocks.append((wanted, settled(wanted)))
      }
    }
    return blocks.flatMap { block in
      block.wanted.indices.map { block.start + Double($0) * gap }
    }
  }
}
