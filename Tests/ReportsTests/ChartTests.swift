import Reports
import Testing

@Suite struct ChartTests {
  /// The texts of an axis as drawn, with a true minus sign.
  private func ticks(_ axis: Axis, _ values: [Double], vertical: Bool = false) throws -> [String] {
    let chart = LineChart(
      title: "t", summary: "s", x: vertical ? Axis("x") : axis, y: vertical ? axis : Axis("y"),
      series: [
        .init("a", points: values.map { vertical ? .init(x: 0, y: $0) : .init(x: $0, y: 0) })
      ])
    return try MarkupParser.parse(chart.drawing.render()).all.filter {
      $0.name == "text" && $0.attribute("class") == "tick"
        && ($0.attribute("text-anchor") == "end") == vertical
    }.map(\.text)
  }

  static let horizontal: [(Axis.Scale, [Double], String)] = [
    (.linear, [0, 10], "0 1 2 3 4 5 6 7 8 9 10"),
    (.linear, [0, 0.3], "0.00 0.05 0.10 0.15 0.20 0.25 0.30"),
    (.linear, [-2, 2], "−2.0 −1.5 −1.0 −0.5 0.0 0.5 1.0 1.5 2.0"),
    (.linear, [5, 5], "2.5 3.0 3.5 4.0 4.5 5.0 5.5 6.0 6.5 7.0 7.5"),
    (.linear, [], "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0"),
    (.linear, [0, 3e6], "0 500k 1M 1.5M 2M 2.5M 3M"),
    (
      .linear, [0, 2e-7],
      "0 2×10⁻⁸ 4×10⁻⁸ 6×10⁻⁸ 8×10⁻⁸ 10⁻⁷ 1.2×10⁻⁷ 1.6×10⁻⁷ 2×10⁻⁷"
    ),
    (.logarithmic, [1, 10], "1 2 5 10"),
    (.logarithmic, [1, 1000], "1 2 5 10 20 50 100 200 500 1,000"),
    (.logarithmic, [1, 1e6], "1 10 100 1,000 10k 100k 1M"),
    (.logarithmic, [1e-6, 1e-3], "10⁻⁶ 2×10⁻⁶ 5×10⁻⁶ 10⁻⁵ 2×10⁻⁵ 5×10⁻⁵ 10⁻⁴ 2×10⁻⁴ 5×10⁻⁴ 0.001"),
    (.logarithmic, [3, 4], "3.0 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9 4.0"),
    (.logarithmicWithZero, [0, 10, 5000], "0 10 20 50 100 200 500 1,000 2,000 5,000"),
    (.logarithmicWithZero, [10, 1000], "10 20 50 100 200 500 1,000"),
    (.logarithmicWithZero, [0], "0 1 2 5 10"),
  ]

  @Test(arguments: horizontal)
  func horizontalTicks(_ scale: Axis.Scale, _ values: [Double], _ expected: String) throws {
    #expect(try ticks(Axis("x", scale: scale), values).joined(separator: " ") == expected)
  }

  static let vertical: [(Axis, [Double], String)] = [
    (.rate("y"), [0.3], "0% 20% 40% 60% 80% 100%"),
    (Axis("y"), [1.3, 5.2], "1 2 3 4 5 6"),
    (Axis("y"), [0, 97], "0 20 40 60 80 100"),
    (Axis("y"), [-0.013, 0.004], "−0.015 −0.010 −0.005 0.000 0.005"),
    (Axis("y", range: 0...2, ticks: [0, 1, 2]), [1], "0 1 2"),
    (Axis("y", scale: .logarithmic, style: .count), [1e3, 1e6], "1k 3k 10k 30k 100k 300k 1M"),
  ]

  @Test(arguments: vertical)
  func verticalTicks(_ axis: Axis, _ values: [Double], _ expected: String) throws {
    #expect(try ticks(axis, values, vertical: true).joined(separator: " ") == expected)
  }

  @Test func snapshots() throws {
    try expectSnapshot(Samples.lineChart("seeds").drawing.render(), named: "line-chart.svg")
    try expectSnapshot(Samples.legendChart("seeds").drawing.render(), named: "legend-chart.svg")
    try expectSnapshot(Samples.grid("seeds").drawing.render(), named: "chart-grid.svg")
    try expectSnapshot(Samples.dots("seeds").drawing.render(), named: "dot-interval-chart.svg")
  }

  @Test func theSameChartGivesTheSameBytes() {
    for _ in 0..<3 {
      #expect(Samples.page("seeds").render() == Samples.page("seeds").render())
    }
  }

  static let awkward: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.0, -1, 1, .leastNonzeroMagnitude, 1e-300, 1e300, -1e300,
    .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e15, 1e15 + 1,
  ]
  static let scales: [Axis.Scale] = [.linear, .logarithmic, .logarithmicWithZero]

  @Test(arguments: scales, scales)
  func noChartDrawsWhatIsNotANumber(_ x: Axis.Scale, _ y: Axis.Scale) throws {
    let count = Self.awkward.count
    for first in 0..<count {
      // With itself, its neighbour and one farther off: every value meets large, small and no
      // number.
      for offset in [0, 1, 7] {
        let a = Self.awkward[first]
        let b = Self.awkward[(first + offset) % count]
        let points = [
          LineChart.Point(x: a, y: b, lower: b, upper: a), .init(x: 1, y: a), .init(x: b, y: 2),
        ]
        let line = LineChart(
          title: "t", summary: "s", x: Axis("x", scale: x), y: Axis("y", scale: y),
          series: [.init("a", points: points, replicates: [points])],
          references: [.x(a, "r"), .y(b, "r")])
        let dots = DotIntervalChart(
          title: "t", summary: "s", axis: Axis("x", scale: x),
          groups: [
            .init(
              "g",
              rows: [
                .init("r", .estimate(a, lower: b, upper: a), replicates: [.atLeast(b)]),
                .init("r", .between(a, b)), .init("r", .atLeast(a)), .init("r", .atMost(b)),
              ])
          ])
        for chart in [line, dots] as [any Chart] {
          for element in try MarkupParser.parse(chart.drawing.render()).all {
            for (name, value) in element.attributes where name != "class" && name != "role" {
              let lower = value.lowercased()
              #expect(!lower.contains("nan") && !lower.contains("inf"), "\(name)=\(value)")
            }
          }
        }
      }
    }
  }

  @Test func aPointThatIsNotANumberIsAGap() throws {
    let chart = LineChart(
      title: "t", summary: "s", x: Axis("x"), y: Axis("y"),
      series: [
        .init(
          "a",
          points: [0, 1, .nan, 3, 4].enumerated().map { .init(x: Double($0.offset), y: $0.element) }
        )
      ])
    let root = try MarkupParser.parse(chart.drawing.render())
    let line = try #require(root.all.first { $0.attribute("class") == "line" }?.attribute("d"))
    #expect(line.filter { $0 == "M" }.count == 2)
    #expect(line.filter { $0 == "L" }.count == 2)
    #expect(root.all.filter { $0.attribute("class") == "mark" }.count == 4)
  }

  @Test func theLineIsDashedAcrossTheBreak() throws {
    let root = try MarkupParser.parse(Samples.lineChart("a").drawing.render())
    let dashed = root.all.filter { $0.attribute("class") == "line bridge" }
    #expect(dashed.count == 2)
    // Both series start at zero, at the same place.
    let starts = dashed.compactMap { $0.attribute("d")?.split(separator: " ").first }
    #expect(Set(starts).count == 1)
  }

  @Test func marksSayTheirValues() throws {
    let root = try MarkupParser.parse(Samples.lineChart("arm").drawing.render())
    let titles = root.all.filter { $0.attribute("class") == "mark" }.flatMap(\.children).map(\.text)
    #expect(
      titles == [
        "arm: 100.0% [90.0%, 100.0%] at 0", "arm: 80.0% [60.0%, 90.0%] at 10",
        "arm: 30.0% [20.0%, 50.0%] at 100", "arm: 10.0% at 0", "arm: 5.0% [0.0%, 10.0%] at 100",
      ])
    let dots = try MarkupParser.parse(Samples.dots("arm").drawing.render())
    #expect(
      dots.all.filter { $0.attribute("class") == "value" }.map(\.text)
        == ["300 [100, 900]", "arm", "≤ 10", "30 to 100", "n/a"])
  }

  @Test func aGridNamesASeriesOnceAndKeepsItsColour() throws {
    let series = ["a", "b"].map {
      LineChart.Series($0, points: [.init(x: 0, y: 0), .init(x: 1, y: 1)])
    }
    let grid = ChartGrid(
      title: "t", summary: "s", x: Axis("x"), y: Axis("y"),
      panels: [[.init(series: series), .init(series: [series[1]])]])
    let root = try MarkupParser.parse(grid.drawing.render())
    let legend = try #require(root.all.first { $0.attribute("class") == "legend" })
    #expect(legend.children.map { $0.attribute("class") } == ["series-0", "series-1"])
    let groups = root.all.filter { $0.name == "g" && $0.attribute("class") == "series-1" }
    #expect(groups.count == 3)
    #expect(grid.table.groups.map(\.title) == ["a", "b", "b"])
  }

  @Test func emptyChartsAreDrawn() throws {
    let charts: [any Chart] = [
      LineChart(title: "t", summary: "s", x: Axis("x"), y: Axis("y"), series: []),
      ChartGrid(title: "t", summary: "s", x: Axis("x"), y: Axis("y"), panels: []),
      ChartGrid(
        title: "t", summary: "s", x: Axis("x"), y: Axis("y"), panels: [[nil], []],
        columnTitles: ["c", "too many"], rowTitles: ["r", "s", "too many"]),
      DotIntervalChart(title: "t", summary: "s", axis: Axis("x"), groups: []),
    ]
    for chart in charts {
      #expect(try MarkupParser.parse(chart.drawing.render()).name == "svg")
      #expect(chart.table.groups.isEmpty)
    }
  }

  /// The longest label has all the room that it takes, whatever its width rounds to.
  @Test func theLongestLabelIsWhole() {
    for label in (1...40).map({ "rate ×0.\($0)" }) {
      let chart = DotIntervalChart(
        title: "t", summary: "s", axis: Axis("x"),
        groups: [.init("g", rows: [.init(label, .estimate(0.5, lower: nil, upper: nil))])])
      #expect(chart.drawing.render().contains(">\(label)<"))
    }
  }
}
