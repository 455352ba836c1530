import Foundation
import Reports
import Testing

@Suite struct PageTests {
  static let page = Page(
    title: "A study", subtitle: "Two sizes",
    abstract: [.paragraph("What it ", .emphasis("says"), ".")],
    sections: [
      Section("Rates", body: [TableTests.sample.node], sections: [Section("By size")]),
      Section("Rates", body: [.paragraph("See ", .link("the first", to: "Rates"), ".")]),
      Section("漢字"),
    ], footer: [.paragraph("Provenance")])

  @Test func snapshot() throws {
    try expectSnapshot(Self.page.render(), named: "page.html")
  }

  @Test func everyLinkLeadsToOneSection() throws {
    let root = try MarkupParser.parse(Self.page.render())
    let ids = root.all.compactMap { $0.attribute("id") }
    #expect(ids == ["rates", "table-1", "by-size", "rates-2", "section"])
    let links = root.all.filter { $0.name == "a" }.compactMap { $0.attribute("href") }
    #expect(links.count == 10)
    for link in links { #expect(ids.contains(String(link.dropFirst()))) }
  }

  @Test(arguments: [
    ("Half-lives", "half-lives"), ("  A & B  ", "a-b"), ("", "section"), ("漢字", "section"),
    ("\"><script>", "script"), ("Déjà vu 2", "d-j-vu-2"),
  ])
  func anchors(_ title: String, _ expected: String) {
    #expect(anchor(of: title) == expected)
  }

  @Test func attributesAreEscapedForTheirPlace() {
    let node = Node.element(.div, [.title: "a\n\t\"b\"", .class: "<&>"], [.text("a\n\t\"b\"")])
    #expect(
      node.render()
        == "<div class=\"&lt;&amp;&gt;\" title=\"a&#10;&#9;&quot;b&quot;\">"
        + "a\n\t&quot;b&quot;</div>\n"
    )
  }

  /// The colours of the stylesheet: those of the root, then what dark changes.
  private func colors(dark: Bool) -> [String: String] {
    let css = Self.page.render()
    let parts = css.components(separatedBy: "prefers-color-scheme: dark")
    var colors: [String: String] = [:]
    for match in parts[dark ? 1 : 0].matches(of: /--([a-z0-9-]+): (#[0-9a-f]{6});/) {
      colors[String(match.1)] = String(match.2)
    }
    return colors
  }

  /// WCAG 2.2, relative luminance and contrast ratio.
  private func contrast(_ a: String, _ b: String) -> Double {
    func luminance(_ hex: String) -> Double {
      let value = Int(hex.dropFirst(), radix: 16) ?? 0
      let channels = [value >> 16, value >> 8 & 255, value & 255].map { channel in
        let c = Double(channel) / 255
        return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    let (x, y) = (luminance(a), luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  @Test(arguments: [false, true])
  func textIsLegible(dark: Bool) throws {
    #expect(contrast("#000000", "#ffffff") == 21)
    let colors = colors(dark: dark)
    #expect(colors.count == 25)
    func ratio(_ a: String, _ b: String) throws -> Double {
      contrast(try #require(colors[a]), try #require(colors[b]))
    }
    // Text on a tint of any strength: the tints lie between these two.
    #expect(try ratio("ink", "heat") >= 4.5)
    #expect(try ratio("ink", "heat-zero") >= 7)
    for (a, b) in [
      ("ink", "paper"), ("muted", "paper"), ("muted", "wash"), ("ink", "wash"), ("link", "paper"),
      ("escape", "wash"),
    ] {
      #expect(try ratio(a, b) >= 4.5, "\(a) on \(b)")
    }
    for index in 0..<7 {
      #expect(try ratio("series-text-\(index)", "paper") >= 4.5, "name \(index)")
      #expect(try ratio("series-\(index)", "paper") >= 3, "mark \(index)")
    }
  }
}
