/// Draws one series of a panel: single runs, band or bars, line, marks.
struct SeriesDrawing {
  let series: LineChart.Series
  let style: Int
  let x: AxisMap
  let y: AxisMap
  let xAxis: Axis
  let yAxis: Axis

  /// A point with a position.
  private struct Placed {
    let point: LineChart.Point
    let x: Double
    let y: Double
  }

  var node: Node {
    .element(
      .g, [.class: SeriesMark.name(style)],
      series.replicates.flatMap { line(through: $0, class: "replicate") }
        + uncertainty + line(through: series.points, class: "line") + marks)
  }

  /// The end of the line: the last point with a position.
  var end: (x: Double, y: Double)? {
    runs(series.points).last?.last.map { ($0.x, $0.y) }
  }

  /// The corners of the line. Labels avoid them.
  var corners: [(x: Double, y: Double)] {
    runs(series.points).flatMap { $0.map { ($0.x, $0.y) } }
  }

  /// Points in unbroken runs: a point without a position ends a run.
  private func runs(_ points: [LineChart.Point]) -> [[Placed]] {
    var runs: [[Placed]] = []
    var isBroken = true
    for point in points {
      guard let px = x.position(point.x), let py = y.position(point.y) else {
        isBroken = true
        continue
      }
      if isBroken { runs.append([]) }
      isBroken = false
      runs[runs.count - 1].append(Placed(point: point, x: px, y: py))
    }
    return runs
  }

  /// The line. It is dashed across the axis break, because nothing is measured between zero and the
  /// first dose.
  private func line(through points: [LineChart.Point], class name: String) -> [Node] {
    var solid = ""
    var dashed = ""
    for run in runs(points) {
      for (a, b) in zip(run, run.dropFirst()) {
        let crosses = x.zero != nil && (a.point.x == 0) != (b.point.x == 0)
        let segment = SVG.outline([(a.x, a.y), (b.x, b.y)])
        if crosses {
          dashed += segment
        } else if solid.hasSuffix(SVG.outline([(a.x, a.y)]).dropFirst()), !solid.isEmpty {
          solid += segment.drop { $0 != "L" }
        } else {
          solid += segment
        }
      }
    }
    return (solid.isEmpty ? [] : [SVG.path(solid, class: name)])
      + (dashed.isEmpty ? [] : [SVG.path(dashed, class: name + " bridge")])
  }

  private var uncertainty: [Node] {
    switch series.uncertainty {
    case .none: return []
    case .bars: return runs(series.points).joined().compactMap(bar)
    case .band: return bands
    }
  }

  private func bounds(_ placed: Placed) -> (lower: Double, upper: Double)? {
    guard let bounds = placed.point.bounds, let lower = y.position(bounds.lower),
      let upper = y.position(bounds.upper)
    else { return nil }
    return (lower, upper)
  }

  private func bar(_ placed: Placed) -> Node? {
    guard let bounds = bounds(placed) else { return nil }
    return SVG.line(placed.x, bounds.lower, placed.x, bounds.upper, class: "bar")
  }

  private var bands: [Node] {
    var nodes: [Node] = []
    for run in runs(series.points) {
      var stretch: [(x: Double, lower: Double, upper: Double)] = []
      func close(_ only: Placed?) {
        if stretch.count > 1 {
          let outline =
            stretch.map { (x: $0.x, y: $0.upper) }
            + stretch.reversed().map { (x: $0.x, y: $0.lower) }
          nodes.append(SVG.path(SVG.outline(outline, closed: true), class: "band"))
        } else if let only, let bar = bar(only) {
          nodes.append(bar)
        }
        stretch = []
      }
      var previous: Placed?
      for placed in run {
        if let bounds = bounds(placed) {
          stretch.append((placed.x, bounds.lower, bounds.upper))
        } else {
          close(previous)
        }
        previous = placed
      }
      close(previous)
    }
    return nodes
  }

  private var marks: [Node] {
    let runs = runs(series.points)
    // A point without a neighbour would be invisible without a mark.
    let shown =
      series.showsMarkers ? runs.flatMap { $0 } : runs.filter { $0.count == 1 }.flatMap { $0 }
    return shown.map { SeriesMark.node(style, x: $0.x, y: $0.y, title: told($0.point)) }
  }

  /// The tooltip of a point.
  private func told(_ point: LineChart.Point) -> String {
    func text(_ value: Double) -> String {
      if case .percent(let decimals) = yAxis.style {
        return NumberText.percent(value, decimals: decimals + 1)
      }
      return NumberText.significant(value)
    }
    var told = "\(series.label): \(text(point.y))"
    if let bounds = point.bounds { told += " [\(text(bounds.lower)), \(text(bounds.upper))]" }
    return told + " at \(xAxis.style?.text(point.x) ?? Ticks.plain(point.x))"
  }
}
