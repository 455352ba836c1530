/// An element as a strict parser reads it.
struct ParsedElement {
  var name: String
  var attributes: [(name: String, value: String)] = []
  var children: [ParsedElement] = []
  /// The text directly in the element, references resolved.
  var text = ""

  /// The element and everything in it.
  var all: [ParsedElement] {
    [self] + children.flatMap(\.all)
  }

  func attribute(_ name: String) -> String? {
    attributes.first { $0.name == name }?.value
  }

  /// All text in the element.
  var wholeText: String {
    text + children.map(\.wholeText).joined(separator: " ")
  }
}

struct MarkupError: Error, CustomStringConvertible {
  var description: String
}

/// Reads the subset of HTML that is well-formed XML, and throws at anything else.
struct MarkupParser {
  private var rest: Substring.UnicodeScalarView

  /// The root element of a document or fragment of one element.
  static func parse(_ text: String) throws -> ParsedElement {
    var parser = MarkupParser(rest: Substring(text).unicodeScalars)
    if text.hasPrefix("<!DOCTYPE html>\n") { parser.rest.removeFirst(16) }
    let root = try parser.element()
    guard parser.rest.allSatisfy({ $0 == "\n" }) else {
      throw MarkupError(description: "text after the root: \(String(parser.rest.prefix(40)))")
    }
    return root
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.starts(with: text.unicodeScalars) else { return false }
    rest.removeFirst(text.unicodeScalars.count)
    return true
  }

  private mutating func expect(_ text: String) throws {
    guard take(text) else {
      throw MarkupError(description: "expected \(text) at \(String(rest.prefix(40)))")
    }
  }

  private mutating func name() throws -> String {
    let name = rest.prefix { $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" }
    guard !name.isEmpty else {
      throw MarkupError(description: "no name at \(String(rest.prefix(40)))")
    }
    rest.removeFirst(name.count)
    return String(name)
  }

  private mutating func element() throws -> ParsedElement {
    try expect("<")
    var element = ParsedElement(name: try name())
    while take(" ") {
      let name = try name()
      try expect("=\"")
      let raw = rest.prefix { $0 != "\"" }
      rest.removeFirst(raw.count)
      try expect("\"")
      guard element.attribute(name) == nil else {
        throw MarkupError(description: "\(name) twice in \(element.name)")
      }
      element.attributes.append((name, try resolved(String(raw))))
    }
    if take("/>") { return element }
    try expect(">")
    if element.name == "style" {
      // Raw text: HTML ends it at the first end tag, whatever stands before.
      let end = "</style>".unicodeScalars
      while !rest.starts(with: end) {
        guard let scalar = rest.popFirst() else { throw MarkupError(description: "open style") }
        element.text.unicodeScalars.append(scalar)
      }
      try expect("</style>")
      return element
    }
    while true {
      let raw = rest.prefix { $0 != "<" }
      rest.removeFirst(raw.count)
      element.text += try resolved(String(raw))
      guard !rest.isEmpty else { throw MarkupError(description: "\(element.name) is not closed") }
      if take("</") {
        let closing = try name()
        try expect(">")
        guard closing == element.name else {
          throw MarkupError(description: "\(element.name) closed by \(closing)")
        }
        return element
      }
      element.children.append(try self.element())
    }
  }

  /// Text with its references resolved; a bare ampersand, quote or angle is an error.
  private func resolved(_ raw: String) throws -> String {
    let references = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'", "#10": "\n", "#9": "\t",
    ]
    var result = ""
    var rest = Substring(raw).unicodeScalars
    while let scalar = rest.popFirst() {
      if ["<", ">", "\"", "'"].contains(scalar) {
        throw MarkupError(description: "bare \(scalar) in \(raw.prefix(40))")
      }
      guard scalar == "&" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let name = String(rest.prefix { $0 != ";" })
      guard let value = references[name] else {
        throw MarkupError(description: "unknown reference \(name.prefix(20))")
      }
      rest.removeFirst(name.unicodeScalars.count + 1)
      result += value
    }
    return result
  }
}
