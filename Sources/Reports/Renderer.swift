import Text

extension Node {
  /// The node as HTML5 text that is also well-formed XML: every element is closed and every
  /// attribute is quoted.
  public func render() -> String {
    var output = ""
    render(into: &output)
    return output
  }

  private func render(into output: inout String) {
    switch content {
    case .text(let text):
      appendEscaped(text, to: &output, inAttribute: false)
    case .fragment(let children):
      for child in children { child.render(into: &output) }
    case .unescapedStylesheet(let stylesheet):
      output += stylesheet.text
    case .element(let name, let attributes, let children):
      output += "<" + name.name
      for (attribute, value) in attributes.sorted(by: { $0.key.name < $1.key.name }) {
        output += " " + attribute.name + "=\""
        appendEscaped(value, to: &output, inAttribute: true)
        output += "\""
      }
      if children.isEmpty && mayCloseItself.contains(name) {
        output += "/>"
      } else {
        output += ">"
        for child in children { child.render(into: &output) }
        output += "</" + name.name + ">"
      }
      // Line breaks are written only where HTML and SVG ignore them.
      if standsOnItsOwnLine.contains(name) { output += "\n" }
    }
  }
}

/// Escapes text for its context: the five characters of markup, and in attributes also the white
/// space that a parser would change.
private func appendEscaped(_ text: String, to output: inout String, inAttribute: Bool) {
  let text = visible(text)
  // Most texts are numbers and words.
  if text.utf8.allSatisfy({ !needsEscape.contains($0) }) {
    output += text
    return
  }
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": output += "&amp;"
    case "<": output += "&lt;"
    case ">": output += "&gt;"
    case "\"": output += "&quot;"
    case "'": output += "&#39;"
    case "\n" where inAttribute: output += "&#10;"
    case "\t" where inAttribute: output += "&#9;"
    default: output.unicodeScalars.append(scalar)
    }
  }
}

private let needsEscape: Set<UInt8> = Set("&<>\"'\n\t".utf8)

/// HTML's void elements and SVG's shapes; any other empty element must have an end tag in HTML.
private let mayCloseItself: Set<ElementName> = [.br, .meta, .circle, .line, .path, .rect]

private let standsOnItsOwnLine: Set<ElementName> = [
  .article, .aside, .blockquote, .body, .caption, .circle, .dd, .desc, .details, .div, .dl,
  .figcaption, .figure, .footer, .g, .h1, .h2, .h3, .h4, .head, .header, .html, .li, .line, .main,
  .meta, .nav, .ol, .p, .path, .pre, .rect, .section, .style, .summary, .svg, .table, .tbody, .text,
  .thead, .title, .tr, .ul,
]
