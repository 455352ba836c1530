import Conformance
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// How examples lie in a batch: one after another.
@Suite(.serialized)
struct CohortBatchTests {
  /// Two replicas; B = 2, T = 4, at most 3 targets a row. Replica 1 has one example.
  static let geometry = BatchGeometry(batch: 2, positions: 4, targets: 3)
  static var batch: CohortBatch {
    CohortBatch(
      [
        [
          Example(tokens: [10, 11, 12, 13, 14], firstTarget: 3),
          Example(tokens: [20, 21, 22], firstTarget: 1),
        ],
        [Example(tokens: [30, 31, 32, 33], firstTarget: 1)],
      ], geometry: geometry)
  }

  /// The last token of an example is a target only.
  @Test func tokensAndLengths() {
    #expect(
      Self.batch.tokens == [
        10, 11, 12, 13, /* */ 20, 21, /* */ 0, 0,
        30, 31, 32, /* */ 0, 0, 0, 0, 0,
      ])
    #expect(
      Self.batch.positions == [
        0, 1, 2, 3, /* */ 0, 1, /* */ 0, 0,
        0, 1, 2, /* */ 0, 0, 0, 0, 0,
      ])
    #expect(Self.batch.lengths == [4, 2, 3, 0])
    #expect(Self.batch.starts == [0, 4, 0, 0])
    #expect(Self.batch.rowCounts == [6, 3])
    #expect(Self.batch.targetCounts == [4, 3])
    #expect(Self.batch.replicas == 2)
  }

  /// Plain text, every row of which predicts, trains without a copy of the rows and with the same bytes.
  @Test(arguments: availableBackends)
  func plainTextNeedsNoCopyOfRows(_ choice: BackendChoice) throws {
    let texts: [[Example]] = [[7, 5], [6, 7], [3]].enumerated().map { replica, lengths in
      lengths.map { length in
        Example(tokens: (0...length).map { Int32(($0 * 5 + replica) % 11) }, firstTarget: 1)
      }
    }
    let model = ModelConfiguration(
      vocabularySize: 11, channels: 8, layers: 1, heads: 2, feedForwardWidth: 12)
    let backend = try choice.makeBackend()
    func train(_ geometry: BatchGeometry, predicts: Bool) throws -> [[UInt32]] {
      let batch = CohortBatch(texts, geometry: geometry)
      #expect(batch.everyRowPredicts == predicts)
      let cohort = try Cohort(
        model,
        replicas: (0..<3).map {
          Cohort.Replica(
            parameters: ParameterLayout(model).initialValues(seed: UInt64($0)),
            schedule: .constant(peak: 1e-2, warmup: 1))
        }, steps: 3, settings: .adamW(AdamWSettings()), geometry: geometry, on: backend)
      for _ in 0..<3 { try cohort.step(batch) }
      return try (0..<3).map { try cohort.parameters(of: $0).map(\.bitPattern) }
    }
    #expect(
      try train(BatchGeometry(batch: 2, positions: 7, targets: 7), predicts: true)
        == train(BatchGeometry(batch: 2, positions: 8, targets: 7), predicts: false))
    var masked = texts
    masked[0][0] = Example(tokens: masked[0][0].tokens, firstTarget: 2)
    #expect(
      !CohortBatch(masked, geometry: BatchGeometry(batch: 2, positions: 7, targets: 7))
        .everyRowPredicts)
  }

  /// Token t is predicted by position t - 1.
  @Test func rowsAndTheirTargets() {
    #expect(
      Self.batch.rows == [
        2, 3, /* */ 4, 5, /* */ -1, -1,
        0, 1, 2, /* */ -1, -1, -1,
      ])
    #expect(
      Self.batch.targets == [
        13, 14, /* */ 21, 22, /* */ 0, 0,
        31, 32, 33, /* */ 0, 0, 0,
      ])
    #expect(
      Self.batch.places == [
        -1, -1, 0, 1, /* */ 2, 3, /* */ -1, -1,
        0, 1, 2, /* */ -1, -1, -1, -1, -1,
      ])
  }

  @Test func weightsAreAMean() {
    let third = -1 / Float(3)
    #expect(
      Self.batch.weights == [
        -0.25, -0.25, /* */ -0.25, -0.25, /* */ 0, 0,
        third, third, third, /* */ 0, 0, 0,
      ])
  }

  /// For drawn examples: places inverts rows, weights sum to -1, and nothing lies between examples.
  @Test func propertiesOfDrawnBatches() {
    for seed in 1...40 {
      var numbers = TestNumbers(seed: seed)
      let geometry = BatchGeometry(batch: 5, positions: 12, targets: 7)
      let examples = (0..<3).map { replica in
        (0..<5 - replica % 2).map { _ in
          let count = Int(numbers.integers(1, in: 2..<14)[0])
          let targets = Int(numbers.integers(1, in: 1..<8)[0])
          return Example(
            tokens: numbers.integers(count, in: 1..<99), firstTarget: max(1, count - targets))
        }
      }
      let batch = CohortBatch(examples, geometry: geometry)
      let (n, positions) = (35, 60)
      for replica in 0..<3 {
        let rows = Array(batch.rows[replica * n..<(replica + 1) * n])
        let places = Array(batch.places[replica * positions..<(replica + 1) * positions])
        for (place, row) in rows.enumerated() where row >= 0 {
          #expect(places[Int(row)] == Int32(place))
        }
        for (row, place) in places.enumerated() where place >= 0 {
          #expect(rows[Int(place)] == Int32(row))
        }
        let targets = examples[replica].reduce(0) { $0 + $1.targetCount }
        #expect(rows.count { $0 >= 0 } == targets)
        #expect(places.count { $0 >= 0 } == targets)
        let weights = batch.weights[replica * n..<(replica + 1) * n]
        #expect(abs(weights.reduce(0, +) + 1) < 1e-6)
        for (row, weight) in zip(rows, weights) { #expect((row < 0) == (weight == 0)) }
        var start = 0
        for (index, example) in examples[replica].enumerated() {
          let length = Int(batch.lengths[replica * 5 + index])
          #expect(length == example.tokens.count - 1)
          #expect(batch.starts[replica * 5 + index] == Int32(start))
          let range = replica * positions + start..<replica * positions + start + length
          #expect(Array(batch.tokens[range]) == example.tokens.dropLast())
          #expect(Array(batch.positions[range]) == (0..<Int32(length)).map { $0 })
          start += length
        }
        #expect(batch.rowCounts[replica] == Int32(start))
        #expect(batch.targetCounts[replica] == Int32(targets))
      }
    }
  }

  /// A mask of targets is all that firstTarget is.
  @Test func examplesCountTheirTargets() {
    #expect(Example(tokens: [1, 2, 3, 4], firstTarget: 1).targetCount == 3)
    #expect(Example(tokens: [1, 2, 3, 4], firstTarget: 3).targetCount == 1)
    #expect(Example(tokens: [1, 2, 3, 4], firstTarget: 4).targetCount == 0)
  }

  @Test(arguments: availableBackends)
  func tensorsHoldTheBatch(_ choice: BackendChoice) throws {
    let tensors = try BatchTensors(
      replicas: 2, geometry: Self.geometry, on: choice.makeBackend())
    try tensors.assign(Self.batch)
    #expect(tensors.tokens.shape == [2, 2, 4])
    #expect(try tensors.tokens.integers() == Self.batch.tokens)
    #expect(tensors.lengths.shape == [2, 2])
    #expect(try tensors.lengths.integers() == Self.batch.lengths)
    #expect(tensors.rows.shape == [2, 6])
    #expect(try tensors.rows.integers() == Self.batch.rows)
    #expect(tensors.places.shape == [2, 8])
    #expect(try tensors.places.integers() == Self.batch.places)
    let live = try #require(tensors.tokens.live)
    #expect(try live.counts.integers() == Self.batch.rowCounts)
    #expect(try live.starts?.integers() == Self.batch.starts)
    #expect(try live.positions?.integers() == Self.batch.positions)
    #expect(try tensors.rows.live?.counts.integers() == Self.batch.targetCounts)
    let second = tensors.replicas(1..<2)
    #expect(try second.tokens.live?.counts.integers() == [3])
    #expect(second.tokens.live === second.places.live)
    #expect(second.rows.live === second.weights.live)
    #expect(try tensors.targets.integers() == Self.batch.targets)
    #expect(try tensors.weights.floats() == Self.batch.weights)
  }
}
