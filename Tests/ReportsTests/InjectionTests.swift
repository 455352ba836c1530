import Text
import Reports
import Testing

/// Text from models and users in every place where a report shows text.
@Suite struct InjectionTests {
  static let elements: Set<String> = [
    "a", "aside", "body", "caption", "circle", "code", "dd", "desc", "details", "div", "dl", "dt",
    "em", "figcaption", "figure", "footer", "g", "h1", "h2", "h3", "head", "header", "html", "li",
    "line", "main", "meta", "nav", "ol", "p", "path", "pre", "section", "span", "strong", "style",
    "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
  ]
  static let attributes: Set<String> = [
    "aria-label", "charset", "class", "colspan", "content", "cx", "cy", "d", "height", "href",
    "http-equiv", "id", "lang", "name", "r", "role", "scope", "style", "tabindex", "text-anchor",
    "title", "transform", "viewBox", "width", "x", "x1", "x2", "xmlns", "y", "y1", "y2",
  ]

  @Test func thereAreEnoughPayloads() {
    #expect(Set(Payloads.markup).count >= 60)
    #expect(Set(Payloads.terminal).count >= 80)
  }

  // By index: the runner prints arguments, and these are not for printing.
  @Test(arguments: Payloads.markup.indices)
  func payloadsStayText(_ index: Int) throws {
    let payload = Payloads.markup[index]
    let html = Samples.page(payload).render()
    let root = try MarkupParser.parse(html)
    for element in root.all {
      #expect(Self.elements.contains(element.name))
      for (name, value) in element.attributes {
        #expect(Self.attributes.contains(name))
        switch name {
        case "href": #expect(value.wholeMatch(of: /#[a-z0-9-]+/) != nil)
        case "style": #expect(value.wholeMatch(of: /--tint:[0-9]+%/) != nil)
        case "d": #expect(value.wholeMatch(of: /[MLZ0-9. -]*/) != nil)
        case "content", "http-equiv", "charset", "name", "xmlns":
          #expect(element.name == "meta" || element.name == "svg")
        default: break
        }
      }
    }
    #expect(root.all.filter { $0.name == "style" }.count == 1)
    #expect(root.all.filter { $0.name == "meta" }.count == 5)
    #expect(!html.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    #expect(!html.unicodeScalars.contains { (0x7f...0x9f).contains($0.value) })

    // Nothing is lost: what the reader sees is the payload.
    let title = root.all.first { $0.name == "h1" }
    #expect(title?.text == visible(payload))
    let marked = root.all.first { $0.attribute("class") == "turn marked" }
    let said = marked?.children.last.map { model in
      // Escapes stand in spans of their own, in order with the text around them.
      model.wholeText.filter { $0 != " " }
    }
    #expect(said?.count == visible(payload).filter { $0 != " " }.count)
  }

  @Test(arguments: Payloads.markup.indices)
  func payloadsChangeNoStructure(_ index: Int) throws {
    let payload = Payloads.markup[index]
    func skeleton(_ text: String) throws -> [String] {
      try MarkupParser.parse(Samples.plainPage(text).render()).all.map { element in
        ([element.name] + element.attributes.map(\.name)).joined(separator: " ")
      }
    }
    #expect(try skeleton(payload) == skeleton("plain"))
  }

  @Test(arguments: Payloads.markup.indices)
  func drawingsStayDrawings(_ index: Int) throws {
    let payload = Payloads.markup[index]
    let charts: [any Chart] = [
      Samples.lineChart(payload), Samples.legendChart(payload), Samples.grid(payload),
      Samples.dots(payload),
    ]
    for chart in charts {
      let root = try MarkupParser.parse(chart.svg)
      #expect(
        Set(root.all.map(\.name)).isSubset(of: [
          "circle", "desc", "g", "line", "path", "style", "svg", "text", "title",
        ]))
      #expect(root.children.first { $0.name == "title" }?.text == visible(payload))
      #expect(root.attribute("role") == "img")
    }
  }

  @Test func pagesNameNoAddressButTheSVGNamespace() {
    let html = Samples.page("text").render()
      .replacing("http://www.w3.org/2000/svg", with: "")
    #expect(!html.contains("://"))
    #expect(!html.contains("url("))
    #expect(!html.contains("@import"))
    #expect(!html.contains("<script"))
    #expect(
      html.contains(
        "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:;"))
  }

  @Test(arguments: Payloads.all.indices)
  func nothingReachesATerminalRaw(_ index: Int) {
    let payload = Payloads.all[index]
    let table = Samples.table(payload)
    let texts = [
      visible(payload), TerminalText.line(payload), table.csv, table.plainText, table.jsonLines,
      table.node.render(),
    ]
    for text in texts {
      let raw = text.unicodeScalars.filter { scalar in
        switch scalar.value {
        case 0x09, 0x0a: return false
        case 0x0d: return text != table.csv
        default:
          return scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            || scalar.properties.generalCategory == .format
            || scalar.properties.isDefaultIgnorableCodePoint
        }
      }
      #expect(raw.isEmpty)
    }
    #expect(!TerminalText.line(payload).contains("\n"))
    // RFC 4180 ends rows with CRLF; no other carriage return may be left.
    #expect(
      !table.csv.replacing("\r\n", with: "").unicodeScalars.contains("\r"))
  }
}
