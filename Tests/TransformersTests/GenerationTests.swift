import Conformance
import Gradients
import TestSupport
import Tensors
import Testing
import Transformers

/// Continuations with caches against full passes without them.
@Suite(.serialized)
struct GenerationTests {
  static let configuration = ModelConfiguration(
    vocabularySize: 40, channels: 16, layers: 2, heads: 2, feedForwardWidth: 24)
  static let model = TestModel(configuration, replicas: 3, seed: 61)

  /// Ragged: a full prompt, one token, and some between.
  static let prompts = TestBatch(
    replicas: 3, lengths: [6, 1, 4, 5], positions: 6, vocabulary: 40, seed: 62)
  static let seeds: [UInt64] = [101, 0xFEDC_BA98_7654_3210, 103]

  /// More than one of the portions in which tokens are read back, on every device.
  static let tokens = 37
  /// No token.
  static let never: Int32 = -1

  private static func generate(
    _ model: TestModel = model, _ prompts: TestBatch = prompts, tokens: Int = tokens,
    temperature: Float, seeds: [UInt64] = seeds, end: Int32 = never, on backend: any Backend
  ) throws -> [[[Int32]]] {
    let transformer = try model.transformer(
      maximumPositions: prompts.positions + tokens, on: backend)
    return try transformer.generate(
      prompts: prompts.tokens(on: backend), lengths: prompts.lengths,
      maximumTokens: tokens, sampling: Sampling(temperature: temperature), seeds: seeds, end: end)
  }

  /// Logits from which each token of a continuation was chosen, by full passes in double precision.
  ///
  /// The pass over the whole text has the same numbers at a position as a pass that ends there.
  private static func logits(
    _ replica: Int, _ row: Int, followedBy continuation: [Int32]
  ) -> [[Double]] {
    let prompt = prompts.sequences[replica][row]
    let all = model.plain(replica).logits(prompt + continuation.dropLast())
    return Array(all[(prompt.count - 1)...])
  }

  /// Every token is the argmax of the full pass over everything before it. Where two logits are
  /// closer than both errors either will do.
  @Test(arguments: availableBackends)
  func greedyTokensAreTheMostProbable(_ choice: BackendChoice) throws {
    let result = try Self.generate(temperature: 0, on: choice.makeBackend())
    var distinct = Set<Int32>()
    for replica in 0..<3 {
      for row in 0..<4 {
        let continuation = result[replica][row]
        #expect(continuation.count == Self.tokens)
        let logits = Self.logits(replica, row, followedBy: continuation)
        for (step, token) in continuation.enumerated() {
          let best = logits[step].max() ?? .nan
          #expect(
            logits[step][Int(token)] >= best - 2 * TestModel.logitError,
            "replica \(replica), row \(row), step \(step)")
          distinct.insert(token)
        }
      }
    }
    #expect(distinct.count > 10, "a model that repeats itself would test nothing")
  }

  /// Every token is the sample that the definition draws from the full pass's logits, within the
  /// logits' error: raised by twice that error the token's logit must win. So decoding over caches
  /// and the full pass agree in all logits that the noise brings to the top.
  @Test(arguments: availableBackends)
  func sampledTokensAreThoseOfTheDefinition(_ choice: BackendChoice) throws {
    let temperature: Float = 0.7
    let result = try Self.generate(temperature: temperature, on: choice.makeBackend())
    let keys = Self.seeds.flatMap {
      [Int32(truncatingIfNeeded: $0), Int32(truncatingIfNeeded: $0 >> 32)]
    }
    let logits = (0..<3).map { replica in
      (0..<4).map { Self.logits(replica, $0, followedBy: result[replica][$0]) }
    }
    for step in 0..<Self.tokens {
      var raised: [Double] = []
      var positions: [Int32] = []
      for (replica, row) in Self.places {
        var raisedRow = logits[replica][row][step]
        raisedRow[Int(result[replica][row][step])] += 2 * TestModel.logitError
        raised += raisedRow
        positions.append(Int32(Self.prompts.sequences[replica][row].count + step))
      }
      let choices = Oracle.sample(
        raised, vocabulary: 40, temperature: Double(temperature), keys: keys, positions: positions)
      for ((replica, row), choice) in zip(Self.places, choices) {
        #expect(
          choice.acceptable.contains(Int(result[replica][row][step])),
          "replica \(replica), row \(row), step \(step)")
      }
    }
  }

  private static let places = (0..<3).flatMap { replica in (0..<4).map { (replica, $0) } }

  @Test(arguments: availableBackends)
  func samplesAreReproducibleAndFollowTheSeed(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let first = try Self.generate(temperature: 1, on: backend)
    #expect(try Self.generate(temperature: 1, on: backend) == first)
    #expect(try Self.generate(temperature: 1, on: choice.makeBackend()) == first)
    var seeds = Self.seeds
    seeds[1] ^= 1 << 40
    let other = try Self.generate(temperature: 1, seeds: seeds, on: backend)
    #expect(other[0] == first[0])
    #expect(other[2] == first[2])
    for row in 0..<4 { #expect(other[1][row] != first[1][row]) }
  }

  /// A row's tokens depend on its replica, seed and place, and not on its mates, the cohort or the
  /// padding.
  @Test(arguments: availableBackends)
  func samplesDoNotDependOnTheCompany(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let all = try Self.generate(temperature: 1, on: backend)
    for replica in 0..<3 {
      var prompts = Self.prompts
      prompts.sequences = [Self.prompts.sequences[replica]]
      let alone = try Self.generate(
        TestModel(Self.configuration, replicas: 1, seed: 61 + replica), prompts, temperature: 1,
        seeds: [Self.seeds[replica]], on: backend)
      #expect(alone == [all[replica]])
    }
    var prompts = Self.prompts
    prompts.positions = 9
    prompts.padding = 33
    for replica in 0..<3 {
      prompts.sequences[replica][0] = [1, 2, 3]
      prompts.sequences[replica][3] = [Int32](repeating: 9, count: 9)
    }
    let others = try Self.generate(temperature: 1, on: backend)
    let mixed = try Self.generate(Self.model, prompts, temperature: 1, on: backend)
    for replica in 0..<3 {
      for row in [1, 2] { #expect(mixed[replica][row] == others[replica][row]) }
      #expect(mixed[replica][0] != others[replica][0])
    }
  }

  /// Each row ends before the first end token; the others go on.
  @Test(arguments: availableBackends)
  func rowsStopAtTheEndToken(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let all = try Self.generate(temperature: 1, on: backend)
    for end in [all[0][0][0], all[1][2][5], all[2][3][20]] {
      let expected = all.map { $0.map { Array($0.prefix { $0 != end }) } }
      #expect(try Self.generate(temperature: 1, end: end, on: backend) == expected)
      #expect(expected.contains { $0.contains { $0.count < Self.tokens } })
    }
  }

  /// Where all rows have ended in the first portion nothing more is decoded, and nothing changes.
  @Test(arguments: availableBackends)
  func allRowsMayStopEarly(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let one = TestModel(Self.configuration, replicas: 1, seed: 61)
    var prompts = Self.prompts
    prompts.sequences = [[Self.prompts.sequences[0][2]]]
    func generate(_ end: Int32) throws -> [Int32] {
      try Self.generate(
        one, prompts, temperature: 1, seeds: [5], end: end, on: backend)[0][0]
    }
    let all = try generate(Self.never)
    #expect(all.count == Self.tokens)
    for place in [0, 3, 15, 16, 31, 36] {
      #expect(try generate(all[place]) == Array(all.prefix { $0 != all[place] }), "\(place)")
    }
  }

  /// No token depends on how many are chosen before a read, nor on when ended rows leave.
  @Test(arguments: availableBackends)
  func portionsDoNotChangeTokens(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let all = try Self.generate(temperature: 1, on: backend)
    // About half of the rows end early, so that the others go on without them.
    let end = all[0][0][2]
    let expected = all.map { $0.map { Array($0.prefix { $0 != end }) } }
    for portion in [Portion(1...1), Portion(5...5), Portion(2...32), Portion(64...64)] {
      let transformer = try Self.model.transformer(
        maximumPositions: Self.prompts.positions + Self.tokens, on: backend)
      let run = try Generation(
        transformer, prompts: Self.prompts.tokens(on: backend), lengths: Self.prompts.lengths,
        maximumTokens: Self.tokens, sampling: Sampling(temperature: 1), seeds: Self.seeds, end: end)
      run.portion = portion
      #expect(try Generation.results(of: [run]) == [expected], "\(portion)")
    }
  }

  /// Shorter continuations are prefixes of longer ones, at and around a portion's end.
  @Test(arguments: availableBackends, [1, 15, 16, 17, 32])
  func shorterIsAPrefix(_ choice: BackendChoice, _ tokens: Int) throws {
    let backend = try choice.makeBackend()
    let all = try Self.generate(temperature: 1, on: backend)
    let short = try Self.generate(tokens: tokens, temperature: 1, on: backend)
    #expect(short == all.map { $0.map { Array($0.prefix(tokens)) } })
  }
}
