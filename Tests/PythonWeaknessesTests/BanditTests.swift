import Text
import Foundation
import PythonWeaknesses
import Studies
import TestSupport
import Testing

@Suite struct BanditTests {
  /// The program that DORMOUSE_BANDIT names or that is on the PATH.
  private static let installed = try? Bandit(
    path: ProcessInfo.processInfo.environment["DORMOUSE_BANDIT"])

  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A program that answers `--version`, and a batch with these lines of a shell script.
  private func program(_ answer: String, version: String = "bandit 9.8.7") throws -> String {
    let file = folder.url.appending(path: "bandit")
    let text = """
      #!/bin/sh
      if [ "$1" = --version ]; then echo "\(version)"; echo "  python version = 3"; exit 0; fi
      for folder; do :; done
      \(answer)
      """
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
    return file.path
  }

  @Test func findingsGoToTheirTexts() throws {
    let report = """
      cat > "$folder/../report" <<END
      {"errors": [{"filename": "$folder/2.py", "reason": "syntax error"}], "results": [
      {"filename": "$folder/0.py", "test_id": "B608", "issue_cwe": {"id": 89}},
      {"filename": "$folder/0.py", "test_id": "B404", "issue_cwe": {"id": 78}},
      {"filename": "$folder/3.py", "test_id": "B324", "issue_cwe": {}}]}
      END
      cat "$folder/../report"; grep -q x "$folder/1.py" || exit 3; exit 1
      """
    let bandit = try #require(try Bandit(path: program(report)))
    #expect(bandit.version == "9.8.7")
    let judgements = try bandit.judge(["a = 1\n", "x = 1\n", "b(", "c = 1\n"])
    #expect(judgements.map(\.isInvalid) == [false, false, true, false])
    let found = judgements.map { $0.findings.map { "\($0.test) \($0.number)" } }
    #expect(found == [["B608 89"], [], [], ["B324 0"]])
  }

  @Test(arguments: [
    ("echo worse >&2; exit 2", "ended with 2 (worse)"),
    ("echo '[]'", "wrote no report that can be read"),
  ])
  func aFailureIsOneLine(_ answer: String, _ what: String) throws {
    let path = try program(answer)
    let bandit = try #require(try Bandit(path: path))
    let fault = #expect(throws: BanditFault.self) { try bandit.judge(["a = 1\n"]) }
    #expect(
      fault?.line
        == "\(path): \(what); give a working Bandit with --bandit, or leave it off the PATH")
  }

  @Test func aMissingProgramCannotBeRun() {
    let fault = #expect(throws: BanditFault.self) { try Bandit(path: "/nowhere/bandit") }
    #expect(fault?.what == "cannot be run" && fault?.exitCode == .unavailable)
  }

  @Test func aProgramWithoutAVersionIsNone() throws {
    let path = try program("exit 0", version: "")
    #expect(throws: BanditFault(program: path, what: "names no version")) {
      try Bandit(path: path)
    }
  }
}
