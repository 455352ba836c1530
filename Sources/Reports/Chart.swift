/// A chart as a value: it can be drawn, and read as a table.
public protocol Chart: Sendable {
  /// What the chart shows, in a few words: its accessible name.
  var title: String { get }
  /// What there is to see, in a sentence or two, for those who cannot see it.
  var summary: String { get }
  /// The drawing, an `svg` element.
  var drawing: Node { get }
  /// The data behind the drawing.
  var table: Table { get }
}

extension Chart {
  /// The drawing as an SVG file of its own, with its stylesheet, for a paper or a README.
  public var svg: String {
    guard case .element(let name, let attributes, let children) = drawing.content else { return "" }
    let style = Node.element(
      .style, [:], [Stylesheet.colors, .chart].map { Node(.unescapedStylesheet($0)) })
    return Node.element(name, attributes, [style] + children).render()
  }
}

/// A chart on a page, with its caption and, folded, its data.
public struct Figure: Sendable {
  public var chart: any Chart
  /// What the reader should see in it; numbered by the page.
  public var caption: [Node]
  /// Whether the table behind the chart follows it.
  public var showsData: Bool

  public init(_ chart: any Chart, caption: [Node], showsData: Bool = true) {
    self.chart = chart
    self.caption = caption
    self.showsData = showsData
  }

  /// The figure as a block of the page.
  public var node: Node {
    .element(
      .figure, [:],
      [
        .element(.div, [.class: "scroll", .tabindex: "0"], [chart.drawing]),
        .element(
          .figcaption, [:],
          [.strong(chart.title + "."), " "] + caption),
      ]
        + (showsData ? [.details("Data of this figure", [chart.table.bareNode])] : []))
  }
}
