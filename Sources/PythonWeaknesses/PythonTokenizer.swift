/// The reason why a text is not Python, or not in the part of Python that the checker can read.
public struct PythonSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  public var line: Int
  public var reason: String

  public var description: String { "line \(line): \(reason)" }
}

struct PythonToken: Sendable {
  enum Kind: Sendable {
    case name, number, string, sign, newline, indent, dedent, end
  }

  var kind: Kind
  /// The text of the token. For a string it is the text between the quotes, with escapes as
  /// written.
  var text: String
  var line: Int
  /// A string's letters before the quote, in lower case.
  var prefix = ""
}

/// Splits Python text into tokens, with its indentation (Python language reference, chapter 2).
struct PythonTokenizer {
  private let text: [Unicode.Scalar]
  private var place = 0
  private var line: Int
  private var brackets: [Unicode.Scalar] = []
  /// Columns with tab widths of 8 and of 1: indentation must not depend on the width of a tab.
  private var indents: [(column: Int, narrow: Int)] = [(0, 0)]
  private var tokens: [PythonToken] = []

  static func tokens(
    of source: String, line: Int = 1
  ) throws(PythonSyntaxError) -> [PythonToken] {
    var tokenizer = PythonTokenizer(source, line: line)
    try tokenizer.run()
    return tokenizer.tokens
  }

  private init(_ source: String, line: Int) {
    var scalars: [Unicode.Scalar] = []
    for scalar in source.unicodeScalars {
      if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
      scalars.append(scalar)
    }
    text = scalars.map { $0 == "\r" ? "\n" : $0 }
    self.line = line
  }

  private func scalar(_ offset: Int = 0) -> Unicode.Scalar? {
    place + offset < text.count ? text[place + offset] : nil
  }

  private func fault(_ reason: String) -> PythonSyntaxError {
    PythonSyntaxError(line: line, reason: reason)
  }

  private mutating func add(_ kind: PythonToken.Kind, _ text: String) {
    tokens.append(PythonToken(kind: kind, text: text, line: line))
  }

  private mutating func run() throws(PythonSyntaxError) {
    var isLineStart = true
    while let next = scalar() {
      if isLineStart, brackets.isEmpty {
        isLineStart = false
        if try skippedBlankLine() {
          isLineStart = true
          continue
        }
        continue
      }
      switch next {
      case "\n":
        if brackets.isEmpty {
          add(.newline, "")
          isLineStart = true
        }
        place += 1
        line += 1
      case " ", "\t", "\u{c}": place += 1
      case "#": while let next = scalar(), next != "\n" { place += 1 }
      case "\\":
        guard scalar(1) == "\n", scalar(2) != nil else {
          throw fault("a backslash before no line")
        }
        place += 2
        line += 1
      default: try token(next)
      }
    }
    guard brackets.isEmpty else { throw fault("an open bracket is not closed") }
    if let last = tokens.last, last.kind != .newline, last.kind != .dedent { add(.newline, "") }
    for _ in indents.dropFirst() { add(.dedent, "") }
    add(.end, "")
  }

  /// Reads the indentation of a line; true if only space and a comment follow.
  private mutating func skippedBlankLine() throws(PythonSyntaxError) -> Bool {
    var (column, narrow) = (0, 0)
    loop: while let next = scalar() {
      switch next {
      case " ": (column, narrow) = (column + 1, narrow + 1)
      case "\t": (column, narrow) = ((column / 8 + 1) * 8, narrow + 1)
      case "\u{c}": (column, narrow) = (0, 0)
      default: break loop
      }
      place += 1
    }
    if scalar() == "#" { while let next = scalar(), next != "\n" { place += 1 } }
    guard let next = scalar() else { return true }
    if next == "\n" {
      place += 1
      line += 1
      return true
    }
    let last = indents[indents.count - 1]
    if column > last.column {
      guard narrow > last.narrow else { throw fault("tabs and spaces mixed") }
      indents.append((column, narrow))
      add(.indent, "")
      return false
    }
    while column < indents[indents.count - 1].column {
      indents.removeLast()
      add(.dedent, "")
    }
    let level = indents[indents.count - 1]
    guard level.column == column else { throw fault("the indentation fits no block") }
    guard level.narrow == narrow else { throw fault("tabs and spaces mixed") }
    return false
  }

  private static func startsName(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isXIDStart
  }

  private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
    scalar.map { ("0"..."9").contains($0) } ?? false
  }

  private mutating func token(_ first: Unicode.Scalar) throws(PythonSyntaxError) {
    if Self.startsName(first) {
      let start = place
      while let next = scalar(), Self.startsName(next) || next.properties.isXIDContinue {
        place += 1
      }
      let name = String(String.UnicodeScalarView(text[start..<place]))
      if let quote = scalar(), quote == "\"" || quote == "'",
        ["r", "u", "b", "f", "br", "rb", "fr", "rf"].contains(name.lowercased())
      {
        try string(prefix: name.lowercased(), quote)
      } else {
        add(.name, name)
      }
    } else if Self.isDigit(first) || (first == "." && Self.isDigit(scalar(1))) {
      try number()
    } else if first == "\"" || first == "'" {
      try string(prefix: "", first)
    } else {
      try sign(first)
    }
  }

  private static let signs: [[String]] = [
    ["**=", "//=", ">>=", "<<=", "..."],
    [
      "->", ":=", "==", "!=", "<=", ">=", "**", "//", "<<", ">>", "+=", "-=", "*=", "/=", "%=",
      "@=", "&=", "|=", "^=",
    ],
    "+-*/%@&|^~<>()[]{},:.;=".map { String($0) },
  ]

  private mutating func sign(_ first: Unicode.Scalar) throws(PythonSyntaxError) {
    for (index, signs) in Self.signs.enumerated() {
      let length = 3 - index
      guard place + length <= text.count else { continue }
      let sign = String(String.UnicodeScalarView(text[place..<place + length]))
      guard signs.contains(sign) else { continue }
      switch first {
      case "(", "[", "{": brackets.append(first)
      case ")", "]", "}":
        let open: Unicode.Scalar = first == ")" ? "(" : first == "]" ? "[" : "{"
        guard brackets.popLast() == open else { throw fault("'\(first)' closes no bracket") }
      default: break
      }
      add(.sign, sign)
      place += length
      return
    }
    throw fault("a character that no Python has here")
  }

  private mutating func number() throws(PythonSyntaxError) {
    let start = place
    while let next = scalar() {
      let isExponentSign =
        (next == "+" || next == "-") && place > start
        && "eE".unicodeScalars.contains(text[place - 1])
        && Self.isDigit(scalar(1))
        && !["0x", "0X"].contains(
          String(String.UnicodeScalarView(text[start..<min(start + 2, place)])))
      guard next == "." || next == "_" || next.properties.isXIDContinue || isExponentSign else {
        break
      }
      place += 1
    }
    let written = String(String.UnicodeScalarView(text[start..<place]))
    guard written.wholeMatch(of: Self.numberShape) != nil else {
      throw fault("'\(written)' is no number")
    }
    add(.number, written)
  }

  nonisolated(unsafe) private static let numberShape =
    /(?i)0x(_?[0-9a-f])+|0o(_?[0-7])+|0b(_?[01])+|0(_?0)*|[1-9](_?[0-9])*|([0-9](_?[0-9])*)?\.[0-9](_?[0-9])*(e[+-]?[0-9](_?[0-9])*)?j?|[0-9](_?[0-9])*\.?(e[+-]?[0-9](_?[0-9])*)j?|[0-9](_?[0-9])*\.j?|[0-9](_?[0-9])*j/

  /// Reads a string whose opening quote is next.
  private mutating func string(
    prefix: String, _ quote: Unicode.Scalar
  ) throws(PythonSyntaxError) {
    let isTriple = scalar(1) == quote && scalar(2) == quote
    let startLine = line
    place += isTriple ? 3 : 1
    let start = place
    while let next = scalar() {
      if next == quote, !isTriple || (scalar(1) == quote && scalar(2) == quote) {
        let body = text[start..<place]
        place += isTriple ? 3 : 1
        if !prefix.contains("r") { try checkEscapes(Array(body), isBytes: prefix.contains("b")) }
        if prefix.contains("b"), body.contains(where: { !$0.isASCII }) {
          throw fault("bytes hold a character that is not ASCII")
        }
        tokens.append(
          PythonToken(
            kind: .string, text: String(String.UnicodeScalarView(body)), line: startLine,
            prefix: prefix))
        return
      }
      if next == "\n" {
        guard isTriple else { break }
        line += 1
      }
      if next == "\\" {
        if scalar(1) == "\n" { line += 1 }
        place += 1
      }
      place += 1
    }
    throw fault("a string is not closed")
  }

  private func checkEscapes(
    _ body: [Unicode.Scalar], isBytes: Bool
  ) throws(PythonSyntaxError) {
    var index = 0
    while index + 1 < body.count {
      guard body[index] == "\\" else {
        index += 1
        continue
      }
      let letter = body[index + 1]
      let digits: [Unicode.Scalar: Int] = isBytes ? ["x": 2] : ["x": 2, "u": 4, "U": 8]
      if let count = digits[letter] {
        let found = body[(index + 2)...].prefix(count).prefix { $0.properties.isASCIIHexDigit }
        guard found.count == count else { throw fault("an escape of a string is cut off") }
      }
      if letter == "N", !isBytes, index + 2 >= body.count || body[index + 2] != "{" {
        throw fault("an escape of a string is cut off")
      }
      index += 2
    }
  }
}
