extension DotIntervalChart {
  private static let plainHeight = 24.0
  private static let groupGap = 10.0
  private static let arrowLength = 26.0

  /// The chart as a drawing.
  public var drawing: Node {
    let rows = groups.flatMap(\.rows)
    let notes = rows.map { $0.note ?? text($0.mark) }
    let labelWidth = min(
      width * 0.3, rows.map { TextWidth.estimate(TerminalText.line($0.label)) }.max() ?? 0)
    let noteWidth = min(
      width * 0.3, notes.map { TextWidth.estimate(TerminalText.line($0)) }.max() ?? 0)
    let left = labelWidth + 20
    let right = noteWidth + 24
    let legend = Legend(
      styleLabels.enumerated().map { Legend.Entry(label: $1, style: $0, hasLine: false) },
      left: left, right: width - 10)
    let references = references.filter { $0.direction == .x }
    let top = legend.height + (references.isEmpty ? 8 : 10 + Panel.referenceHeight)

    let heights = groups.map { group in
      (group.title.isEmpty ? 0 : DotIntervalChart.plainHeight)
        + group.rows.map(rowHeight).reduce(0, +) + DotIntervalChart.groupGap
    }
    let area = PlotArea(
      x: left, y: top, width: max(80, width - left - right), height: heights.reduce(0, +))
    let height = area.bottom + 52
    let map = map(rows, area)
    let ticks = Ticks.ticks(axis, map, limit: max(2, Int(area.width / 64))).compactMap { tick in
      map.position(tick.value).flatMap { at in
        at >= area.x - 0.5 && at <= area.right + 0.5 ? (tick: tick, at: at) : nil
      }
    }

    var nodes = [legend.node(y: 0)]
    nodes += ticks.filter { $0.tick.label != nil }.map {
      SVG.line($0.at, area.y, $0.at, area.bottom, class: "grid")
    }
    let lines = references.compactMap { reference in
      map.position(reference.value).flatMap { at in
        at >= area.x && at <= area.right ? (text: reference.label, at: at) : nil
      }
    }
    nodes += lines.map {
      SVG.line($0.at, area.y - 4, $0.at, area.bottom + Panel.margin, class: "reference")
    }
    nodes += Panel.verticalReferenceLabels(lines, area: area)

    var y = top
    for (group, groupHeight) in zip(groups, heights) {
      var middle = y + DotIntervalChart.plainHeight / 2
      if !group.title.isEmpty {
        nodes.append(
          SVG.text(
            TextWidth.fitted(group.title, to: width * 0.6), 4, middle + 4, class: "panel-title"))
        middle += DotIntervalChart.plainHeight
      }
      for row in group.rows {
        nodes.append(node(row, at: middle, map: map, area: area))
        middle += rowHeight(row)
      }
      y += groupHeight
    }
    nodes += Panel.horizontalAxis(ticks, map: map, area: area, labels: true)
    nodes.append(
      SVG.text(
        TextWidth.fitted(axis.title, to: width - 20), area.x + area.width / 2, height - 6,
        anchor: .middle, class: "axis-title"))
    return SVG.drawing(title: title, summary: summary, width: width, height: height, nodes)
  }

  /// The axis, with space for arrows at the ends that have arrows.
  private func map(_ rows: [Row], _ area: PlotArea) -> AxisMap {
    let marks = rows.flatMap { [$0.mark] + $0.replicates }
    let isOpenRight = marks.contains { if case .atLeast = $0 { true } else { false } }
    let isOpenLeft = marks.contains { if case .atMost = $0 { true } else { false } }
    let room = DotIntervalChart.arrowLength + 6
    return AxisMap(
      axis, values: marks.flatMap(\.extents), from: area.x + (isOpenLeft ? room : 8),
      to: area.right - (isOpenRight ? room : 8))
  }

  private func node(_ row: Row, at y: Double, map: AxisMap, area: PlotArea) -> Node {
    let note = row.note ?? text(row.mark)
    return .element(
      .g, [.class: SeriesMark.name(row.style)],
      [
        // The longest label is as wide as its column, except for rounding.
        SVG.text(TextWidth.fitted(row.label, to: area.x - 19), area.x - 12, y + 4, anchor: .end),
        SVG.clipped(
          to: PlotArea(x: area.x, y: y - 12, width: area.width, height: rowHeight(row)), margin: 0,
          [replicates(row, at: y, map: map)]
            + shapes(row.mark, style: row.style, y: y, size: 4.5, map: map)
            + [.element(.title, [:], [.text("\(row.label): \(note)")])]),
        SVG.text(
          TextWidth.fitted(note, to: width - area.right - 20), area.right + 14, y + 4,
          class: "value"),
      ])
  }

  /// The distance between the lines of single runs. More than sixteen share the height of sixteen.
  private func pitch(of row: Row) -> Double {
    min(6, 80 / Double(max(1, row.replicates.count)))
  }

  private func rowHeight(_ row: Row) -> Double {
    row.replicates.isEmpty
      ? DotIntervalChart.plainHeight
      : DotIntervalChart.plainHeight + Double(row.replicates.count) * pitch(of: row) + 2
  }

  /// Single runs below the mark, each on its own line so that equal runs do not overlap.
  private func replicates(_ row: Row, at y: Double, map: AxisMap) -> Node {
    guard !row.replicates.isEmpty else { return .empty }
    return .element(
      .g, [.class: "replicates"],
      row.replicates.enumerated().flatMap { index, mark in
        shapes(
          mark, style: row.style, y: y + 10 + Double(index) * pitch(of: row),
          size: pitch(of: row) / 2,
          map: map)
      })
  }

  private func shapes(
    _ mark: Mark, style: Int, y: Double, size: Double, map: AxisMap
  ) -> [Node] {
    func bar(_ lower: Double, _ upper: Double) -> Node {
      SVG.line(lower, y, upper, y, class: "bar")
    }
    func arrow(from x: Double, _ direction: Double) -> [Node] {
      let length = direction * DotIntervalChart.arrowLength * (size > 3 ? 1 : 0.6)
      let tip = x + length
      let head = direction * size
      return [
        bar(x, tip),
        SVG.path(
          SVG.outline([(tip - head, y - size * 0.8), (tip, y), (tip - head, y + size * 0.8)]),
          class: "bar head"),
        SeriesMark.node(style, x: x, y: y, size: size, isHollow: true),
      ]
    }
    switch mark {
    case .estimate(let value, let lower, let upper):
      guard let at = map.position(value) else { return [] }
      let bars = lower.flatMap(map.position).flatMap { low in
        upper.flatMap(map.position).map { [bar(low, $0)] }
      }
      return (bars ?? []) + [SeriesMark.node(style, x: at, y: y, size: size)]
    case .between(let lower, let upper):
      guard let low = map.position(lower), let high = map.position(upper) else { return [] }
      return [
        bar(low, high), SVG.line(low, y - size, low, y + size, class: "bar"),
        SVG.line(high, y - size, high, y + size, class: "bar"),
      ]
    case .atLeast(let value):
      return map.position(value).map { arrow(from: $0, 1) } ?? []
    case .atMost(let value):
      return map.position(value).map { arrow(from: $0, -1) } ?? []
    case .missing:
      return []
    }
  }
}
