/// A parser of Python 3 text: every statement except `match`, by the grammar of Python 3.11.
///
/// Errors that CPython finds only in the compiler (`return` outside a function, a name assigned
/// before `global`) are not errors here and not errors of `ast.parse`.
struct PythonParser {
  private let tokens: [PythonToken]
  private var place = 0
  /// The depth of the parser's recursion, which needs a limit: text from a model can nest without
  /// end.
  var depth = 0
  static let deepest = 90
  /// The number of nested chain links in the last parsed expression: `a.b` has one, `f(a.b).c` has
  /// three. Chains are parsed in a loop, but functions on the tree recurse into every link.
  var links = 0
  static let mostLinks = 500

  /// Reads a chain: the links that `body` counts are those inside it.
  mutating func chain(
    _ body: (inout PythonParser) throws(PythonSyntaxError) -> PythonExpression
  ) throws(PythonSyntaxError) -> PythonExpression {
    let outer = links
    links = 0
    let value = try body(&self)
    links = max(links, outer)
    return value
  }

  mutating func countLink() throws(PythonSyntaxError) {
    links += 1
    guard links <= Self.mostLinks else { throw fault("more than \(Self.mostLinks) links") }
  }

  static func statements(of source: String) throws(PythonSyntaxError) -> [PythonStatement] {
    var parser = PythonParser(try PythonTokenizer.tokens(of: source))
    var statements: [PythonStatement] = []
    while parser.next.kind != .end { try statements.append(contentsOf: parser.statement()) }
    return statements
  }

  init(_ tokens: [PythonToken]) { self.tokens = tokens }

  // MARK: Tokens

  var next: PythonToken { tokens[place] }

  func token(after count: Int) -> PythonToken { tokens[min(place + count, tokens.count - 1)] }

  mutating func advance() -> PythonToken {
    defer { place = min(place + 1, tokens.count - 1) }
    return tokens[place]
  }

  func fault(_ reason: String) -> PythonSyntaxError {
    PythonSyntaxError(line: next.line, reason: reason)
  }

  func unexpected() -> PythonSyntaxError {
    switch next.kind {
    case .name, .number, .sign: fault("'\(next.text)' does not belong here")
    case .string: fault("a string does not belong here")
    case .newline, .dedent, .end: fault("something is missing at the end")
    case .indent: fault("the line is indented too far")
    }
  }

  /// Whether the next token is this operator or keyword.
  func sees(_ text: String) -> Bool {
    (next.kind == .sign || next.kind == .name) && next.text == text
  }

  mutating func takes(_ text: String) -> Bool {
    guard sees(text) else { return false }
    _ = advance()
    return true
  }

  mutating func expect(_ text: String) throws(PythonSyntaxError) {
    guard takes(text) else { throw unexpected() }
  }

  static let keywords: Set<String> = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in",
    "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
    "yield",
  ]

  mutating func name() throws(PythonSyntaxError) -> String {
    guard next.kind == .name, !Self.keywords.contains(next.text) else { throw unexpected() }
    return advance().text
  }

  mutating func dottedName() throws(PythonSyntaxError) -> String {
    var text = try name()
    while takes(".") { text += "." + (try name()) }
    return text
  }

  // MARK: Statements

  private mutating func statement() throws(PythonSyntaxError) -> [PythonStatement] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("nested too deeply") }
    let line = next.line
    if let kind = try compound() { return [PythonStatement(line: line, kind: kind)] }
    var statements: [PythonStatement] = []
    repeat {
      let line = next.line
      statements.append(PythonStatement(line: line, kind: try simple()))
    } while takes(";") && next.kind != .newline
    guard next.kind == .newline else { throw unexpected() }
    _ = advance()
    return statements
  }

  private mutating func block() throws(PythonSyntaxError) -> [PythonStatement] {
    try expect(":")
    guard next.kind == .newline else {
      // Simple statements on the same line.
      guard
        !["if", "while", "for", "try", "with", "def", "class", "async", "@"]
          .contains(where: { sees($0) })
      else { throw unexpected() }
      return try statement()
    }
    _ = advance()
    guard next.kind == .indent else { throw fault("an indented block is missing") }
    _ = advance()
    var body: [PythonStatement] = []
    while next.kind != .dedent {
      guard next.kind != .indent else { throw unexpected() }
      body += try statement()
    }
    _ = advance()
    return body
  }

  private mutating func compound() throws(PythonSyntaxError) -> PythonStatement.Kind? {
    if next.kind == .sign, next.text == "@" { return try decorated() }
    guard next.kind == .name else {
      if next.kind == .indent { throw unexpected() }
      return nil
    }
    switch next.text {
    case "if", "while": return try branches()
    case "for": return try loop()
    case "try": return try trial()
    case "with": return try with()
    case "def": return .function(try function([]))
    case "class": return try type()
    case "async":
      _ = advance()
      switch next.text {
      case "def": return .function(try function([]))
      case "for": return try loop()
      case "with": return try with()
      default: throw unexpected()
      }
    default: return nil
    }
  }

  private mutating func decorated() throws(PythonSyntaxError) -> PythonStatement.Kind {
    var decorators: [PythonExpression] = []
    while takes("@") {
      decorators.append(try namedExpression())
      guard next.kind == .newline else { throw unexpected() }
      _ = advance()
    }
    _ = takes("async")
    if sees("def") { return .function(try function(decorators)) }
    if sees("class") { return try type() }
    throw unexpected()
  }

  private mutating func branches() throws(PythonSyntaxError) -> PythonStatement.Kind {
    let isLoop = advance().text == "while"
    var parts: [(condition: PythonExpression?, body: [PythonStatement])] = []
    parts.append((try namedExpression(), try block()))
    while !isLoop, takes("elif") { parts.append((try namedExpression(), try block())) }
    if takes("else") { parts.append((nil, try block())) }
    return .branches(parts)
  }

  private mutating func loop() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    let target = try targetList()
    try expect("in")
    let iterable = try starExpressions()
    var body = try block()
    if takes("else") { body += try block() }
    return .loop(target, iterable, body)
  }

  private mutating func trial() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    var parts: [(condition: PythonExpression?, body: [PythonStatement])] = [(nil, try block())]
    while takes("except") {
      _ = takes("*")
      var condition: PythonExpression?
      if !sees(":") {
        condition = try expression()
        if takes("as") { _ = try name() }
      }
      parts.append((condition, try block()))
    }
    if parts.count > 1, takes("else") { parts.append((nil, try block())) }
    if takes("finally") { parts.append((nil, try block())) }
    guard parts.count > 1 else { throw fault("'try' without 'except' or 'finally'") }
    return .branches(parts)
  }

  private mutating func with() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    // `with (a as b, c as d):` is tried first, and then `with (a, b)[0]:`.
    let start = place
    if takes("("), let items = try? withItems(closed: true), sees(":") {
      return .with(items, try block())
    }
    place = start
    return .with(try withItems(closed: false), try block())
  }

  private mutating func withItems(
    closed: Bool
  ) throws(PythonSyntaxError) -> [(value: PythonExpression, target: PythonExpression?)] {
    var items: [(value: PythonExpression, target: PythonExpression?)] = []
    repeat {
      let value = try expression()
      var target: PythonExpression?
      if takes("as") {
        let bound = try starTarget()
        guard bound.isTarget else { throw fault("nothing can be bound there") }
        target = bound
      }
      items.append((value, target))
    } while takes(",") && !(closed && sees(")"))
    if closed { try expect(")") }
    return items
  }

  private mutating func function(
    _ decorators: [PythonExpression]
  ) throws(PythonSyntaxError) -> PythonFunction {
    _ = advance()
    let name = try name()
    try expect("(")
    let parameters = try parameters(until: ")", annotated: true)
    try expect(")")
    if takes("->") { _ = try expression() }
    return PythonFunction(
      name: name, parameters: parameters, decorators: decorators, body: try block())
  }

  mutating func parameters(
    until end: String, annotated: Bool
  ) throws(PythonSyntaxError) -> [PythonParameter] {
    var parameters: [PythonParameter] = []
    var (hasFallback, hasStar, hasSlash, needsName) = (false, false, false, false)
    while !sees(end) {
      if takes("**") {
        parameters.append(try parameter(annotated))
        _ = takes(",")
        guard sees(end), !needsName else { throw unexpected() }
        return parameters
      } else if takes("*") {
        guard !hasStar else { throw unexpected() }
        hasStar = true
        if sees(",") { needsName = true } else { parameters.append(try parameter(annotated)) }
      } else if takes("/") {
        guard !hasSlash, !hasStar, !parameters.isEmpty else { throw unexpected() }
        hasSlash = true
      } else {
        var parameter = try parameter(annotated)
        if takes("=") {
          parameter.fallback = try expression()
          hasFallback = true
        } else if hasFallback, !hasStar {
          throw fault("a parameter without a default follows one with a default")
        }
        needsName = false
        parameters.append(parameter)
      }
      guard takes(",") else { break }
    }
    guard !needsName else { throw fault("a name must follow '*'") }
    return parameters
  }

  private mutating func parameter(
    _ annotated: Bool
  ) throws(PythonSyntaxError) -> PythonParameter {
    var parameter = PythonParameter(name: try name())
    if annotated, takes(":") { parameter.annotation = try starExpression() }
    return parameter
  }

  private mutating func type() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    _ = try name()
    var bases: [PythonExpression] = []
    if takes("(") { bases = try arguments().map(\.value) }
    return .type(bases, try block())
  }
}
