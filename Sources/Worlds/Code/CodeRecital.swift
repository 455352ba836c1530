/// A body that documents have, found again in a response under any names.
enum CodeRecital {
  /// A body up to names: every name is replaced by one letter, and all else stays byte for byte.
  ///
  /// A name is a word of capital letters, or a parameter that forms have beside their argument.
  static func withoutNames(_ body: String) -> String {
    var result = ""
    var rest = body[...]
    while let first = rest.first {
      let word = rest.prefix { $0.isLetter }
      if word.isEmpty {
        result.append(first)
        rest = rest.dropFirst()
        continue
      }
      let isName = word.allSatisfy(\.isUppercase) || parameters.contains(String(word))
      result += isName ? "N" : word
      rest = rest[word.endIndex...]
    }
    return result
  }

  private static let parameters: Set<String> = Set(
    CodeForm.all.flatMap { form in
      form.parameters.split { !$0.isLetter }.map(String.init)
    }
  ).subtracting(["a"])

  /// The trained body that a response is, up to names: the form's first word, and which of its
  /// bodies, such as "find, vulnerable". A function without a possible weakness has one body. Nil if
  /// the response is no trained body.
  static func body(_ response: String) -> String? { bodies[withoutNames(response)] }

  private static let bodies: [String: String] = {
    var bodies: [String: String] = [:]
    func add(_ text: String, _ name: String) {
      for width in CodeYears.indents + [CodeYears.indent] {
        let body = CodeRequest.indented(text, width)
          .replacing("$a", with: "N").replacing("$b", with: "N")
        bodies[withoutNames(body), default: name] = name
      }
    }
    for form in CodeForm.trained {
      add(form.vulnerable, form.verb + ", vulnerable")
      add(form.secure, form.verb + ", secure")
    }
    for form in PlainForm.all + PlainForm.forbidden { add(form.body, form.verb) }
    return bodies
  }()
}
