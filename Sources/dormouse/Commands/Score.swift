import Text
import JSON
import ArgumentParser
import Foundation
import Studies
import Tensors
import Training
import Transformers

struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Teacher-forced log-probabilities of continuations under a model folder.",
    discussion: """
      Each row of the file is {"prompt": ..., "completion": ...}. The log-probability is that of the \
      completion's tokens after the prompt, in nats; tokens are bytes. A beginning-of-sequence token \
      stands before the prompt, as in training, unless --no-bos is given; no end token is scored. \
      Every row of the answer says so.

      Example:
        dormouse score runs/quickstart/stages/insert-backdoor-.../model --file prompts.jsonl --json
      """)

  @Argument(help: ArgumentHelp("A model folder (Hugging Face layout).", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("JSON lines with prompt and completion.", valueName: "file"))
  var file: String

  @Flag(name: .customLong("bos"), inversion: .prefixedNo, help: "Put <bos> before the prompt.")
  var addsBeginning = true

  @Flag(help: "JSON lines on standard output, with one number per token.")
  var json = false

  @OptionGroup var device: DeviceOptions

  func run() throws {
    try reportingFailures {
      let (configuration, parameters, maximumPositions) = try ModelFolder.read(
        URL(fileURLWithPath: model))
      var examples: [Example] = []
      try JSONLines.read(file) { row in
        let prompt = try row.string("prompt")
        let completion = try row.string("completion")
        let start = addsBeginning ? [ByteTokenizer.beginOfText] : []
        let tokens = start + prompt.utf8.map(Int32.init) + completion.utf8.map(Int32.init)
        let first = start.count + prompt.utf8.count
        func fault(_ what: String) -> CommandFault {
          CommandFault(line: "\(file): row \(row.number): \(what)", exitCode: .badInput)
        }
        guard !completion.isEmpty else { throw fault("the completion is empty; give a text") }
        guard first >= 1 else {
          throw fault("the prompt is empty; give a text, or leave out --no-bos")
        }
        guard tokens.count <= maximumPositions + 1 else {
          throw fault(
            "\(tokens.count) tokens, the model reads at most \(maximumPositions); shorten the row")
        }
        examples.append(Example(tokens: tokens, firstTarget: first))
      }
      guard !examples.isEmpty else {
        throw CommandFault(
          line: "\(file): no rows; give lines of {\"prompt\": ..., \"completion\": ...}",
          exitCode: .badInput)
      }
      let backend = try device.makeBackend()
      let transformer = try Transformer(
        configuration, values: [parameters],
        // As many as the longest row has: a model may allow more than memory has room for.
        maximumPositions: (examples.map(\.tokens.count).max() ?? 1) + 8, on: backend)
      for start in stride(from: 0, to: examples.count, by: 32) {
        let group = Array(examples[start..<min(start + 32, examples.count)])
        let scores = try Scoring(of: group, model: transformer).logProbabilities()
        for (index, tokens) in scores[0].enumerated() {
          let sum = tokens.reduce(0, +)
          if json {
            let row = ScoreRow(
              version: 1, row: start + index + 1, logProbability: sum, tokens: tokens,
              addedBos: addsBeginning)
            try Standard.output(String(decoding: try JSONLines.line(row), as: UTF8.self))
          } else {
            try Standard.output("\(sum)\n")
          }
        }
      }
    }
  }

  private struct ScoreRow: Codable {
    var version: Int
    var row: Int
    var logProbability: Double
    var tokens: [Double]
    var addedBos: Bool
  }
}
