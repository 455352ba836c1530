import Random
import Statistics

/// Verdicts of simulated studies, judged as a family.
extension KnownAnswerCheck {
  /// A study with one primary claim of each kind.
  struct Family: Sendable {
    var title: String
    /// Whether each claim is true, in the order of `names`.
    var truths: [Bool]
    /// "The first arm lies above the second."
    var difference: SimulatedArms
    /// "Half-lives rise with size."
    var slope: SimulatedDecay
    /// "The two arms differ by less than the margin."
    var alike: SimulatedArms
    var margin: Double
    /// "The rate is at least the bound."
    var cell: SimulatedArms
    var bound: Double

    static let names = ["difference", "slope", "no effect", "rate at least"]

    func claims(seeds: Int, _ stream: inout Philox.Stream) -> [Claim] {
      let line: Claim.Evidence =
        switch slope.halfLives(seeds: seeds, &stream).slope {
        case .failure(let failure): .missing("\(failure)")
        case .success(let line):
          .coefficient(
            line.slope, standardError: line.standardError,
            degreesOfFreedom: line.degreesOfFreedom, seeds: seeds, kind: .studentTOverSizes)
        }
      return [
        Claim(
          Self.names[0], .primary, .above(0), .ratePairs(difference.pair(seeds: seeds, &stream))),
        Claim(Self.names[1], .primary, .above(0), line),
        Claim(
          Self.names[2], .primary, .within(margin), .ratePairs(alike.pair(seeds: seeds, &stream))),
        Claim(
          Self.names[3], .primary, .above(bound),
          .rates(cell.rates(seeds: seeds, &stream)[0], prompts: cell.prompts)),
      ]
    }

    /// A family without a true claim, each claim as near to true as possible: no difference, no
    /// slope, a difference of exactly the margin, a mean rate of exactly the bound.
    static func null(
      _ title: String, difference: SimulatedArms, slope: SimulatedDecay, alike: SimulatedArms,
      cell: SimulatedArms
    ) -> Family {
      Family(
        title: title, truths: [false, false, false, false], difference: difference, slope: slope,
        alike: alike,
        margin: abs(alike.mean(0) - alike.mean(1)), cell: cell, bound: cell.mean(0))
    }
  }

  static let families: [Family] = [
    .null(
      "none true, rates in the middle",
      difference: SimulatedArms("", logits: [0, 0]),
      slope: SimulatedDecay("", halfLife: 100, slope: 0, sizeDeviation: 0.35),
      alike: SimulatedArms("", logits: [0, -0.5]), cell: SimulatedArms("", logits: [0])),
    .null(
      "none true, everything at the ceiling", difference: SimulatedArms("", logits: [7, 7]),
      slope: SimulatedDecay("", halfLife: 100, slope: 0, sizeDeviation: 0.35),
      alike: SimulatedArms("", logits: [7, 5]), cell: SimulatedArms("", logits: [7])),
    .null(
      "none true, ceilings and censoring",
      difference: SimulatedArms("", logits: [4.5, 4.5]),
      slope: SimulatedDecay("", halfLife: 1000, slope: 0, sizeDeviation: 0.35),
      alike: SimulatedArms("", logits: [4.5, 2.5]), cell: SimulatedArms("", logits: [4.5])),
    .null(
      "none true, one seed in ten loses it",
      difference: SimulatedArms("", logits: [4.5, 4.5], collapses: [0.1, 0.1]),
      slope: SimulatedDecay("", halfLife: 12, slope: 0),
      alike: SimulatedArms("", logits: [4.5, 4.5], collapses: [0, 0.1]),
      cell: SimulatedArms("", logits: [4.5], collapses: [0.1])),
    {
      // Rejecting the true claims leaves the whole of alpha / 2 to the others.
      var family = Family.null(
        "two true, two not", difference: SimulatedArms("", logits: [2, -2]),
        slope: SimulatedDecay("", halfLife: 100, slope: 2),
        alike: SimulatedArms("", logits: [0, -0.5]), cell: SimulatedArms("", logits: [0]))
      family.truths = [true, true, false, false]
      return family
    }(),
    Family(
      title: "all true, rates in the middle", truths: [true, true, true, true],
      difference: SimulatedArms("", logits: [0, -1]),
      slope: SimulatedDecay("", halfLife: 100, slope: 0.8),
      alike: SimulatedArms("", logits: [0, 0]), margin: 0.15,
      cell: SimulatedArms("", logits: [1]), bound: 0.4),
    Family(
      title: "all true, ceilings and censoring", truths: [true, true, true, true],
      difference: SimulatedArms("", logits: [4.5, 2]),
      slope: SimulatedDecay("", halfLife: 1000, slope: 0.8),
      alike: SimulatedArms("", logits: [4.5, 4.5]), margin: 0.05,
      cell: SimulatedArms("", logits: [4.5]), bound: 0.5),
  ]

  /// How often false and true claims are supported, for every family of claims.
  public func verdicts() -> [KnownAnswerRow] {
    rows(Self.families[0], seeds: 5)
      + Self.families.flatMap { family in [8, 16].flatMap { rows(family, seeds: $0) } }
  }

  private func rows(_ family: Family, seeds: Int) -> [KnownAnswerRow] {
    var together: [[Bool]] = []
    var alone: [[Bool]] = []
    var alikeByStudentT: [Bool] = []
    var rateByStudentT: [Bool] = []
    for claims in map(family.title, seeds, { family.claims(seeds: seeds, &$0) }) {
      func supported(_ claims: [Claim]) -> [Bool] {
        guard let judged = try? judge(claims) else {
          preconditionFailure("a simulated study drew a value out of range")
        }
        return judged.map { $0.verdict == .supports }
      }
      together.append(supported(claims))
      var secondary = claims
      for index in secondary.indices { secondary[index].family = .secondary }
      alone.append(supported(secondary))
      if case .ratePairs(let pair) = claims[2].evidence {
        let test = try? equivalenceTest(pair.first, pair.second, margin: family.margin)
        alikeByStudentT.append(test?.isEquivalent ?? false)
      }
      if case .rates(let rates, _) = claims[3].evidence {
        secondary[3].evidence = .differences(rates, range: 0...1)
        rateByStudentT.append(supported(secondary)[3])
      }
    }
    func row(
      _ statistic: String, isTrue: Bool, _ outcomes: [Bool], isComparison: Bool = false
    ) -> KnownAnswerRow {
      KnownAnswerRow(
        family.title, statistic, seeds: seeds, isTrue ? .power : .wrongSupports, outcomes,
        isComparison: isComparison)
    }
    let wrong = together.map { supports in
      zip(supports, family.truths).contains { $0 && !$1 }
    }
    if seeds < Verdict.leastSeeds {
      return [row("any of four claims: not testable", isTrue: false, wrong)]
    }
    var rows: [KnownAnswerRow] = []
    if family.truths.contains(false) {
      rows.append(row("any claim that is not true, Holm", isTrue: false, wrong))
    }
    for (index, name) in Family.names.enumerated() {
      let isTrue = family.truths[index]
      rows.append(row("\(name), Holm", isTrue: isTrue, together.map { $0[index] }))
      rows.append(row("\(name), alone", isTrue: isTrue, alone.map { $0[index] }))
    }
    for (index, outcomes) in [(2, alikeByStudentT), (3, rateByStudentT)] {
      rows.append(
        row(
          "\(Family.names[index]), alone, by Student t instead", isTrue: family.truths[index],
          outcomes, isComparison: true))
    }
    return rows
  }
}
