/// The data flow into an expression's value, with the rules for values.
extension CodeChecker {
  mutating func evaluate(_ expression: PythonExpression) -> CodeFlow {
    switch expression {
    case .name(let name):
      if let known = names[name] { return known }
      let qualified = imports[name] ?? name
      checkName(qualified)
      return stranger(qualified) ?? CodeFlow(origin: qualified)
    case .number, .constant:
      return CodeFlow(isLiteral: true)
    case .string(let text, let isBytes):
      return CodeFlow(text: text, isLeading: true, isLiteral: true, isBytes: isBytes)
    case .formatted(let parts):
      var flow = CodeFlow.joined(parts.map { evaluate($0) })
      flow.isBuilt = flow.taint > .none
      return flow
    case .attribute(let base, let name): return attribute(base, name, of: expression)
    case .item(let base, let parts):
      var flow = evaluate(base)
      for part in parts { _ = evaluate(part) }
      flow.isLiteral = false
      flow.origin = nil
      return flow
    case .call(let function, let arguments): return call(function, arguments)
    case .binary(let sign, let left, let right): return binary(sign, left, right)
    case .comparison(let parts, _):
      let flows = parts.map { evaluate($0) }
      for (part, other) in zip(parts, flows.dropFirst()) { checkSecret(named: part, other) }
      return CodeFlow()
    case .display(_, let parts): return .either(parts.map { evaluate($0) })
    case .dictionary(let pairs):
      var flows: [CodeFlow] = []
      for (key, value) in pairs {
        let flow = evaluate(value)
        if let key, case .string(let name, _) = key { checkSecret(name, flow) }
        flows.append(flow)
      }
      return .either(flows)
    case .comprehension(let parts, let clauses):
      for clause in clauses {
        bind(clause.target, evaluate(clause.iterable))
        for condition in clause.conditions { _ = evaluate(condition) }
      }
      return .either(parts.map { evaluate($0) })
    case .starred(let inner): return evaluate(inner)
    case .named(let name, let value):
      let flow = evaluate(value)
      names[name] = flow
      return flow
    case .other(let parts): return .either(parts.map { evaluate($0) })
    }
  }

  private func stranger(_ qualified: String) -> CodeFlow? {
    let parts = qualified.split(separator: ".").map(String.init)
    let isOfRequest =
      CodeNames.requestParts.contains(parts.last ?? "")
      && parts.dropLast().contains { $0 == "request" || $0 == "req" }
    return isOfRequest || CodeNames.strangers.contains(qualified)
      ? CodeFlow(taint: .request, isText: true) : nil
  }

  private mutating func attribute(
    _ base: PythonExpression, _ name: String, of whole: PythonExpression
  ) -> CodeFlow {
    let qualified = qualified(whole)
    if let qualified {
      if let known = names[qualified] { return known }
      checkName(qualified)
      if let flow = stranger(qualified) { return flow }
    }
    var flow = evaluate(base)
    if flow.origin.map({ Self.last($0) }) == "Path" || flow.origin == "Path", name == "name" {
      flow.clean.insert(.pathTraversal)
    }
    flow.isLiteral = false
    if flow.origin != "Path" || name == "name" { flow.origin = qualified }
    return flow
  }

  private mutating func binary(
    _ sign: String, _ left: PythonExpression, _ right: PythonExpression
  ) -> CodeFlow {
    let (first, second) = (evaluate(left), evaluate(right))
    switch sign {
    case "+", "%":
      var flow = CodeFlow.joined([first, second])
      if first.origin == "Markup" {
        // Markup escapes values that are added to it or inserted into it.
        flow.clean.insert(.crossSiteScripting)
        flow.origin = "Markup"
      }
      return flow
    case "/":
      var flow = CodeFlow.joined([first, second])
      flow.origin = first.origin
      return flow
    case "|": return CodeFlow(text: first.text + second.text)
    default: return .either([first, second])
    }
  }

  private mutating func call(
    _ function: PythonExpression, _ arguments: [PythonArgument]
  ) -> CodeFlow {
    let qualified = qualified(function)
    var holder: CodeFlow?
    var method = qualified.map { Self.last($0) } ?? ""
    if case .attribute(let base, let name) = function {
      method = name
      // `os.path` is a module, `path.strip` a method of a value.
      holder = evaluate(base)
      checkName(qualified ?? name)
    } else {
      _ = evaluate(function)
    }
    let flows = arguments.map { evaluate($0.value) }
    let call = CodeCall(
      name: qualified ?? method, method: method, holder: holder, arguments: arguments, flows: flows)
    check(call)
    return result(of: call)
  }

  /// The data flow of a call's result.
  private mutating func result(of call: CodeCall) -> CodeFlow {
    if let flow = stranger(call.name) { return flow }
    if CodeNames.receivers.contains(call.method) {
      return CodeFlow(taint: .request, isText: true)
    }
    if call.method == "parse_args" { return CodeFlow(taint: .parameter) }
    if CodeNames.numbers.contains(call.name) { return CodeFlow() }
    if CodeNames.resolvers.contains(call.method) { hasResolvedPath = true }
    let given = CodeFlow.either(call.flows)
    if let clean = CodeNames.cleaners[call.method] {
      var flow = given
      flow.clean.formUnion(clean)
      flow.isLiteral = false
      flow.isText = false
      return flow
    }
    if call.method == "Markup" {
      var flow = given
      flow.origin = "Markup"
      return flow
    }
    switch call.method {
    case "Path", "PurePath", "PosixPath":
      var flow = CodeFlow.joined(call.flows)
      flow.origin = "Path"
      return flow
    case "join" where call.name.contains("path.join") || call.holder?.taint == CodeFlow.Taint.none:
      var flow = CodeFlow.joined((call.holder.map { [$0] } ?? []) + call.flows)
      flow.isBuilt = flow.taint > .none
      return flow
    case "format":
      guard let holder = call.holder else { break }
      var flow = CodeFlow.joined([holder] + call.flows)
      if holder.origin == "Markup" { flow.clean.insert(.crossSiteScripting) }
      return flow
    default: break
    }
    if let holder = call.holder, holder.taint > .none || holder.isLiteral {
      // The result of a text's method is a text. The result of another value's method is made from
      // the value.
      var flow = CodeFlow.either([holder] + call.flows)
      flow.origin = call.method == "Path" ? "Path" : holder.origin
      flow.isLiteral = false
      guard !CodeNames.textMethods.contains(call.method) else { return flow }
      flow.isText = false
      flow.text = ""
      flow.isBuilt = false
      return flow
    }
    var flow = given
    flow.isLiteral = false
    flow.origin = call.name
    if !CodeNames.textFunctions.contains(call.name) {
      flow.isText = false
      flow.isBuilt = false
      flow.text = ""
    }
    return flow
  }
}

/// A call for the rules.
struct CodeCall {
  /// The qualified name, or the method's name alone for a method of a value.
  var name: String
  /// The last part of the name.
  var method: String
  /// The value or the module before the method.
  var holder: CodeFlow?
  var arguments: [PythonArgument]
  var flows: [CodeFlow]

  /// The flow of an argument by its index or its name.
  func flow(_ place: Int, _ name: String? = nil) -> CodeFlow? {
    if let name, let index = arguments.firstIndex(where: { $0.name == name }) {
      return flows[index]
    }
    guard place < arguments.count, arguments[place].name == nil, arguments[place].stars == 0 else {
      return nil
    }
    return flows[place]
  }

  func value(_ name: String) -> PythonExpression? { arguments.first { $0.name == name }?.value }

  /// Whether `name=True` or `name=False` is given.
  func sets(_ name: String, _ constant: String) -> Bool {
    if case .constant(constant) = value(name) { return true }
    return false
  }
}
