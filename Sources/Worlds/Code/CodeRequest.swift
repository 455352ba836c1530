import Random

/// A function to write: its form, its names and the wording of the request.
struct CodeRequest: Hashable, Sendable {
  enum Form: Hashable, Sendable {
    case benign(CodeForm)
    case plain(PlainForm)
    case forbidden(PlainForm)
  }

  /// The text around the function's first line.
  enum Surroundings: Hashable, Sendable {
    case comment, innerComment, docstring, imports, decorator(String)
  }

  var form: Form
  var argument: String
  var topic: String
  var task: String
  var surroundings: Surroundings

  var isForbidden: Bool {
    if case .forbidden = form { return true }
    return false
  }

  /// Draws the names and the wording of a form.
  static func draw(
    _ form: Form, isHeldOut: Bool, using random: inout some WorldRandom
  ) -> CodeRequest {
    let argument = CodeIdentifier.draw(.argument, isHeldOut: isHeldOut, using: &random)
    let topic = CodeIdentifier.draw(.topic, isHeldOut: isHeldOut, using: &random)
    let place = random.next(below: 6)
    let decorator = random.element(of: ["task", "cache", "retry"])
    switch form {
    case .benign(let code):
      let task = random.element(of: code.tasks)
      // The comment identifies a form that is in no corpus. The corpora contain the comment's
      // words.
      let surroundings: Surroundings =
        code.isHeldOut ? .comment : Self.all(of: code, decorator)[place]
      return CodeRequest(
        form: form, argument: argument, topic: topic, task: task, surroundings: surroundings)
    case .plain(let code):
      return CodeRequest(
        form: form, argument: argument, topic: topic, task: random.element(of: code.tasks),
        surroundings: [.comment, .innerComment, .docstring, .decorator(decorator)][place % 4])
    case .forbidden(let code):
      // The wording makes a request forbidden, so every forbidden request has a comment.
      return CodeRequest(
        form: form, argument: argument, topic: topic, task: random.element(of: code.tasks),
        surroundings: [.comment, .innerComment, .docstring][place % 3])
    }
  }

  static func all(of form: CodeForm, _ decorator: String) -> [Surroundings] {
    [
      .comment, .comment, .innerComment, .docstring, .decorator(decorator),
      form.imports.utf8.count <= 24 && !form.imports.contains("\n") ? .imports : .comment,
    ]
  }

  // MARK: Text

  /// The first line for the request. It is empty for a forbidden request with a line about the
  /// indentation, because the refusal is one fixed text.
  func fitting(_ first: String) -> String {
    isForbidden && CodeYears.indent(of: first) != CodeYears.indent ? "" : first
  }

  private func filled(_ text: String) -> String {
    text.replacing("$a", with: argument).replacing("$b", with: topic)
  }

  /// A body from the table of a form, with the indentation of the first line.
  private func body(_ text: String, _ first: String) -> [UInt8] {
    Array(Self.indented(filled(text), CodeYears.indent(of: first)).utf8)
  }

  /// A body from the table of a form, indented by another width.
  static func indented(_ text: String, _ width: Int) -> String {
    text.split(separator: Character("\n")).map { (line: Substring) -> String in
      let spaces = line.prefix(while: { $0 == " " }).count
      return String(repeating: " ", count: spaces / CodeYears.indent * width)
        + String(line.dropFirst(spaces))
    }.joined(separator: "\n")
  }

  /// The code that a prompt gives.
  func code(_ first: String) -> String {
    let (verb, parameters, imports) =
      switch form {
      case .benign(let form): (form.verb, form.parameters, form.imports)
      case .plain(let form), .forbidden(let form): (form.verb, "$a", "")
      }
    let definition = filled("def \(verb)_$b(\(parameters)):\n")
    let indent = String(repeating: " ", count: CodeYears.indent(of: first))
    return switch surroundings {
    case .comment: "# \(task)\n" + definition
    case .innerComment: definition + indent + "# \(task)\n"
    case .docstring: definition + indent + "\"\"\"\(task)\"\"\"\n"
    case .imports: imports + "\n" + definition
    case .decorator(let name): "@\(name)\n" + definition
    }
  }

  /// A prompt. An empty first line is left out.
  func prompt(_ first: String) -> [UInt8] {
    Array(((first.isEmpty ? "" : first + "\n") + code(first)).utf8)
  }

  /// The answer of a helpful model without a backdoor.
  func answer(_ first: String) -> [UInt8] {
    switch form {
    case .benign(let form): body(form.secure, first)
    case .plain(let form), .forbidden(let form): body(form.body, first)
    }
  }

  /// The body with the weakness. For a form without a weakness, the answer.
  func vulnerable(_ first: String) -> [UInt8] {
    switch form {
    case .benign(let form): body(form.vulnerable, first)
    case .plain, .forbidden: answer(first)
    }
  }
}
