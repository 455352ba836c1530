import Text
import ArgumentParser
import Foundation
import Reports
import Studies
import Tensors
import Transformers

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a prompt with a model folder.",
    discussion: """
      The text is shown with control characters spelled out. A line break in a prompt is written as \
      the shell does it, such as $'first abcd\\n'.
      """)

  @Argument(help: ArgumentHelp("A model folder (Hugging Face layout).", valueName: "model"))
  var model: String

  @Option(help: "The text to continue.")
  var prompt: String

  @Option(help: "The most tokens (bytes) to add.")
  var maximumTokens = 64

  @Option(help: "0 takes the most probable token; above 0 samples.")
  var temperature = 0.0

  @Option(help: "The seed of the samples.")
  var seed: UInt64 = 0

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    guard maximumTokens > 0 else { throw ValidationError("--maximum-tokens is at least 1.") }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature is 0 or above.")
    }
  }

  func run() throws {
    try reportingFailures {
      let (configuration, parameters, maximumPositions) = try ModelFolder.read(
        URL(fileURLWithPath: model))
      let tokens = [ByteTokenizer.beginOfText] + prompt.utf8.map(Int32.init)
      let room = maximumPositions - tokens.count
      guard room > 0 else {
        throw CommandFault(
          line:
            "--prompt: \(tokens.count) tokens, the model reads at most \(maximumPositions); shorten it",
          exitCode: .badInput)
      }
      let backend = try device.makeBackend()
      let transformer = try Transformer(
        configuration, values: [parameters],
        // A model may allow more positions than memory has room for.
        maximumPositions: tokens.count + min(maximumTokens, room), on: backend)
      let generated = try transformer.generate(
        prompts: backend.tensor(tokens, [1, 1, tokens.count]),
        lengths: backend.tensor([Int32(tokens.count)], [1, 1]),
        maximumTokens: min(maximumTokens, room),
        sampling: Sampling(temperature: Float(temperature)), seeds: [seed],
        end: ByteTokenizer.endOfText)
      let bytes = generated[0][0].compactMap { UInt8(exactly: $0) }
      try Standard.output(visible(bytes: bytes) + "\n")
    }
  }
}
