/// A part of a page with a heading, an anchor and an entry in the table of contents.
public struct Section: Hashable, Sendable {
  /// The heading.
  public var title: String
  /// The text of the anchor; nil uses the title.
  public var anchor: String?
  /// The content under the heading.
  public var body: [Node]
  /// Subsections, after the body.
  public var sections: [Section]

  public init(
    _ title: String, anchor: String? = nil, body: [Node] = [], sections: [Section] = []
  ) {
    self.title = title
    self.anchor = anchor
    self.body = body
    self.sections = sections
  }
}

/// A report: one self-contained HTML file.
///
/// It has no script, no external resource and no font to load. A content security policy forbids
/// these in addition to the renderer's escaping. Light or dark colours follow the reader's system.
/// Print is light, without folded parts and navigation.
public struct Page: Hashable, Sendable {
  /// The title, in the window and at the head of the page.
  public var title: String
  /// One sentence under the title.
  public var subtitle: String
  /// A summary of the page before its first section.
  public var abstract: [Node]
  /// The parts of the page.
  public var sections: [Section]
  /// Provenance, at the end of the page.
  public var footer: [Node]
  /// The language of the page's own text (BCP 47).
  public var language: String

  public init(
    title: String, subtitle: String = "", abstract: [Node] = [], sections: [Section] = [],
    footer: [Node] = [], language: String = "en"
  ) {
    self.title = title
    self.subtitle = subtitle
    self.abstract = abstract
    self.sections = sections
    self.footer = footer
    self.language = language
  }

  /// The policy in the head of every page: nothing is loaded, nothing runs, nothing is sent.
  ///
  /// `base-uri` and `form-action` are named because `default-src` does not cover them (CSP level
  /// 3).
  public static let contentSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    + "form-action 'none'"

  /// The whole file. Equal pages give equal bytes.
  public func render() -> String {
    "<!DOCTYPE html>\n" + document.render()
  }

  private var document: Node {
    let parts = Anchored.number(sections)
    var count = FigureCount()
    return count.numbered(whole(parts))
  }

  private func whole(_ parts: [Anchored]) -> Node {
    .element(
      .html, [.lang: language],
      [
        .element(.head, [:], head),
        .element(
          .body, [:],
          [
            .element(
              .header, [:],
              [.element(.h1, [:], [.text(title)])]
                + (subtitle.isEmpty
                  ? [] : [.element(.p, [.class: "subtitle"], [.text(subtitle)])])
                // The answer first.
                + (abstract.isEmpty ? [] : [.element(.div, [.class: "abstract"], abstract)])),
            contents(parts),
            .element(.main, [:], parts.map { $0.node(level: 2) }),
            footer.isEmpty ? .empty : .element(.footer, [:], footer),
          ]),
      ])
  }

  private var head: [Node] {
    [
      .element(.meta, [.charset: "utf-8"]),
      .element(
        .meta, [.httpEquiv: "Content-Security-Policy", .content: Page.contentSecurityPolicy]),
      .element(
        .meta, [.metaName: "viewport", .content: "width=device-width, initial-scale=1"]),
      .element(.meta, [.metaName: "referrer", .content: "no-referrer"]),
      .element(.meta, [.metaName: "color-scheme", .content: "light dark"]),
      .element(.title, [:], [.text(title)]),
      .element(
        .style, [:], [Stylesheet.colors, .page, .chart].map { Node(.unescapedStylesheet($0)) }),
    ]
  }

  private func contents(_ parts: [Anchored]) -> Node {
    guard parts.count > 1 else { return .empty }
    return .element(
      .nav, [.ariaLabel: "Contents"],
      [.element(.p, [.class: "contents"], ["Contents"]), Anchored.list(parts, depth: 2)])
  }
}

/// Gives every figure and every table with a caption an anchor with its number, and a link to it.
/// The number is the one that the stylesheet counts.
private struct FigureCount {
  var figures = 0
  var tables = 0

  mutating func numbered(_ node: Node) -> Node {
    switch node.content {
    case .text, .unescapedStylesheet: return node
    case .fragment(let children): return .fragment(children.map { numbered($0) })
    case .element(let name, var attributes, let children):
      var link: Node?
      if name == .figure {
        figures += 1
        attributes[.id] = "figure-\(figures)"
        link = Self.link(to: "figure-\(figures)", "Link to this figure")
      } else if name == .table, children.contains(where: { $0.isElement(.caption) }) {
        tables += 1
        attributes[.id] = "table-\(tables)"
        link = Self.link(to: "table-\(tables)", "Link to this table")
      }
      return .element(
        name, attributes,
        children.map { child in
          var child = child
          if let link, case .element(let inner, let own, let content) = child.content,
            inner == .caption || inner == .figcaption
          {
            child = .element(inner, own, content + [" ", link])
          }
          return numbered(child)
        })
    }
  }

  private static func link(to anchor: String, _ label: String) -> Node {
    .element(.a, [.class: "anchor", .href: "#" + anchor, .ariaLabel: label], ["#"])
  }
}

extension Node {
  fileprivate func isElement(_ wanted: ElementName) -> Bool {
    if case .element(let name, _, _) = content { name == wanted } else { false }
  }
}

/// A section with an anchor that no other section of the page has.
private struct Anchored {
  let title: String
  let anchor: String
  let body: [Node]
  let parts: [Anchored]

  static func number(_ sections: [Section]) -> [Anchored] {
    var taken: Set<String> = []
    return number(sections, taken: &taken)
  }

  private static func number(_ sections: [Section], taken: inout Set<String>) -> [Anchored] {
    sections.map { section in
      let base = Reports.anchor(of: section.anchor ?? section.title)
      var unique = base
      var count = 1
      while !taken.insert(unique).inserted {
        count += 1
        unique = "\(base)-\(count)"
      }
      return Anchored(
        title: section.title, anchor: unique, body: section.body,
        parts: number(section.sections, taken: &taken))
    }
  }

  func node(level: Int) -> Node {
    let heading: ElementName = level <= 2 ? .h2 : level == 3 ? .h3 : .h4
    return .element(
      .section, [.id: anchor],
      [
        .element(
          heading, [:],
          [
            .text(title), " ",
            .element(
              .a, [.class: "anchor", .href: "#" + anchor, .ariaLabel: "Link to this section"],
              ["#"]),
          ])
      ] + body + parts.map { $0.node(level: level + 1) })
  }

  static func list(_ parts: [Anchored], depth: Int) -> Node {
    .element(
      .ol, [:],
      parts.map { part in
        .element(
          .li, [:],
          [.element(.a, [.href: "#" + part.anchor], [.text(part.title)])]
            + (depth > 1 && !part.parts.isEmpty ? [list(part.parts, depth: depth - 1)] : []))
      })
  }
}
