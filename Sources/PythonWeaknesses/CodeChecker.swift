/// A checker that follows data through a text from its source to a use that does harm. It reads
/// lines in order, and all branches one after another. Nothing is run.
///
/// A function's parameters are tainted: another person decides them, and for a route or a request a
/// stranger. Data flow into another function of the text is not followed.
struct CodeChecker {
  private(set) var findings: [CodeFinding] = []
  var line = 1
  var imports: [String: String] = [:]
  var names: [String: CodeFlow] = [:]
  var functionName = ""
  private var isRoute = false
  /// Whether a path has been resolved, so that a comparison of its start is a valid check.
  var hasResolvedPath = false
  private var hasCheckedPath = false

  static func findings(in statements: [PythonStatement]) -> [CodeFinding] {
    var checker = CodeChecker()
    checker.execute(statements)
    return Set(checker.findings).sorted { ($0.line, $0.weakness) < ($1.line, $1.weakness) }
  }

  mutating func report(_ weakness: Weakness) {
    findings.append(CodeFinding(weakness: weakness, line: line))
  }

  func threatens(_ flow: CodeFlow, _ weakness: Weakness) -> Bool {
    flow.threatens(weakness) && !(weakness == .pathTraversal && hasCheckedPath)
  }

  // MARK: Statements

  mutating func execute(_ statements: [PythonStatement]) {
    for statement in statements {
      line = statement.line
      execute(statement.kind)
    }
  }

  private mutating func execute(_ kind: PythonStatement.Kind) {
    switch kind {
    case .expression(let value): _ = evaluate(value)
    case .assignment(let targets, let value, let sign):
      guard let value else { return }
      assign(targets, value, sign)
    case .result(let value):
      guard let value else { return }
      let flow = evaluate(value)
      if case .display("(", let parts) = value, let first = parts.first {
        checkPage(evaluate(first))
      } else {
        checkPage(flow)
      }
    case .imports(let bound): for (name, target) in bound { imports[name] = target }
    case .function(let function): execute(function)
    case .type(let bases, let body):
      for base in bases { _ = evaluate(base) }
      execute(body)
    case .loop(let target, let iterable, let body):
      bind(target, evaluate(iterable))
      execute(body)
    case .with(let items, let body):
      for item in items {
        let flow = evaluate(item.value)
        if let target = item.target { bind(target, flow) }
      }
      execute(body)
    case .branches(let parts):
      for part in parts {
        if let condition = part.condition {
          _ = evaluate(condition)
          noteChecks(condition)
        }
        execute(part.body)
      }
    case .pass: break
    case .other(let parts): for part in parts { _ = evaluate(part) }
    }
  }

  private mutating func execute(_ function: PythonFunction) {
    let outer = (names, functionName, isRoute, hasResolvedPath, hasCheckedPath)
    functionName = function.name
    (hasResolvedPath, hasCheckedPath) = (false, false)
    isRoute = function.decorators.contains { decorator in
      var name = decorator
      if case .call(let called, _) = decorator { name = called }
      return qualified(name).map { CodeNames.routes.contains(Self.last($0)) } ?? false
    }
    for decorator in function.decorators { _ = evaluate(decorator) }
    for parameter in function.parameters {
      if let fallback = parameter.fallback {
        let flow = evaluate(fallback)
        checkSecret(parameter.name, flow)
      }
      var flow = CodeFlow()
      if case .name(let type) = parameter.annotation, CodeNames.numbers.contains(type) {
        // A number contains no quotes, slashes or tags.
      } else if !["self", "cls"].contains(parameter.name) {
        flow.taint = isRoute ? .request : .parameter
        flow.isText = isRoute
      }
      names[parameter.name] = flow
    }
    execute(function.body)
    // A later method finds the values that a method stored in its object.
    let kept = names.filter { $0.key.hasPrefix("self.") }
    (names, functionName, isRoute, hasResolvedPath, hasCheckedPath) = outer
    names.merge(kept) { .either([$0, $1]) }
  }

  private mutating func assign(
    _ targets: [PythonExpression], _ value: PythonExpression, _ sign: String?
  ) {
    var flow = evaluate(value)
    for target in targets {
      if sign == "+" || sign == "%" { flow = .joined([evaluate(target), flow]) }
      checkAssigned(target, value, flow)
      if case .display(_, let parts) = target, case .display(_, let values) = value,
        parts.count == values.count
      {
        for (part, value) in zip(parts, values) {
          let flow = evaluate(value)
          checkAssigned(part, value, flow)
          bind(part, flow)
        }
      } else {
        bind(target, flow)
      }
    }
  }

  mutating func bind(_ target: PythonExpression, _ flow: CodeFlow) {
    switch target {
    case .name(let name): names[name] = flow
    case .attribute:
      if let name = qualified(target) { names[name] = flow }
    case .starred(let inner): bind(inner, flow)
    case .display(_, let parts): for part in parts { bind(part, flow) }
    case .item(let holder, _):
      // A container has the inserted values in addition to its earlier values.
      guard case .name(let name) = holder, flow.taint > .none else { return }
      names[name] = .either([names[name] ?? CodeFlow(), flow])
    default: break
    }
  }

  /// Notes the facts that a condition establishes: a matched text, a value in a list, a resolved
  /// path with a checked start.
  private mutating func noteChecks(_ condition: PythonExpression) {
    switch condition {
    case .call(.attribute(let holder, let method), let arguments):
      if CodeNames.checks.contains(method) {
        for case .name(let name) in [holder] + arguments.map(\.value) { clear(name) }
      }
      if CodeNames.pathChecks.contains(method), hasResolvedPath { hasCheckedPath = true }
    case .comparison(let parts, let signs):
      if ["in", "not in"].contains(signs[0]), case .name(let name) = parts[0] {
        switch parts[1] {
        case .display, .dictionary: clear(name)
        case .name(let list) where list == list.uppercased(): clear(name)
        default: break
        }
      }
      for part in parts { noteChecks(part) }
    case .other(let parts): for part in parts { noteChecks(part) }
    default: break
    }
  }

  private mutating func clear(_ name: String) {
    names[name]?.taint = .none
    names[name]?.isText = false
  }

  // MARK: Names

  static func last(_ name: String) -> String {
    String(name[(name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.startIndex)...])
  }

  /// `a.b.c`, with `a` replaced by its import.
  func qualified(_ expression: PythonExpression) -> String? {
    switch expression {
    case .name(let name): imports[name] ?? name
    case .attribute(let base, let name): qualified(base).map { $0 + "." + name }
    default: nil
    }
  }

  /// Checks a text in a page: returned by a route, or with tags.
  mutating func checkPage(_ flow: CodeFlow) {
    guard threatens(flow, .crossSiteScripting) else { return }
    let isMarkedUp = flow.isBuilt && flow.text.contains(Self.tag)
    if isMarkedUp || (isRoute && flow.taint == .request && flow.isText) {
      report(.crossSiteScripting)
    }
  }

  private static var tag: Regex<Substring> { /<[A-Za-z\/!]/ }
}
