import Foundation

/// The rectangle in which a panel draws its data, in pixels.
struct PlotArea: Hashable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
}

/// The alignment of a text at its point.
enum TextAnchor: String {
  case start, middle, end
}

/// Pieces of drawings. Coordinates are pixels, y downwards.
enum SVG {
  /// A coordinate with at most two decimals; callers pass finite numbers only.
  static func coordinate(_ value: Double) -> String {
    precondition(value.isFinite, "a drawing has no place for \(value)")
    let hundredths = Int((min(max(value, -1e6), 1e6) * 100).rounded())
    let sign = hundredths < 0 ? "-" : ""
    let whole = hundredths.magnitude / 100
    let part = hundredths.magnitude % 100
    if part == 0 { return "\(sign)\(whole)" }
    if part % 10 == 0 { return "\(sign)\(whole).\(part / 10)" }
    return "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
  }

  /// A drawing with a name and a description for readers who cannot see it.
  static func drawing(
    title: String, summary: String, width: Double, height: Double, _ children: [Node]
  ) -> Node {
    .element(
      .svg,
      [
        .class: "chart", .role: "img", .ariaLabel: title,
        .viewBox: "0 0 \(coordinate(width)) \(coordinate(height))",
        .width: coordinate(width), .height: coordinate(height),
        .xmlns: "http://www.w3.org/2000/svg",
      ],
      [.element(.title, [:], [.text(title)]), .element(.desc, [:], [.text(summary)])] + children)
  }

  static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String
  ) -> Node {
    .element(
      .line,
      [
        .x1: coordinate(x1), .y1: coordinate(y1), .x2: coordinate(x2), .y2: coordinate(y2),
        .class: name,
      ])
  }

  static func path(_ d: String, class name: String, title: String? = nil) -> Node {
    .element(
      .path, [.d: d, .class: name], title.map { [.element(.title, [:], [.text($0)])] } ?? [])
  }

  /// The path through points: a line, or a closed outline.
  static func outline(_ points: [(x: Double, y: Double)], closed: Bool = false) -> String {
    guard let first = points.first else { return "" }
    var d = "M\(coordinate(first.x)) \(coordinate(first.y))"
    for point in points.dropFirst() { d += "L\(coordinate(point.x)) \(coordinate(point.y))" }
    return closed ? d + "Z" : d
  }

  static func text(
    _ text: String, _ x: Double, _ y: Double, anchor: TextAnchor = .start,
    class name: String = "", rotated degrees: Double? = nil
  ) -> Node {
    var attributes: [AttributeName: String] = [.x: coordinate(x), .y: coordinate(y)]
    if anchor != .start { attributes[.textAnchor] = anchor.rawValue }
    if !name.isEmpty { attributes[.class] = name }
    if let degrees {
      attributes[.transform] = "rotate(\(coordinate(degrees)) \(coordinate(x)) \(coordinate(y)))"
    }
    return .element(.text, attributes, [.text(text)])
  }

  /// The data area of a drawing. Parts more than `margin` outside it are clipped.
  static func clipped(to area: PlotArea, margin: Double, _ children: [Node]) -> Node {
    let x = coordinate(area.x - margin)
    let y = coordinate(area.y - margin)
    let width = coordinate(area.width + 2 * margin)
    let height = coordinate(area.height + 2 * margin)
    // An inner drawing clips at its edge and needs no unique name on the page.
    return .element(
      .svg,
      [
        .x: x, .y: y, .width: width, .height: height, .viewBox: "\(x) \(y) \(width) \(height)",
      ], children)
  }
}

/// An estimate of the width of text, for layout without a font.
enum TextWidth {
  /// The width of text in pixels in a sans-serif font of `size` pixels. It is an upper estimate.
  static func estimate(_ text: String, size: Double = 12, isBold: Bool = false) -> Double {
    text.unicodeScalars.reduce(0) { $0 + advance($1) } * size * (isBold ? 1.12 : 1)
  }

  /// Text cut to a width, with an ellipsis if it was cut.
  static func fitted(
    _ text: String, to width: Double, size: Double = 12, isBold: Bool = false
  ) -> String {
    let line = TerminalText.line(text)
    guard estimate(line, size: size, isBold: isBold) > width else { return line }
    var kept = ""
    var used = estimate("…", size: size, isBold: isBold)
    for character in line {
      let next = estimate(String(character), size: size, isBold: isBold)
      if used + next > width { break }
      kept.append(character)
      used += next
    }
    return kept + "…"
  }

  /// Widths in em, from DejaVu Sans, the widest font of the stylesheet's list.
  private static func advance(_ scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "'", "|", ".", ",", ":", ";", "!", "I": return 0.31
    case " ", "f", "t", "r", "(", ")", "[", "]", "/", "-": return 0.39
    case "m", "M", "W", "w", "@", "%": return 0.9
    case "A"..."Z", "&", "_": return 0.7
    case "≥", "≤", "×", "−", "+", "=", "<", ">": return 0.84
    case "…": return 1
    case _ where scalar.value < 0x2500: return 0.615
    default: return 1.05
    }
  }
}
