/// Expressions, from the loosest to the tightest binding (Python language reference, chapter 6).
extension PythonParser {
  /// `a, *b, c`: a tuple if there is a comma.
  mutating func starExpressions() throws(PythonSyntaxError) -> PythonExpression {
    let first = try starExpression()
    guard sees(",") else { return first }
    var parts = [first]
    while takes(",") {
      guard startsExpression else { break }
      parts.append(try starExpression())
    }
    return .display("(", parts)
  }

  mutating func starExpression() throws(PythonSyntaxError) -> PythonExpression {
    takes("*") ? .starred(try operation(0)) : try expression()
  }

  /// Whether the next token can start an expression.
  private var startsExpression: Bool {
    switch next.kind {
    case .number, .string: true
    case .name:
      !PythonParser.keywords.contains(next.text)
        || ["None", "True", "False", "not", "lambda", "await"].contains(next.text)
    case .sign: ["(", "[", "{", "-", "+", "~", "...", "*"].contains(next.text)
    default: false
    }
  }

  mutating func namedExpression() throws(PythonSyntaxError) -> PythonExpression {
    if next.kind == .name, token(after: 1).kind == .sign, token(after: 1).text == ":=" {
      let name = try name()
      _ = advance()
      return .named(name, try expression())
    }
    return try expression()
  }

  mutating func expression() throws(PythonSyntaxError) -> PythonExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("nested too deeply") }
    if takes("lambda") {
      let parameters = try parameters(until: ":", annotated: false)
      try expect(":")
      return .other(parameters.compactMap(\.fallback) + [try expression()])
    }
    let value = try disjunction()
    guard takes("if") else { return value }
    let condition = try disjunction()
    try expect("else")
    return .other([value, condition, try expression()])
  }

  private mutating func disjunction() throws(PythonSyntaxError) -> PythonExpression {
    var parts = [try conjunction()]
    while takes("or") { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .other(parts)
  }

  private mutating func conjunction() throws(PythonSyntaxError) -> PythonExpression {
    var parts = [try inversion()]
    while takes("and") { parts.append(try inversion()) }
    return parts.count == 1 ? parts[0] : .other(parts)
  }

  private mutating func inversion() throws(PythonSyntaxError) -> PythonExpression {
    var isInverted = false
    while takes("not") { isInverted = true }
    let value = try comparison()
    return isInverted ? .other([value]) : value
  }

  private mutating func comparison() throws(PythonSyntaxError) -> PythonExpression {
    var parts = [try operation(0)]
    var signs: [String] = []
    while true {
      var sign: String
      if next.kind == .sign, ["<", ">", "==", ">=", "<=", "!="].contains(next.text) {
        sign = advance().text
      } else if takes("in") {
        sign = "in"
      } else if sees("not"), token(after: 1).kind == .name, token(after: 1).text == "in" {
        _ = (advance(), advance())
        sign = "not in"
      } else if takes("is") {
        sign = takes("not") ? "is not" : "is"
      } else {
        break
      }
      signs.append(sign)
      parts.append(try operation(0))
    }
    return signs.isEmpty ? parts[0] : .comparison(parts, signs: signs)
  }

  private static let levels: [Set<String>] = [
    ["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "//", "%", "@"],
  ]

  /// Binary operations, level by level. All are left-associative.
  mutating func operation(_ level: Int) throws(PythonSyntaxError) -> PythonExpression {
    guard level < Self.levels.count else { return try factor() }
    return try chain { parser throws(PythonSyntaxError) in
      var value = try parser.operation(level + 1)
      while parser.next.kind == .sign, Self.levels[level].contains(parser.next.text) {
        let sign = parser.advance().text
        value = .binary(sign, value, try parser.operation(level + 1))
        try parser.countLink()
      }
      return value
    }
  }

  private mutating func factor() throws(PythonSyntaxError) -> PythonExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("nested too deeply") }
    if takes("-") || takes("+") || takes("~") { return .other([try factor()]) }
    _ = takes("await")
    let value = try primary()
    return takes("**") ? .binary("**", value, try factor()) : value
  }

  mutating func primary() throws(PythonSyntaxError) -> PythonExpression {
    try chain { parser throws(PythonSyntaxError) in
      var value = try parser.atom()
      while let longer = try parser.link(after: value) {
        value = longer
        try parser.countLink()
      }
      return value
    }
  }

  /// `value.name`, `value(...)` or `value[...]`; nil if none of these follows.
  private mutating func link(
    after value: PythonExpression
  ) throws(PythonSyntaxError) -> PythonExpression? {
    if takes(".") { return .attribute(value, try name()) }
    if takes("(") { return .call(value, try arguments()) }
    guard takes("[") else { return nil }
    var parts: [PythonExpression] = []
    repeat { try parts.append(contentsOf: slice()) } while takes(",") && !sees("]")
    try expect("]")
    return .item(value, parts)
  }

  private mutating func slice() throws(PythonSyntaxError) -> [PythonExpression] {
    var parts: [PythonExpression] = []
    if !sees(":") {
      parts.append(sees("*") ? try starExpression() : try namedExpression())
      guard sees(":") else { return parts }
    }
    for _ in 0..<2 where takes(":") {
      if !sees(":"), !sees("]"), !sees(",") { parts.append(try expression()) }
    }
    return parts
  }

  /// The arguments of a call after its opening bracket, and the closing bracket.
  mutating func arguments() throws(PythonSyntaxError) -> [PythonArgument] {
    var arguments: [PythonArgument] = []
    var (hasNames, hasDoubleStars, hasGenerator) = (false, false, false)
    while !sees(")") {
      guard !hasGenerator else { throw fault("a generator must be the only argument") }
      if takes("**") {
        arguments.append(PythonArgument(stars: 2, value: try expression()))
        hasDoubleStars = true
      } else if takes("*") {
        guard !hasDoubleStars else { throw unexpected() }
        arguments.append(PythonArgument(stars: 1, value: try expression()))
      } else if next.kind == .name, token(after: 1).kind == .sign, token(after: 1).text == "=" {
        let name = try name()
        _ = advance()
        arguments.append(PythonArgument(name: name, value: try expression()))
        hasNames = true
      } else {
        guard !hasNames, !hasDoubleStars else {
          throw fault("an argument without a name follows one with a name")
        }
        var value = try namedExpression()
        if sees("for") || sees("async") {
          value = .comprehension([value], try clauses())
          hasGenerator = true
        }
        arguments.append(PythonArgument(value: value))
      }
      guard takes(",") else { break }
      guard !hasGenerator || arguments.count == 1 else { throw unexpected() }
    }
    guard !hasGenerator || arguments.count == 1 else {
      throw fault("a generator must be the only argument")
    }
    try expect(")")
    return arguments
  }

  mutating func clauses() throws(PythonSyntaxError) -> [PythonClause] {
    var clauses: [PythonClause] = []
    while sees("for") || sees("async") {
      _ = takes("async")
      try expect("for")
      let target = try targetList()
      try expect("in")
      var clause = PythonClause(target: target, iterable: try disjunction(), conditions: [])
      while takes("if") { clause.conditions.append(try disjunction()) }
      clauses.append(clause)
    }
    return clauses
  }

  /// The target of a loop: `a`, `a, b`, `(a, b)`.
  mutating func targetList() throws(PythonSyntaxError) -> PythonExpression {
    var parts = [try starTarget()]
    var isTuple = false
    while takes(",") {
      isTuple = true
      guard startsExpression else { break }
      parts.append(try starTarget())
    }
    guard parts.allSatisfy(\.isTarget) else { throw fault("nothing can be bound there") }
    if isTuple { return .display("(", parts) }
    if case .starred = parts[0] { throw fault("'*' does not belong here") }
    return parts[0]
  }

  mutating func starTarget() throws(PythonSyntaxError) -> PythonExpression {
    takes("*") ? .starred(try primary()) : try primary()
  }
}
