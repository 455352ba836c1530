/// Statements of one line.
extension PythonParser {
  mutating func simple() throws(PythonSyntaxError) -> PythonStatement.Kind {
    guard next.kind == .name else { return try assignment() }
    switch next.text {
    case "pass", "break", "continue":
      _ = advance()
      return .pass
    case "return":
      _ = advance()
      return .result(endsStatement ? nil : try starExpressions())
    case "raise":
      _ = advance()
      var parts: [PythonExpression] = []
      if !endsStatement {
        parts.append(try expression())
        if takes("from") { parts.append(try expression()) }
      }
      return .other(parts)
    case "global", "nonlocal":
      _ = advance()
      repeat { _ = try name() } while takes(",")
      return .other([])
    case "assert":
      _ = advance()
      var parts = [try expression()]
      if takes(",") { parts.append(try expression()) }
      return .other(parts)
    case "del":
      _ = advance()
      guard try targetList().isTarget else { throw fault("that cannot be deleted") }
      return .other([])
    case "import": return try imports()
    case "from": return try importsFrom()
    default: return try assignment()
    }
  }

  private var endsStatement: Bool { next.kind == .newline || sees(";") }

  private mutating func imports() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    var names: [(name: String, target: String)] = []
    repeat {
      let module = try dottedName()
      if takes("as") {
        names.append((try name(), module))
      } else {
        let first = String(module.prefix { $0 != "." })
        names.append((first, first))
      }
    } while takes(",")
    return .imports(names)
  }

  private mutating func importsFrom() throws(PythonSyntaxError) -> PythonStatement.Kind {
    _ = advance()
    var (module, isRelative) = ("", false)
    while sees(".") || sees("...") {
      _ = advance()
      isRelative = true
    }
    if !sees("import") {
      module = try dottedName()
    } else if !isRelative {
      throw unexpected()
    }
    try expect("import")
    if takes("*") { return .imports([]) }
    let isClosed = takes("(")
    var names: [(name: String, target: String)] = []
    repeat {
      let name = try name()
      let bound = takes("as") ? try self.name() : name
      names.append((bound, module.isEmpty ? name : module + "." + name))
    } while takes(",") && !(isClosed && sees(")"))
    if isClosed { try expect(")") }
    return .imports(names)
  }

  private static let augmented: Set<String> = [
    "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**=",
  ]

  private mutating func assignment() throws(PythonSyntaxError) -> PythonStatement.Kind {
    let first = try yieldOrStars()
    if next.kind == .sign, Self.augmented.contains(next.text) {
      switch first {
      case .name, .attribute, .item: break
      default: throw fault("nothing can be assigned to that")
      }
      let sign = advance().text
      return .assignment([first], try yieldOrStars(), sign: String(sign.dropLast()))
    }
    if takes(":") {
      switch first {
      case .name, .attribute, .item: break
      default: throw fault("that cannot have a type")
      }
      _ = try expression()
      return .assignment([first], takes("=") ? try yieldOrStars() : nil, sign: nil)
    }
    guard sees("=") else {
      if case .starred = first { throw fault("'*' does not belong here") }
      return .expression(first)
    }
    var parts = [first]
    while takes("=") { parts.append(try yieldOrStars()) }
    let value = parts.removeLast()
    for target in parts {
      guard target.isTarget else { throw fault("nothing can be assigned to that") }
      if case .starred = target { throw fault("'*' does not belong here") }
    }
    if case .starred = value { throw fault("'*' does not belong here") }
    return .assignment(parts, value, sign: nil)
  }

  private mutating func yieldOrStars() throws(PythonSyntaxError) -> PythonExpression {
    sees("yield") ? try yielded() : try starExpressions()
  }

  mutating func yielded() throws(PythonSyntaxError) -> PythonExpression {
    _ = advance()
    if takes("from") { return .other([try expression()]) }
    if next.kind == .newline || sees(")") || sees("=") || sees(";") || sees("]") {
      return .other([])
    }
    return .other([try starExpressions()])
  }
}
