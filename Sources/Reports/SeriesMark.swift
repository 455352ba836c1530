/// The colour and the mark of a series: seven colours, each with its own shape, so that colour is
/// never the only difference.
///
/// Colours: Okabe and Ito, "Color universal design" (2008), in an order in which neighbours differ
/// clearly.
enum SeriesMark {
  static let count = 7

  /// The class that sets the series' colour.
  static func name(_ style: Int) -> String {
    "series-\(index(style))"
  }

  private static func index(_ style: Int) -> Int {
    ((style % count) + count) % count
  }

  /// The mark at a point.
  static func node(
    _ style: Int, x: Double, y: Double, size: Double = 3.5, isHollow: Bool = false,
    title: String? = nil
  ) -> Node {
    let titles = title.map { [Node.element(.title, [:], [.text($0)])] } ?? []
    let className = isHollow ? "mark hollow" : "mark"
    func shape(_ corners: [(Double, Double)]) -> Node {
      .element(
        .path,
        [
          .class: className,
          .d: SVG.outline(corners.map { (x: x + $0.0 * size, y: y + $0.1 * size) }, closed: true),
        ], titles)
    }
    switch index(style) {
    case 1: return shape([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
    case 2: return shape([(0, -1.2), (1.15, 0.85), (-1.15, 0.85)])
    case 3: return shape([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
    case 4: return shape([(0, 1.2), (1.15, -0.85), (-1.15, -0.85)])
    case 5:
      return shape([
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2),
        (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
      ])
    case 6: return shape([(-0.7, -1.2), (0.7, -1.2), (1.3, 0), (0.7, 1.2), (-0.7, 1.2), (-1.3, 0)])
    default:
      return .element(
        .circle,
        [
          .cx: SVG.coordinate(x), .cy: SVG.coordinate(y), .r: SVG.coordinate(size),
          .class: className,
        ], titles)
    }
  }
}

/// The names of series above a chart, in as many rows as they need.
struct Legend {
  struct Entry: Hashable {
    var label: String
    var style: Int
    var hasLine: Bool
  }

  private static let rowHeight = 20.0
  private static let swatch = 26.0

  private let rows: [[(entry: Entry, label: String, x: Double)]]
  let height: Double

  /// Arranges the entries between `left` and `right`.
  init(_ entries: [Entry], left: Double, right: Double) {
    var rows: [[(entry: Entry, label: String, x: Double)]] = []
    var x = right
    for entry in entries {
      let label = TextWidth.fitted(entry.label, to: right - left - Legend.swatch)
      let width = Legend.swatch + TextWidth.estimate(label) + 14
      if x + width > right + 14 || rows.isEmpty {
        rows.append([])
        x = left
      }
      rows[rows.count - 1].append((entry, label, x))
      x += width
    }
    self.rows = rows
    height = Double(rows.count) * Legend.rowHeight
  }

  /// The legend with its upper edge at `y`.
  func node(y: Double) -> Node {
    .element(
      .g, [.class: "legend"],
      rows.enumerated().flatMap { index, row in
        row.map { entry, label, x in
          let middle = y + (Double(index) + 0.5) * Legend.rowHeight
          return .element(
            .g, [.class: SeriesMark.name(entry.style)],
            (entry.hasLine
              ? [SVG.line(x, middle, x + 20, middle, class: "line")] : [])
              + [
                SeriesMark.node(entry.style, x: x + 10, y: middle),
                SVG.text(label, x + Legend.swatch, middle + 4),
              ])
        }
      })
  }
}
