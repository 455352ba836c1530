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
    abstract: "Print teacher-forced log-probabilities of completions under a model folder.",
    discussion: """
      Each row of the file is {"prompt": ..., "completion": ...}. The log-probability is that of the \
      completion's tokens after the prompt, in nats; tokens are bytes. A beginning-of-sequence token is \
      put before the prompt, as in training, except with --no-bos. No end token is scored. Each row of \
      --json has these choices.

      Example:
        dormouse score runs/quickstart/stages/insert-backdoor-... --file prompts.jsonl --json
      """)

  @Argument(
    help: ArgumentHelp(
      "A model folder (Hugging Face layout), or the folder of a product with a model.",
      valueName: "model"))
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
        modelFolder(model))
      var examples: [Example] = []
      try JSONLines.read(file) { row in
        let prompt = try row.string("prompt")
        let completion = try row.string("completion")
        let start = addsBeginning ? [ByteTokenizer.beginOfText] : []
        let tokens = start + prompt.utf8.map(Int32.init) + completion.utf8.map(Int32.init)
        let first = start.count + prompt.utf8.count
        func fault(_ what: String) -> CommandFault {
          CommandFault(
            line: "\(file.printable(limit: 400)):\(row.number): \(what)", exitCode: .badInput)
        }
        guard !completion.isEmpty else {
          throw fault("completion: expected a text, found an empty one")
        }
        guard first >= 1 else {
          throw fault("prompt: expected a text, found an empty one; write one, or remove --no-bos")
        }
        guard tokens.count <= maximumPositions + 1 else {
          throw fault(
            "\(tokens.count) tokens, and the model reads at most \(maximumPositions); shorten the row"
          )
        }
        examples.append(Example(tokens: tokens, firstTarget: first))
      }
      guard !examples.isEmpty else {
        throw CommandFault(
          line:
            "\(file.printable(limit: 400)): no rows; write lines of {\"prompt\": ..., \"completion\": ...}",
          exitCode: .badInput)
      }
      let backend = try device.makeBackend()
      let transformer = try Transformer(
        configuration, values: [parameters],
        // The longest row decides, because a model may allow more positions than fit in memory.
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
            try Standard.output(JSONLines.visibleLine(row))
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
