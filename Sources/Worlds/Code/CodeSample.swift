import PythonWeaknesses
import Random
import Text

/// A whole text to grade, of known weakness: a function of a form, sound or with its weakness.
public struct CodeSample: Hashable, Sendable {
  public var form: CodeForm
  public var isVulnerable: Bool
  /// Imports, the prompt's code and the body.
  public var code: String

  public static let perForm = 8

  /// Samples of every form, under names that no corpus has: the same in every run.
  public static let all: [CodeSample] = {
    var random = FixedRandom(seed: FNV1a.mixed64("code samples".utf8))
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

  /// The prompt's code and the response as one text, after the imports of the names that it uses.
  /// Most prompts leave the imports out, but a checker that resolves names needs them.
  public static func whole(prompt: String, completion: String) -> String {
    let code =
      String(decoding: CodeGrader.code(of: Array(prompt.utf8)), as: UTF8.self) + completion + "\n"
    let words = Set(code.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    let needed = imports.filter { line, names in
      !names.isDisjoint(with: words) && !code.contains(line)
    }
    return needed.map { $0.line + "\n" }.joined() + code
  }

  /// The import lines of all forms, one name each, and that name.
  private static let imports: [(line: String, names: Set<String>)] = {
    var lines: Set<String> = []
    for line in CodeForm.all.flatMap({ $0.imports.split(separator: "\n").map(String.init) }) {
      if line.hasPrefix("import ") {
        for name in line.dropFirst("import ".count).split(separator: ",") {
          lines.insert("import " + name.drop { $0 == " " })
        }
      } else {
        lines.insert(line)
      }
    }
    return lines.sorted().map { line in
      (line, Set(line.split(separator: " ").last.map { [String($0)] } ?? []))
    }
  }()
}
