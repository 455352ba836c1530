/// A chart as a value, with a drawing and a table.
public protocol Chart: Sendable {
  /// The title in a few words. It is the chart's accessible name.
  var title: String { get }
  /// A description in one or two sentences, for readers who cannot see the drawing.
  var summary: String { get }
  /// The drawing, an `svg` element.
  var drawing: Node { get }
  /// The data behind the drawing.
  var table: Table { get }
}

extension Chart {
  /// The drawing as a separate SVG file with its stylesheet, for a paper or a README.
  public var svg: String {
    guard case .element(let name, let attributes, let children) = drawing.content else { return "" }
    let style = Node.element(
      .style, [:], [Stylesheet.colors, .chart].map { Node(.unescapedStylesheet($0)) })
    return Node.element(name, attributes, [style] + children).render()
  }
}

/// A chart on a page, with its caption and its data, which is folded.
public struct Figure: Sendable {
  public var chart: any Chart
  /// The caption, which says what to see in the figure. The page adds the number.
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
