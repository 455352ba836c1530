import Text
import JSON
import ArgumentParser
import Foundation
import PythonWeaknesses
import Reports
import Studies
import Worlds

struct Grade: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Grade samples of Python with known weaknesses by the built-in rules and Bandit.",
    discussion: """
      Each row of the file is {"id": ..., "code": ...}, or {"ID": ..., "Insecure_code": ...} as in \
      SecurityEval (github.com/s2e-lab/SecurityEval). An id such as CWE-089_author_1.py names the \
      weakness of its sample. Two graders read every sample and the forms of the code world: the built-in \
      rules, and Bandit if it is installed (pip install bandit). The code is never run.

      Bandit's findings about imports (B401 to B415) and about processes without a shell (B603, B607) do \
      not count, because sound code has them too.

      Example:
        dormouse grade samples.jsonl --bandit venv/bin/bandit
      """)

  @Argument(help: ArgumentHelp("JSON lines with id and code.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp("The program of Bandit. Without it, the one on the PATH.", valueName: "path")
  )
  var bandit: String?

  @Flag(help: "JSON lines on standard output, one line per sample.")
  var json = false

  func run() throws {
    try reportingFailures {
      var rows: [(id: String, code: String, number: Int?)] = []
      try JSONLines.read(file) { row in
        let keys = row.object["Insecure_code"] == nil ? ("id", "code") : ("ID", "Insecure_code")
        let id = try row.string(keys.0)
        rows.append((id, try row.string(keys.1), Self.number(of: id)))
      }
      guard !rows.isEmpty else {
        throw CommandFault(
          line:
            "\(file.printable(limit: 400)): no rows; write lines of {\"id\": ..., \"code\": ...}",
          exitCode: .badInput)
      }
      let bandit = try Bandit(path: bandit)
      let versions =
        "Built-in rules, revision \(CodeGrader.revision). "
        + (bandit.map { "Bandit \($0.version)." }
          ?? "There is no bandit on the PATH, so only the built-in rules grade (pip install bandit).")
      let texts = try GradedTexts(rows, bandit: bandit)
      let samples = CodeSample.all
      let graded = try GradedTexts(
        samples.map { sample in
          (
            id: "\(sample.form.verb) \(sample.isVulnerable ? "weak" : "sound")",
            code: sample.code, number: sample.form.weakness.rawValue
          )
        }, bandit: bandit)
      if json {
        Standard.error(versions + "\n")
        for (source, texts) in [("file", texts), ("forms", graded)] {
          for text in texts.texts {
            let row = Row(text, source: source, bandit: bandit?.version)
            try Standard.output(JSONLines.visibleLine(row))
          }
        }
        return
      }
      let tables = GradeTables(
        texts: texts, samples: Array(zip(samples, graded.texts)), hasBandit: bandit != nil)
      try Standard.output(
        versions + "\n"
          + tables.all.map { "\n\($0.caption)\n\n\($0.plainText)" }.joined())
    }
  }

  /// The number after "CWE-" at the start of an id.
  private static func number(of id: String) -> Int? {
    guard id.hasPrefix("CWE-") else { return nil }
    return Int(id.dropFirst(4).prefix { $0.isNumber })
  }

  private struct Row: Codable {
    var version = 1
    var source: String
    var id: String
    var weakness: Int?
    var isClaimed: Bool
    var isPython: Bool
    var rules: [Int]
    var rulesRevision = CodeGrader.revision
    var bandit: [String]?
    var banditWeaknesses: [Int]?
    var banditVersion: String?

    init(_ text: GradedTexts.Text, source: String, bandit: String?) {
      self.source = source
      id = text.id
      weakness = text.number
      isClaimed = text.weakness != nil
      isPython = text.found != nil
      rules = (text.found ?? []).map(\.rawValue).sorted()
      self.bandit = text.bandit?.findings.map(\.test)
      banditWeaknesses = text.bandit?.findings.map(\.number)
      banditVersion = bandit
    }
  }
}
