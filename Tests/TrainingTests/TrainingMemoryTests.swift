import Conformance
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Memory: what is projected, and what large models save.
@Suite(.serialized)
struct TrainingMemoryTests {
  static let deep = ModelConfiguration(
    vocabularySize: 31, channels: 32, layers: 8, heads: 2, feedForwardWidth: 96)
  static let geometry = BatchGeometry(batch: 6, positions: 40, targets: 39)

  static func batch(_ replicas: Int, step: Int, geometry: BatchGeometry = geometry) -> [CohortBatch]
  {
    CohortBatch.parts(
      (0..<replicas).map { replica in
        var numbers = TestNumbers(seed: 50_000 + 100 * replica + step)
        return (0..<6).map { row in
          Example(tokens: numbers.integers(20 + 3 * row, in: 0..<31), firstTarget: 1)
        }
      }, geometry: geometry)
  }

  static func cohort(
    _ replicas: Int, geometry: BatchGeometry = geometry, recomputes: Bool = false,
    settings: OptimizerSettings = .adamW(AdamWSettings()), freezesEmbedding: Bool = false,
    on backend: any Backend
  ) throws -> Cohort {
    try Cohort(
      deep,
      replicas: (0..<replicas).map {
        Cohort.Replica(
          parameters: ParameterLayout(deep).initialValues(seed: UInt64($0)),
          schedule: .constant(peak: 3e-3, warmup: 1))
      }, steps: 4, settings: settings, geometry: geometry, recomputes: recomputes,
      freezesEmbedding: freezesEmbedding, on: backend)
  }

  /// Within a tenth; in fact the projection makes the same calls.
  @Test(arguments: availableBackends, [false, true])
  func peakMemoryIsAsProjected(_ choice: BackendChoice, _ recomputes: Bool) throws {
    for replicas in [1, 3] {
      let backend = try choice.makeBackend()
      let projected = try TrainingMemory.cohort(
        Self.deep, replicas: replicas, steps: 4, geometry: Self.geometry, recomputes: recomputes,
        on: backend)
      #expect(backend.memory.peakAllocated == 0, "a projection takes no memory")
      let cohort = try Self.cohort(replicas, recomputes: recomputes, on: backend)
      for step in 0..<4 { try cohort.step(Self.batch(replicas, step: step)) }
      let measured = backend.memory.peakAllocated
      #expect(
        abs(Double(measured) / Double(projected.peakAllocated) - 1) < 0.1,
        "\(replicas) replicas: \(measured) bytes, projected \(projected)")
      #expect(backend.memory.largest == projected.largest)
      // The gates and values of the feed-forward layers: R x 240 rows x 192.
      let alone = try TrainingMemory.cohort(
        Self.deep, replicas: 1, steps: 4, geometry: Self.geometry, recomputes: recomputes,
        on: BackendChoice.cpu.makeBackend())
      let parameters = 4 * ParameterLayout(Self.deep).count
      #expect(alone.largest == max(4 * 240 * 192, parameters))
      #expect(alone.largestName == "adamW, 1 x \(parameters / 4)")
    }
  }

  /// Blocks computed again leave every byte as it is, and keep an input per block instead of all of a
  /// block's activations.
  @Test(arguments: availableBackends)
  func recomputingChangesMemoryAlone(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    func train(recomputes: Bool) throws -> [[UInt32]] {
      let cohort = try Self.cohort(2, recomputes: recomputes, on: backend)
      for step in 0..<4 { try cohort.step(Self.batch(2, step: step)) }
      return try (0..<2).map { try cohort.parameters(of: $0).map(\.bitPattern) }
    }
    #expect(try train(recomputes: true) == train(recomputes: false))
    func activations(recomputes: Bool) throws -> Int {
      try TrainingMemory.activations(
        Self.deep, Self.geometry, recomputes: recomputes, on: backend)
    }
    let (kept, recomputed) = try (activations(recomputes: false), activations(recomputes: true))
    #expect(recomputed * 3 < kept, "\(recomputed) bytes of \(kept)")
  }

  /// The gradient of a batch in parts is that of the batch, but for the order of its sums.
  @Test(arguments: availableBackends)
  func partsOfABatchSumToItsGradient(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    func gradients(in parts: Int) throws -> (loss: Float, gradients: [Float]) {
      let geometry = BatchGeometry(batch: 6 / parts, positions: 40, targets: 39)
      let cohort = try Self.cohort(1, geometry: geometry, on: backend)
      let batches = Self.batch(1, step: 0, geometry: geometry)
      #expect(batches.count == parts)
      try cohort.step(batches)
      let gradients = try #require(cohort.models[0].gradients)
      return (try cohort.losses(of: 0..<1)[0][0], try gradients.floats())
    }
    let whole = try gradients(in: 1)
    let largest = whole.gradients.map(abs).max() ?? 0
    for parts in [2, 3, 6] {
      let summed = try gradients(in: parts)
      #expect(abs(summed.loss - whole.loss) < 1e-5 * whole.loss)
      // Sums of at most 240 rows, each within (240 + 8) 2^-24 of its magnitudes.
      let difference = zip(summed.gradients, whole.gradients).map { abs($0 - $1) }.max() ?? 0
      #expect(difference < 1e-4 * largest, "\(parts) parts differ by \(difference)")
      #expect(difference > 0, "parts sum in another order")
    }
  }

  /// The logits of 16,384 rows of a large vocabulary would take 3.3 GB, and their gradient the same.
  @Test func logitsOfALargeVocabularyExistInChunks() throws {
    let model = ModelConfiguration(
      vocabularySize: 50_257, channels: 64, layers: 1, heads: 2, feedForwardWidth: 128)
    #expect(model.logitRowsPerChunk == 320)
    let geometry = BatchGeometry(batch: 16, positions: 1024, targets: 1024)
    let use = try TrainingMemory.cohort(
      model, replicas: 1, steps: 1, geometry: geometry, on: BackendChoice.cpu.makeBackend())
    #expect(use.largest == 4 * 320 * 50_257)
    #expect(use.largestName == "matmul, 1 x 320 x 50257")
    #expect(use.peakAllocated < 1 << 30, "\(use.peakAllocated)")
    for vocabulary in [272, 4096] {
      var small = model
      small.vocabularySize = vocabulary
      #expect(small.logitRowsPerChunk == .max)
    }
  }

  /// Training, scoring and their ragged batches work in chunks: the rows that predict are more than one
  /// chunk holds, and in one replica fewer.
  @Test(arguments: availableBackends)
  func trainingInChunksHasTheBytesOfAReplicaAlone(_ choice: BackendChoice) throws {
    let model = ModelConfiguration(
      vocabularySize: 40_000, channels: 8, layers: 1, heads: 2, feedForwardWidth: 16)
    #expect(model.logitRowsPerChunk == 384)
    let geometry = BatchGeometry(batch: 4, positions: 112, targets: 111)
    func examples(_ replica: Int) -> [Example] {
      var numbers = TestNumbers(seed: 51_000 + replica)
      return (0..<(replica == 0 ? 4 : 2)).map { _ in
        Example(tokens: numbers.integers(112, in: 0..<40_000), firstTarget: 1)
      }
    }
    let backend = try choice.makeBackend()
    func train(_ replicas: Range<Int>) throws -> (parameters: [[Float]], losses: [[Float]]) {
      let cohort = try Cohort(
        model,
        replicas: replicas.map {
          Cohort.Replica(
            parameters: ParameterLayout(model).initialValues(seed: UInt64($0)),
            schedule: .constant(peak: 3e-3, warmup: 1))
        }, steps: 2, settings: .adamW(AdamWSettings()), geometry: geometry, on: backend)
      for _ in 0..<2 {
        try cohort.step(CohortBatch(replicas.map(examples), geometry: geometry))
      }
      return (
        try replicas.indices.map { try cohort.parameters(of: $0 - replicas.lowerBound) },
        try cohort.losses(of: 0..<2)
      )
    }
    let both = try train(0..<2)
    for replica in 0..<2 {
      let alone = try train(replica..<replica + 1)
      #expect(alone.parameters[0] == both.parameters[replica])
      // The logits of a new model have a variance of 2, so its loss is near log V + 1. It is lower after
      // a step on the same batch.
      let losses = both.losses[replica]
      #expect(losses == alone.losses[0])
      #expect(abs(losses[0] - 11.6) < 1 && losses[1] < losses[0], "\(losses)")
    }
  }

  /// A billion parameters in 24 GB, one sequence of 1,024 positions at a time.
  @Test func aBillionParametersFitIn24Gigabytes() throws {
    let model = ModelConfiguration(
      vocabularySize: 272, channels: 2048, layers: 20, heads: 16, feedForwardWidth: 5464)
    #expect(model.nonEmbeddingParameters > 1_000_000_000)
    let geometry = BatchGeometry(batch: 1, positions: 1024, targets: 1024)
    let backend = try BackendChoice.cpu.makeBackend()
    let bytes = try TrainingMemory.cohort(
      model, replicas: 1, steps: 100, geometry: geometry, recomputes: true, on: backend
    ).peakAllocated
    #expect(bytes < 24 << 30, "\(bytes) bytes")
    #expect(bytes > 16 * model.parameters)
  }
}
