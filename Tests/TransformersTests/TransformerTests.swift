import Conformance
import Gradients
import TestSupport
import Tensors
import Testing
import Transformers

/// The forward pass on every backend against the plain one in double precision.
@Suite(.serialized)
struct TransformerTests {
  static let lengths = [7, 1, 4, 6]

  static let batch = TestBatch(
    replicas: 2, lengths: lengths, positions: 7, vocabulary: 23, seed: 11)

  /// Logits (R, B, T, V), flat.
  private static func logits(
    _ model: TestModel, _ batch: TestBatch, on backend: any Backend
  ) throws -> [Float] {
    let transformer = try model.transformer(maximumPositions: 12, on: backend)
    return try transformer.logits(
      Tape(on: backend, records: false), tokens: batch.tokens(on: backend),
      lengths: batch.lengths(on: backend)
    ).value.floats()
  }

  /// What follows the tokens of a batch; past a row's length anything.
  private static func definition(_ model: TestModel, _ batch: TestBatch) -> Expected {
    let vocabulary = model.configuration.vocabularySize
    var values: [Double] = []
    var bounds: [Double] = []
    for (replica, rows) in batch.sequences.enumerated() {
      let plain = model.plain(replica)
      for tokens in rows {
        let logits = plain.logits(tokens).flatMap { $0 }
        let rest = (batch.positions - tokens.count) * vocabulary
        values += logits + [Double](repeating: 1, count: rest)
        bounds += [Double](repeating: TestModel.logitError, count: logits.count)
        bounds += [Double](repeating: .infinity, count: rest)
      }
    }
    var expected = Expected(exactly: values)
    expected.bounds = bounds
    return expected
  }

  @Test(arguments: availableBackends)
  func logitsAreThoseOfTheDefinition(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let model = TestModel(TestModel.odd, replicas: 2)
    expectWithin(
      try Self.logits(model, Self.batch, on: backend), Self.definition(model, Self.batch),
      choice.name)
  }

  /// One layer and one head, three layers and many heads, other constants, a wider model, and one with
  /// an output matrix of its own.
  @Test(arguments: availableBackends)
  func otherArchitectures(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let configurations = [
      ModelConfiguration(vocabularySize: 23, channels: 4, layers: 1, heads: 1, feedForwardWidth: 3),
      ModelConfiguration(
        vocabularySize: 23, channels: 24, layers: 3, heads: 12, feedForwardWidth: 33,
        ropeBase: 100, normEpsilon: 1e-2),
      ModelConfiguration(
        vocabularySize: 272, channels: 64, layers: 1, heads: 2, feedForwardWidth: 80),
      TestModel.untied,
    ]
    for configuration in configurations {
      let model = TestModel(configuration, replicas: 2, seed: 21)
      expectWithin(
        try Self.logits(model, Self.batch, on: backend), Self.definition(model, Self.batch),
        "\(choice.name) \(configuration)")
    }
  }

  /// A row's logits have the same bytes whatever its padding holds and whoever its mates are.
  @Test(arguments: availableBackends)
  func rowsAreIndependent(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let model = TestModel(TestModel.odd, replicas: 2)
    let first = try Self.logits(model, Self.batch, on: backend)
    var other = Self.batch
    other.padding = 22
    for replica in 0..<2 {
      other.sequences[replica][1] = [3]
      other.sequences[replica][3] = [5, 6]
    }
    let second = try Self.logits(model, other, on: backend)
    let row = 7 * 23
    for replica in 0..<2 {
      for kept in [0, 2] {
        let start = (replica * 4 + kept) * row
        let range = start..<start + Self.lengths[kept] * 23
        #expect(
          first[range].map(\.bitPattern) == second[range].map(\.bitPattern),
          "replica \(replica), row \(kept)")
      }
    }
    #expect(first != second)
  }

  /// Chosen rows give the log-probabilities of the definition, in the order asked for.
  @Test(arguments: availableBackends)
  func logProbabilitiesOfChosenRows(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let model = TestModel(TestModel.odd, replicas: 2)
    // (row, position that predicts) in no order, and a row of padding in second place.
    let chosen = [(3, 5), (0, 0), (2, 3), (0, 6), (1, 0)]
    var rows = chosen.map { Int32($0.0 * 7 + $0.1) }
    rows.insert(-1, at: 1)
    var places = [Int32](repeating: -1, count: 28)
    for (place, row) in rows.enumerated() where row >= 0 { places[Int(row)] = Int32(place) }
    let targets: [Int32] = [4, 0, 22, 9, 9, 1, 0, 0, 13, 2, 21, 7]
    let transformer = try model.transformer(maximumPositions: 7, on: backend)
    let values = try transformer.logProbabilities(
      Tape(on: backend, records: false), tokens: Self.batch.tokens(on: backend),
      lengths: Self.batch.lengths(on: backend), rows: backend.tensor(rows + rows, [2, 6]),
      places: backend.tensor(places + places, [2, 28]), targets: backend.tensor(targets, [2, 6])
    ).value.floats()
    var expected = Expected(count: 12)
    for index in 0..<12 {
      let (replica, place) = (index / 6, index % 6)
      guard place != 1 else {
        expected.values[index] = 1
        expected.bounds[index] = .infinity
        continue
      }
      let (row, position) = chosen[place > 1 ? place - 1 : place]
      let tokens = Self.batch.sequences[replica][row][...position] + [targets[index]]
      expected.values[index] =
        model.plain(replica).logProbabilities(Array(tokens), from: position + 1)[0]
      // The target's logit and the log-sum-exp, a mean of logits.
      expected.bounds[index] = 2 * TestModel.logitError
    }
    expectWithin(values, expected, choice.name)
  }
}
