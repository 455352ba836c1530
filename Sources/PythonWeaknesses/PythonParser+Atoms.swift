/// Names, literals and expressions in brackets.
extension PythonParser {
  mutating func atom() throws(PythonSyntaxError) -> PythonExpression {
    switch next.kind {
    case .number: return .number(advance().text)
    case .string: return try strings()
    case .name:
      if ["True", "False", "None"].contains(next.text) { return .constant(advance().text) }
      return .name(try name())
    case .sign:
      switch next.text {
      case "...": return .constant(advance().text)
      case "(": return try parentheses()
      case "[": return try list()
      case "{": return try braces()
      default: throw unexpected()
      }
    default: throw unexpected()
    }
  }

  private mutating func parentheses() throws(PythonSyntaxError) -> PythonExpression {
    _ = advance()
    if takes(")") { return .display("(", []) }
    if sees("yield") {
      let value = try yielded()
      try expect(")")
      return value
    }
    let (parts, isTuple) = try elements(until: ")")
    if !isTuple, case .comprehension = parts[0] { return parts[0] }
    if !isTuple, case .starred = parts[0] { throw fault("'*' does not belong here") }
    return isTuple ? .display("(", parts) : parts[0]
  }

  private mutating func list() throws(PythonSyntaxError) -> PythonExpression {
    _ = advance()
    if takes("]") { return .display("[", []) }
    return .display("[", try elements(until: "]").parts)
  }

  /// Elements and the closing bracket, or one comprehension.
  private mutating func elements(
    until end: String
  ) throws(PythonSyntaxError) -> (parts: [PythonExpression], hasComma: Bool) {
    func isStarred(_ value: PythonExpression) -> Bool {
      if case .starred = value { return true }
      return false
    }
    var parts = [sees("*") ? try starExpression() : try namedExpression()]
    if sees("for") || sees("async"), !isStarred(parts[0]) {
      parts = [.comprehension(parts, try clauses())]
      try expect(end)
      return (parts, false)
    }
    var hasComma = false
    while takes(",") {
      hasComma = true
      if sees(end) { break }
      parts.append(sees("*") ? try starExpression() : try namedExpression())
    }
    try expect(end)
    return (parts, hasComma)
  }

  private mutating func braces() throws(PythonSyntaxError) -> PythonExpression {
    _ = advance()
    if takes("}") { return .dictionary([]) }
    if !sees("**") {
      let first = sees("*") ? try starExpression() : try namedExpression()
      guard sees(":") else { return try set(first) }
      if case .starred = first { throw unexpected() }
      _ = advance()
      let value = try expression()
      if sees("for") || sees("async") {
        let result = PythonExpression.comprehension([first, value], try clauses())
        try expect("}")
        return result
      }
      return .dictionary([(first, value)] + (try pairs()))
    }
    _ = advance()
    let first = try operation(0)
    return .dictionary([(nil, first)] + (try pairs()))
  }

  private mutating func set(
    _ first: PythonExpression
  ) throws(PythonSyntaxError) -> PythonExpression {
    var parts = [first]
    if sees("for") || sees("async") {
      if case .starred = first { throw unexpected() }
      parts = [.comprehension(parts, try clauses())]
    } else {
      while takes(","), !sees("}") {
        parts.append(sees("*") ? try starExpression() : try namedExpression())
      }
    }
    try expect("}")
    return .display("{", parts)
  }

  /// The rest of a dictionary after its first pair, with the closing bracket.
  private mutating func pairs() throws(PythonSyntaxError) -> [(
    key: PythonExpression?, value: PythonExpression
  )] {
    var pairs: [(key: PythonExpression?, value: PythonExpression)] = []
    while takes(","), !sees("}") {
      if takes("**") {
        pairs.append((nil, try operation(0)))
      } else {
        let key = try expression()
        try expect(":")
        pairs.append((key, try expression()))
      }
    }
    try expect("}")
    return pairs
  }

  // MARK: Strings

  /// Adjacent strings.
  private mutating func strings() throws(PythonSyntaxError) -> PythonExpression {
    var parts: [PythonExpression] = []
    var (text, isBytes, isFormatted) = ("", false, false)
    let isFirstBytes = next.prefix.contains("b")
    while next.kind == .string {
      let token = advance()
      isBytes = token.prefix.contains("b")
      guard isBytes == isFirstBytes else { throw fault("bytes beside a string") }
      if token.prefix.contains("f") {
        isFormatted = true
        parts.append(contentsOf: try fields(Array(token.text.unicodeScalars), token, depth: 0))
      } else {
        parts.append(.string(token.text, isBytes: isBytes))
        text += token.text
      }
    }
    return isFormatted ? .formatted(parts) : .string(text, isBytes: isBytes)
  }

  /// The literal parts and the fields of an f-string or of a field's format.
  private func fields(
    _ text: [Unicode.Scalar], _ token: PythonToken, depth: Int
  ) throws(PythonSyntaxError) -> [PythonExpression] {
    func fault(_ reason: String) -> PythonSyntaxError {
      PythonSyntaxError(line: token.line, reason: reason)
    }
    guard depth < 3 else { throw fault("fields nested too deeply") }
    var (parts, literal) = ([PythonExpression](), String.UnicodeScalarView())
    var index = 0
    while index < text.count {
      let next = text[index]
      let isDouble = index + 1 < text.count && text[index + 1] == next && depth == 0
      if next == "{" || next == "}", isDouble {
        literal.append(next)
        index += 2
      } else if next == "}" {
        throw fault("'}' closes no field")
      } else if next == "{" {
        if !literal.isEmpty { parts.append(.string(String(literal), isBytes: false)) }
        literal = String.UnicodeScalarView()
        let field = try field(Array(text[(index + 1)...]), token)
        parts.append(try expression(of: field.source, token))
        parts.append(contentsOf: try fields(field.format, token, depth: depth + 1))
        index += 1 + field.length
      } else {
        literal.append(next)
        index += 1
      }
    }
    if !literal.isEmpty { parts.append(.string(String(literal), isBytes: false)) }
    return parts
  }

  private func expression(
    of source: [Unicode.Scalar], _ token: PythonToken
  ) throws(PythonSyntaxError) -> PythonExpression {
    let text = String(String.UnicodeScalarView(source))
    guard text.contains(where: { !$0.isWhitespace }), !text.contains("\\"), !text.contains("#")
    else { throw PythonSyntaxError(line: token.line, reason: "a field holds no expression") }
    var parser = PythonParser(try PythonTokenizer.tokens(of: "(" + text + ")", line: token.line))
    // Nested fields and strings share the depth limit of one text.
    parser.depth = depth + 8
    _ = parser.advance()
    let value = parser.sees("yield") ? try parser.yielded() : try parser.starOrNamed()
    try parser.expect(")")
    guard parser.next.kind == .newline else { throw parser.unexpected() }
    return value
  }

  mutating func starOrNamed() throws(PythonSyntaxError) -> PythonExpression {
    token(after: 1).text == ":=" ? try namedExpression() : try starExpressions()
  }

  /// The content of a field's brackets: the expression, the format, and the length of both with the
  /// closing bracket.
  private func field(
    _ text: [Unicode.Scalar], _ token: PythonToken
  ) throws(PythonSyntaxError) -> (source: [Unicode.Scalar], format: [Unicode.Scalar], length: Int) {
    func fault(_ reason: String) -> PythonSyntaxError {
      PythonSyntaxError(line: token.line, reason: reason)
    }
    var (depth, quote) = (0, Unicode.Scalar?.none)
    var end: Int?
    for (index, scalar) in text.enumerated() {
      if let open = quote {
        if scalar == open { quote = nil }
        continue
      }
      switch scalar {
      case "\"", "'": quote = scalar
      case "(", "[", "{": depth += 1
      case ")", "]": depth -= 1
      case "}": if depth == 0 { end = index } else { depth -= 1 }
      case ":": if depth == 0 { end = index }
      case "!":
        if depth == 0, index + 1 >= text.count || text[index + 1] != "=" { end = index }
      default: break
      }
      if end != nil { break }
    }
    guard let end else { throw fault("a field is not closed") }
    var source = Array(text[..<end])
    // `{value=}` shows the name too.
    while source.last == " " { source.removeLast() }
    if source.last == "=", source.count > 1,
      !"=!<>".unicodeScalars.contains(source[source.count - 2])
    {
      source.removeLast()
    }
    var index = end
    if text[index] == "!" {
      guard index + 2 < text.count, ["r", "s", "a"].contains(text[index + 1]) else {
        throw fault("a field's conversion is none of !r, !s and !a")
      }
      index += 2
    }
    if text[index] == "}" { return (source, [], index + 1) }
    guard text[index] == ":" else { throw fault("a field is not closed") }
    let start = index + 1
    index = start
    depth = 0
    while index < text.count {
      if text[index] == "{" { depth += 1 }
      if text[index] == "}" {
        if depth == 0 { return (source, Array(text[start..<index]), index + 1) }
        depth -= 1
      }
      index += 1
    }
    throw fault("a field is not closed")
  }
}
