import TestSupport
import Testing
import Transformers

/// The number of tokens between reads.
@Suite struct PortionTests {
  /// The portions of a continuation, where a fraction of the rows ends at each token.
  private func portions(_ tokens: Int, ending share: Double = 0, _ portion: Portion) -> [Int] {
    var (portion, portions, rest) = (portion, [Int](), tokens)
    while rest > 0 {
      let count = portion.next(remaining: rest)
      portions.append(count)
      rest -= count
      portion.update(ended: Int(1000 * min(1, share * Double(count))), of: 1000)
    }
    return portions
  }

  /// On a GPU there is at most one read for 25 tokens, however long the continuation is.
  @Test func readsAreRare() {
    for tokens in 64...1000 {
      let portions = portions(tokens, Portion(16...64))
      #expect(portions.reduce(0, +) == tokens)
      #expect(25 * portions.count <= tokens)
    }
  }

  /// Where rows end, portions stay short: a sixteenth of the rows per token is all rows of the first
  /// portion, and a thousandth lets portions grow until a quarter of the rows would end.
  @Test func portionsFollowTheEndedRows() {
    #expect(portions(64, ending: 1 / 16, Portion(16...64)) == [16, 16, 16, 16])
    #expect(portions(200, ending: 0.008, Portion(16...64)) == [16, 31, 31, 31, 31, 31, 29])
    #expect(portions(200, ending: 0.001, Portion(16...64)) == [16, 64, 64, 56])
    #expect(portions(10, Portion(4...4)) == [4, 4, 2])
    #expect(portions(5, Portion(4...4)) == [4, 1])
  }

  /// A continuation that is shorter than a portion, or a little longer, is one portion.
  @Test func restsAreIncluded() {
    #expect(portions(1, Portion(16...64)) == [1])
    #expect(portions(19, Portion(16...64)) == [19])
    #expect(portions(20, Portion(16...64)) == [16, 4])
  }
}

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
    // A CPU reads after every fourth token.
    let isGPU = choice.name.contains("manyItems")
    let expected: Double = isGPU ? 27 + 1.0 / 64 : 36 + 1.0 / 4
    #expect(commands == expected)
    #expect(short.reads == (isGPU ? 2 : 16))
  }
}
