import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Training that leaves the embedding as it is, where it is the output matrix too and where it is not.
@Suite(.serialized)
struct FrozenEmbeddingTests {
  static func configuration(tied: Bool) -> ModelConfiguration {
    var configuration = TrainingRun.configuration
    configuration.tiesEmbeddings = tied
    return configuration
  }

  private static func run(
    _ members: [Int], tied: Bool, steps: Int,
    settings: OptimizerSettings = .adamW(AdamWSettings()),
    frozen: Bool = true, on backend: any Backend
  ) throws -> TrainingRun {
    try TrainingRun(
      members, steps: steps, configuration: configuration(tied: tied), settings: settings,
      freezesEmbedding: frozen, on: backend)
  }

  /// The table keeps its bytes, everything else moves, and a replica alone is what it is in company.
  @Test(arguments: availableBackends, [true, false])
  func theTableStaysAndTheRestMoves(_ choice: BackendChoice, _ tied: Bool) throws {
    let backend = try choice.makeBackend()
    let company = try Self.run([0, 1, 2], tied: tied, steps: 8, on: backend)
    try company.train(0..<8)
    let bits = try company.bits()
    let layout = ParameterLayout(Self.configuration(tied: tied))
    let table = layout.range(of: .embedding)
    for member in 0..<3 {
      let before = layout.initialValues(seed: UInt64(900 + member)).map(\.bitPattern)
      #expect(bits[member][table] == before[table])
      for entry in layout.entries.dropFirst() {
        let range = entry.offset..<entry.offset + entry.count
        let moved = range.count { bits[member][$0] != before[$0] }
        #expect(moved > entry.count * 9 / 10, "\(entry.name): \(moved) of \(entry.count)")
      }
      let alone = try Self.run([member], tied: tied, steps: 8, on: backend)
      try alone.train(0..<8)
      #expect(try alone.bits()[0] == bits[member], "replica \(member)")
    }
  }

  /// Where no gradient is clipped the first step of everything else is the step of a model that is
  /// trained whole.
  @Test(arguments: availableBackends, [true, false])
  func theRestMovesAsItWould(_ choice: BackendChoice, _ tied: Bool) throws {
    let backend = try choice.makeBackend()
    let bits = try [true, false].map { frozen in
      let run = try Self.run(
        [0, 1], tied: tied, steps: 1, settings: .adamW(AdamWSettings(clip: 1e9)), frozen: frozen,
        on: backend)
      try run.train(0..<1)
      return try run.bits()
    }
    let embeddings = ParameterLayout(Self.configuration(tied: tied))
      .range(of: .embedding).upperBound
    for (frozen, whole) in zip(bits[0], bits[1]) {
      #expect(frozen[embeddings...] == whole[embeddings...])
      #expect(frozen[..<embeddings] != whole[..<embeddings])
    }
  }

  /// Blocks computed again, and parts of a batch that add to each other's gradients.
  @Test(arguments: availableBackends)
  func recomputingChangesNothing(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let bits = try [true, false].map { recomputes in
      let cohort = try TrainingMemoryTests.cohort(
        1, geometry: BatchGeometry(batch: 3, positions: 40, targets: 39), recomputes: recomputes,
        freezesEmbedding: true, on: backend)
      try cohort.step(
        TrainingMemoryTests.batch(
          1, step: 0, geometry: BatchGeometry(batch: 3, positions: 40, targets: 39)))
      return try cohort.parameters(of: 0).map(\.bitPattern)
    }
    #expect(bits[0] == bits[1])
  }

  /// Moments are kept of what is updated alone, and are enough to go on.
  @Test(arguments: availableBackends)
  func aFrozenCohortIsResumed(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let whole = try Self.run([0, 1], tied: true, steps: 6, on: backend)
    try whole.train(0..<3)
    let states = try (0..<2).map { try whole.cohort.state(of: $0) }
    let layout = ParameterLayout(TrainingRun.configuration)
    #expect(states[0].firstMoment.count == layout.count - layout.range(of: .embedding).upperBound)
    let losses = try whole.cohort.losses(of: 0..<3)
    try whole.train(3..<6)
    let resumed = try Self.run([0, 1], tied: true, steps: 6, on: backend)
    try resumed.cohort.resume(states, at: 3, losses: losses)
    try resumed.train(3..<6)
    #expect(try resumed.bits() == whole.bits())
  }
}
