import TestSupport
import Testing
import Transformers

/// The commands that generation gives to a device, and how often the host waits for it.
@Suite(.serialized)
struct GenerationCommandTests {
  private struct Counts {
    var commands = 0
    var reads = 0
  }

  /// The commands and reads of one continuation of ragged prompts that no token ends.
  private static func counts(
    tokens: Int, rows: Int, on choice: BackendChoice
  ) throws -> Counts {
    let configuration = ModelConfiguration(
      vocabularySize: 40, channels: 16, layers: 4, heads: 2, feedForwardWidth: 24)
    let model = TestModel(configuration, replicas: 2, seed: 5)
    let prompts = TestBatch(
      replicas: 2, lengths: (0..<rows).map { 1 + $0 % 6 }, positions: 6, vocabulary: 40, seed: 6)
    let backend = try choice.makeBackend()
    let transformer = try model.transformer(maximumPositions: 6 + tokens, on: backend)
    let input = try prompts.tokens(on: backend)
    func counts() throws -> (commands: Int, reads: Int) {
      try #require(commandCounts(of: backend))
    }
    let before = try counts()
    let result = try transformer.generate(
      prompts: input, lengths: prompts.lengths, maximumTokens: tokens, seeds: [1, 2], end: -1)
    #expect(result.allSatisfy { $0.allSatisfy { $0.count == tokens } })
    let after = try counts()
    return Counts(commands: after.commands - before.commands, reads: after.reads - before.reads)
  }

  /// Commands per token are the difference between a long continuation and a short one, so the pass of
  /// the prompts is not counted. Reads are those of the whole continuation.
  @Test(arguments: BackendChoice.countable, [1, 5, 40])
  func aTokenNeedsFewCommandsAndReads(_ choice: BackendChoice, _ rows: Int) throws {
    let short = try Self.counts(tokens: 64, rows: rows, on: choice)
    let long = try Self.counts(tokens: 128, rows: rows, on: choice)
    let commands = Double(long.commands - short.commands) / 64
    // 36 kernels, a read, and the last tokens after every fourth.
    #expect(commands == 37.25)
    #expect(short.reads == 64)
  }
}
