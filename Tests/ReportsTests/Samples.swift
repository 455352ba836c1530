import Reports

/// Charts, tables and pages in which every text that a caller can give is the one given here.
enum Samples {
  static func lineChart(_ text: String) -> LineChart {
    LineChart(
      title: text, summary: text, x: Axis(text, scale: .logarithmicWithZero), y: .rate(text),
      series: [
        LineChart.Series(
          text,
          points: [
            .init(x: 0, y: 1, lower: 0.9, upper: 1), .init(x: 10, y: 0.8, lower: 0.6, upper: 0.9),
            .init(x: 100, y: 0.3, lower: 0.2, upper: 0.5),
          ], replicates: [[.init(x: 0, y: 1), .init(x: 10, y: 0.7), .init(x: 100, y: 0.4)]]),
        LineChart.Series(
          text, points: [.init(x: 0, y: 0.1), .init(x: 100, y: 0.05, lower: 0, upper: 0.1)],
          uncertainty: .bars),
      ], references: [.x(10, text), .y(0.5, text)])
  }

  static func legendChart(_ text: String) -> LineChart {
    var chart = lineChart(text)
    chart.naming = .legend
    return chart
  }

  static func grid(_ text: String) -> ChartGrid {
    let panel = ChartGrid.Panel(
      title: text, series: lineChart(text).series, references: [.x(10, text)])
    return ChartGrid(
      title: text, summary: text, x: Axis(text, scale: .logarithmic), y: .rate(text),
      panels: [[panel, panel], [nil, panel]], columnTitles: [text, text], rowTitles: [text, text])
  }

  static func dots(_ text: String) -> DotIntervalChart {
    DotIntervalChart(
      title: text, summary: text, axis: Axis(text, scale: .logarithmic),
      groups: [
        .init(
          text,
          rows: [
            .init(
              text, .estimate(300, lower: 100, upper: 900),
              replicates: [.between(100, 300), .atLeast(1000)]),
            .init(text, .atLeast(1000), style: 1, note: text), .init(text, .atMost(10), style: 2),
            .init(text, .between(30, 100), style: 3), .init(text, .missing),
          ])
      ], references: [.x(200, text)], styleLabels: [text, text])
  }

  static func table(_ text: String) -> Table {
    Table(
      caption: text,
      columns: [.init(text, isHeader: true), .init(text, .center), .number(text)],
      groups: [
        .init(
          title: text,
          rows: [
            [.text(text), .text(text), .heat(0.25, note: text)],
            [.text(text), .missing, .rate(0.5, lower: 0.4, upper: 0.6, count: 100)],
          ])
      ])
  }

  /// Nodes in which text never changes the layout.
  static func plainPage(_ text: String) -> Page {
    Page(
      title: text, subtitle: text,
      abstract: [
        .paragraph(.text(text), .emphasis(text), .strong(text), .code(text)), .note(.text(text)),
        .list([.text(text)]), .definitions([(text, .text(text))]), .link(.text(text), to: text),
        .element(.div, [.title: text, .id: text, .class: text, .ariaLabel: text], [.text(text)]),
      ],
      sections: [
        Section(text, body: [table(text).node], sections: [Section(text)]),
        Section(text, body: [.details(.text(text), [.element(.pre, [:], [.text(text)])])]),
      ], footer: [.text(text)], language: text)
  }

  /// A page with every text position there is.
  static func page(_ text: String) -> Page {
    var page = plainPage(text)
    let charts: [any Chart] = [lineChart(text), legendChart(text), grid(text), dots(text)]
    page.sections.append(
      Section(
        text,
        body: charts.map { Figure($0, caption: [.text(text)]).node } + [
          Transcript(
            heading: text,
            turns: [.init(role: text, text: text), .init(role: text, text: text, isMarked: true)]
          ).node
        ]))
    return page
  }
}
