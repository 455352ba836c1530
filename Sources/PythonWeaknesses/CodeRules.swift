/// The rules: uses of data, and choices, that do harm.
extension CodeChecker {
  // MARK: Calls

  mutating func check(_ call: CodeCall) {
    checkInjections(call)
    checkPaths(call)
    checkPages(call)
    checkCryptography(call)
    checkLoading(call)
    checkNetwork(call)
    checkChoices(call)
    for (argument, flow) in zip(call.arguments, call.flows) {
      if let name = argument.name { checkSecret(name, flow) }
    }
  }

  private mutating func checkInjections(_ call: CodeCall) {
    let first = call.flow(0, call.method == "run" || call.method == "Popen" ? "args" : nil)
    if let first {
      let isShell =
        CodeNames.shells.contains(call.name)
        || (CodeNames.starters.contains(call.method) && call.sets("shell", "True"))
      if isShell, threatens(first, .commandInjection) { report(.commandInjection) }
      if CodeNames.starters.contains(call.method),
        case .display(_, let words) = call.arguments[0].value, words.count > 2,
        case .string(let shell, _) = words[0],
        ["sh", "bash"].contains(shell.split(separator: "/").last),
        case .string("-c", _) = words[1], threatens(evaluate(words[2]), .commandInjection)
      {
        report(.commandInjection)
      }
      if CodeNames.queries.contains(call.method), first.isBuilt, threatens(first, .sqlInjection),
        !Set(first.text.lowercased().split { !$0.isLetter }.map(String.init))
          .isDisjoint(with: CodeNames.queryWords)
      {
        report(.sqlInjection)
      }
      if ["eval", "exec", "builtins.eval", "builtins.exec", "compile"].contains(call.name),
        !first.isLiteral, threatens(first, .codeInjection) || call.name != "compile"
      {
        report(.codeInjection)
      }
      if ["redirect", "HttpResponseRedirect", "RedirectResponse", "HTTPFound"].contains(
        call.method),
        first.taint == .request, threatens(first, .openRedirect), !first.isLeading
      {
        report(.openRedirect)
      }
    }
  }

  private mutating func checkPaths(_ call: CodeCall) {
    let isPathMethod = CodeNames.pathMethods.contains(call.method) && call.holder != nil
    var path: CodeFlow?
    if CodeNames.fileFunctions.contains(call.name) || call.method == "send_file" {
      path = call.flow(0, "path")
    } else if ["save", "saveas"].contains(call.method) {
      path = call.flow(0)
    } else if isPathMethod {
      path = call.holder
    }
    if let path, path.isBuilt || path.taint == .request, threatens(path, .pathTraversal) {
      report(.pathTraversal)
    }
    if ["extractall", "extract"].contains(call.method), call.value("filter") == nil,
      call.value("members") == nil, call.holder?.origin?.contains("tarfile") ?? false
    {
      report(.pathTraversal)
    }
    let mode = call.flow(isPathMethod ? 0 : 1, "mode")?.text ?? ""
    let writes =
      call.name == "os.open" || ["write_text", "write_bytes"].contains(call.method)
      || (call.method == "open" && mode.contains { "wax+".contains($0) })
    if writes, let path, path.isLeading,
      CodeNames.temporaryPaths.contains(where: { path.text.hasPrefix($0) })
    {
      report(.temporaryFile)
    }
    if ["mktemp", "tempnam", "tmpnam"].contains(call.method),
      call.name != "mktemp" || imports["mktemp"] != nil
    {
      report(.temporaryFile)
    }
  }

  private mutating func checkPages(_ call: CodeCall) {
    // Jinja does not escape by default.
    if call.name == "jinja2.Environment",
      call.value("autoescape").map({ isFalse($0) }) ?? true
    {
      report(.crossSiteScripting)
    }
    guard let first = call.flow(0) else { return }
    if CodeNames.trustedMarkup.contains(call.method), threatens(first, .crossSiteScripting) {
      report(.crossSiteScripting)
    } else if CodeNames.pageWriters.contains(call.method) {
      checkPage(first)
    }
  }

  private mutating func checkCryptography(_ call: CodeCall) {
    let holder = call.name.split(separator: ".").dropLast().last.map(String.init) ?? ""
    var isWeak = false
    if CodeNames.weakHashes.contains(call.method), !call.sets("usedforsecurity", "False") {
      isWeak = ["hashlib", "hashes"].contains(holder) || call.name.hasPrefix("hashlib.")
    }
    if call.method == "new" {
      isWeak =
        isWeak || CodeNames.weakCiphers.contains(holder) || CodeNames.weakHashes.contains(holder)
      if call.name == "hashlib.new", let name = call.flow(0, "name")?.text {
        isWeak = CodeNames.weakHashes.contains(name.lowercased())
      }
    }
    if holder == "algorithms" { isWeak = isWeak || CodeNames.weakCiphers.contains(call.method) }
    if holder == "modes", call.method == "ECB" { isWeak = true }
    if isWeak || call.name == "ssl.wrap_socket" { report(.weakCryptography) }
    if call.method == "connect", let password = call.flow(2), password.isLiteral,
      !password.text.isEmpty
    {
      report(.hardCodedCredentials)
    }
    if case .display("(", let pair) = call.value("auth"), pair.count == 2 {
      checkSecret("password", evaluate(pair[1]))
    }
    for (name, place) in CodeNames.keyPlaces
    where call.name == name || call.name.hasSuffix("." + name) {
      if let key = call.flow(place, "key"), key.isLiteral, !key.text.isEmpty {
        report(.hardCodedCredentials)
      }
    }
  }

  private mutating func checkLoading(_ call: CodeCall) {
    let module = call.name.split(separator: ".").first.map(String.init) ?? ""
    if CodeNames.loaders.contains(module) || CodeNames.loaders.contains(call.name),
      CodeNames.loadMethods.contains(call.method), !(call.flow(0)?.isLiteral ?? false)
    {
      report(.unsafeDeserialisation)
    }
    if module == "yaml",
      ["load", "load_all", "unsafe_load", "unsafe_load_all"].contains(call.method)
    {
      let loader =
        call.value("Loader") ?? (call.arguments.count > 1 ? call.arguments[1].value : nil)
      let name = loader.flatMap { qualified($0) }.map { Self.last($0) } ?? ""
      if call.method.hasPrefix("unsafe") || !CodeNames.safeYAML.contains(name) {
        report(.unsafeDeserialisation)
      }
    }
    // Python's own readers do not follow external entities; lxml follows them by default.
    if call.name.hasPrefix("lxml.") || call.name.hasPrefix("etree.") {
      let isReader = ["parse", "fromstring", "XML", "iterparse"].contains(call.method)
      if call.method == "XMLParser"
        ? !call.sets("resolve_entities", "False")
        : isReader && call.arguments.count < 2
      {
        report(.externalEntities)
      }
    }
    if call.method == "setFeature", call.arguments.count == 2,
      let feature = qualified(call.arguments[0].value), feature.contains("external_"),
      !(call.flow(1).map { _ in isFalse(call.arguments[1].value) } ?? true)
    {
      report(.externalEntities)
    }
  }

  private func isFalse(_ value: PythonExpression) -> Bool {
    switch value {
    case .constant("False"), .number("0"): true
    default: false
    }
  }

  private mutating func checkNetwork(_ call: CodeCall) {
    if call.sets("verify", "False") || call.sets("check_hostname", "False")
      || call.sets("verify_ssl", "False")
      || ["_create_unverified_context", "AutoAddPolicy"].contains(call.method)
    {
      report(.certificateNotChecked)
    }
  }

  private mutating func checkChoices(_ call: CodeCall) {
    if call.method == "run", call.sets("debug", "True") { report(.debugMode) }
    if call.name.hasPrefix("random."), call.method != "SystemRandom",
      isUnguessable(functionName)
    {
      report(.weakRandomness)
    }
    let mode: PythonExpression? =
      switch call.name {
      case "os.chmod", "os.fchmod", "os.mkdir", "os.makedirs":
        call.value("mode") ?? (call.arguments.count > 1 ? call.arguments[1].value : nil)
      case "os.umask": call.arguments.first?.value
      default: call.method == "chmod" ? call.arguments.first?.value : nil
      }
    if let mode, call.name == "os.umask" ? Self.number(mode) == 0 : isWideOpen(mode) {
      report(.wideOpenPermissions)
    }
  }

  /// Whether users other than the owner and the group may write.
  private func isWideOpen(_ mode: PythonExpression) -> Bool {
    if let bits = Self.number(mode) { return bits & 0o002 != 0 }
    switch mode {
    case .binary("|", let left, let right): return isWideOpen(left) || isWideOpen(right)
    default:
      let name = qualified(mode).map { Self.last($0) }
      return name == "S_IRWXO" || name == "S_IWOTH"
    }
  }

  private static func number(_ value: PythonExpression) -> Int? {
    guard case .number(let text) = value else { return nil }
    let digits = text.replacing("_", with: "").lowercased()
    for (prefix, radix) in [("0o", 8), ("0x", 16), ("0b", 2)] where digits.hasPrefix(prefix) {
      return Int(digits.dropFirst(2), radix: radix)
    }
    return Int(digits)
  }

  private func isUnguessable(_ name: String) -> Bool {
    let name = name.lowercased()
    return CodeNames.unguessable.contains { name.contains($0) }
  }

  // MARK: Names and assignments

  /// Checks constants that choose a weak algorithm or setting, anywhere in the text.
  mutating func checkName(_ qualified: String) {
    let name = Self.last(qualified)
    if CodeNames.weakModes.contains(name) { report(.weakCryptography) }
    if ["CERT_NONE", "VERIFY_NONE", "_create_unverified_context"].contains(name) {
      report(.certificateNotChecked)
    }
  }

  mutating func checkAssigned(
    _ target: PythonExpression, _ value: PythonExpression, _ flow: CodeFlow
  ) {
    checkSecret(named: target, flow)
    guard let name = name(of: target) else { return }
    if ["verify", "check_hostname"].contains(name), case .attribute = target,
      case .constant("False") = value
    {
      report(.certificateNotChecked)
    }
    if case .constant("True") = value, name == "DEBUG" || name == "debug" { report(.debugMode) }
    if name == "innerHTML" { checkPage(flow) }
    if isUnguessable(name), Self.callsRandom(value, self) { report(.weakRandomness) }
  }

  /// The name of a possible secret: a variable, an attribute or a key.
  private func name(of target: PythonExpression) -> String? {
    switch target {
    case .name(let name), .attribute(_, let name): return name
    case .item(_, let parts):
      if case .string(let name, _) = parts.first { return name }
      return nil
    default: return nil
    }
  }

  mutating func checkSecret(named target: PythonExpression, _ flow: CodeFlow) {
    if let name = name(of: target) { checkSecret(name, flow) }
  }

  /// Checks for a literal with a secret's name.
  mutating func checkSecret(_ name: String, _ flow: CodeFlow) {
    guard flow.isLiteral, !flow.text.isEmpty, !flow.text.contains(where: \.isWhitespace),
      flow.text.lowercased() != name.lowercased(), !flow.text.contains("{")
    else { return }
    let isKey = name.lowercased() == "key" || name.lowercased().hasSuffix("_key")
    if CodeNames.isSecret(name) || (isKey && flow.isBytes) { report(.hardCodedCredentials) }
  }

  private static func callsRandom(_ value: PythonExpression, _ checker: CodeChecker) -> Bool {
    switch value {
    case .call(let function, let arguments):
      if let name = checker.qualified(function), name.hasPrefix("random.") {
        return !name.hasSuffix("SystemRandom")
      }
      return arguments.contains { callsRandom($0.value, checker) } || callsRandom(function, checker)
    case .attribute(let base, _): return callsRandom(base, checker)
    case .binary(_, let left, let right):
      return callsRandom(left, checker) || callsRandom(right, checker)
    case .comprehension(let parts, _), .other(let parts), .display(_, let parts),
      .formatted(let parts):
      return parts.contains { callsRandom($0, checker) }
    default: return false
    }
  }
}
