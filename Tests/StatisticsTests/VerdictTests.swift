import Foundation
import Statistics
import Testing

@Suite struct VerdictTests {
  static let weak = [0.11, -0.02, 0.17, 0.09, 0.0, 0.18, -0.01, 0.08]
  static let small = [0.01, -0.02, 0.03, 0.00, 0.01, -0.01, 0.02, 0.0]
  static let strong = [0.30, 0.42, 0.25, 0.36, 0.28, 0.44, 0.39, 0.31]

  private func claim(
    _ values: [Double], _ statement: Claim.Statement, _ family: Claim.Family = .primary
  ) -> Claim {
    Claim("", family, statement, .differences(values, range: -1...1))
  }

  private func verdict(_ values: [Double], _ statement: Claim.Statement) throws -> Verdict {
    try judge([claim(values, statement)])[0].verdict
  }

  // p = stats.ttest_1samp(d, 0).pvalue for each, for the margin
  // max(ttest_1samp(d, 0.05, alternative="less").pvalue,
  //     ttest_1samp(d, -0.05, alternative="greater").pvalue);
  // ttest_1samp(d, 0).confidence_interval(level) at Holm's level of each (scipy 1.17.1)
  @Test func aFamilyAgainstScipy() throws {
    let judged = try judge([
      claim(Self.weak, .above(0)), claim(Self.strong, .above(0)), claim(Self.small, .within(0.05)),
      claim(Self.weak, .below(0), .secondary),
    ])
    let p = [0.030902687756700527, 2.1629567766134473e-06, 4.792295285964585e-05]
    for (claim, (p, factor)) in zip(judged, zip(p, [1.0, 3, 2])) {
      #expect(agrees(try #require(claim.pValue), p, within: 1e-9))
      #expect(agrees(try #require(claim.correctedPValue), factor * p, within: 1e-9))
      #expect(claim.verdict == .supports)
    }
    func expect(_ interval: Interval?, _ lower: Double, _ upper: Double, level: Double) throws {
      let interval = try #require(interval)
      #expect(agrees(interval.lower, lower, within: 1e-9))
      #expect(agrees(interval.upper, upper, within: 1e-9))
      #expect(agrees(interval.level, level, within: 1e-12))
    }
    try expect(judged[0].interval, 0.009171646802490427, 0.14082835319750958, level: 0.95)
    try expect(
      judged[0].jointInterval, -0.012067370477184508, 0.16206737047718464, level: 1 - 0.05 / 3)
    try expect(judged[1].interval, 0.2673835654756755, 0.4201164345243246, level: 1 - 0.05 / 3)
    try expect(judged[2].interval, -0.008406159386771576, 0.018406159386771575, level: 0.95)
    // A secondary claim is judged alone, and the other side of a supported claim is contradicted.
    #expect(judged[3].verdict == .contradicts && judged[3].correctedPValue == judged[3].pValue)
    #expect(judged[3].interval == judged[3].jointInterval)
  }

  // The weak claim beside another that fails is tested at 0.05 / 2, and the rest stays there.
  @Test func whereHolmStopsAllStay() throws {
    let judged = try judge([claim(Self.weak, .above(0)), claim(Self.small, .below(0))])
    for claim in judged {
      #expect(claim.verdict == .inconclusive)
      #expect(agrees(try #require(claim.interval).level, 0.975, within: 1e-12))
      #expect(try #require(claim.interval).contains(0))
    }
  }

  // Whatever the data, the verdict is where the interval lies.
  @Test func verdictsAgreeWithIntervals() throws {
    var generator = TestGenerator(seed: 3)
    var seen: Set<Verdict> = []
    for _ in 0..<400 {
      let claims = (0..<4).map { index -> Claim in
        let mean = 0.2 * generator.normal()
        let values = (0..<8).map { _ in max(-1, min(1, mean + 0.1 * generator.normal())) }
        return claim(values, [.above(0), .below(0.05), .within(0.15), .above(-0.1)][index])
      }
      for judged in try judge(claims) {
        let interval = try #require(judged.interval)
        let (inside, outside) =
          switch judged.claim.statement {
          case .above(let bound): (interval.lower > bound, interval.upper < bound)
          case .below(let bound): (interval.upper < bound, interval.lower > bound)
          case .within(let margin):
            (
              interval.lower > -margin && interval.upper < margin,
              interval.lower > margin || interval.upper < -margin
            )
          case .estimate: (false, false)
          }
        #expect(
          judged.verdict == (inside ? .supports : outside ? .contradicts : .inconclusive))
        seen.insert(judged.verdict)
      }
    }
    #expect(seen.count == 3)
  }

  @Test func marginsAreContradictedOnlyBeyond() throws {
    #expect(try verdict(Self.strong, .within(0.2)) == .contradicts)
    #expect(try verdict(Self.strong.map { -$0 }, .within(0.2)) == .contradicts)
    #expect(try verdict(Self.strong, .within(0.35)) == .inconclusive)
    // Of differences without skewness the same test as the equivalence test.
    let test = try equivalenceTest(
      Self.small, [Double](repeating: 0, count: 8), margin: 0.05)
    let judged = try judge([claim(Self.small, .within(0.05))])[0]
    #expect(agrees(try #require(judged.pValue), try #require(test.pValue), within: 1e-12))
    let (interval, expected) = (try #require(judged.interval), try #require(test.interval))
    #expect(agrees(interval.lower, expected.lower, within: 1e-12))
    #expect(agrees(interval.upper, expected.upper, within: 1e-12))
  }

  // Equal differences are no certainty: P = (1 - d / (d + 1))^8, two-sided twice that.
  @Test(arguments: [
    (1.0, 0.0078125, Verdict.supports), (0.5, 0.0780368846212467, .inconclusive),
    (0.05, 1, .inconclusive), (0, 1, .inconclusive), (-1, 0.0078125, .contradicts),
  ])
  func differencesThatAllAgree(_ value: Double, _ p: Double, _ expected: Verdict) throws {
    let judged = try judge([claim([Double](repeating: value, count: 8), .above(0))])[0]
    #expect(agrees(try #require(judged.pValue), p, within: 1e-12))
    #expect(judged.verdict == expected && judged.interval?.kind == .boundedMean)
    // No narrow margin either.
    #expect(
      try verdict([Double](repeating: 0, count: 8), .within(0.05)) == .inconclusive)
  }

  @Test func untestableClaimsSayWhyAndStayInTheFamily() throws {
    let judged = try judge([
      claim([Double](repeating: 0.3, count: 5), .above(0)),
      Claim("", .primary, .above(0), .differences([Double](repeating: 2, count: 8), range: nil)),
      Claim("", .primary, .above(0), .missing("no seed met the release rule")),
      Claim(
        "", .primary, .below(0),
        .init(.failure(.allRightCensored(40)), coefficient: 1)),
      claim([], .above(0)),
      Claim("", .secondary, .above(0.5), .rates([1], prompts: 8)),
      claim(Self.strong, .above(0)),
    ])
    #expect(
      judged.map(\.verdict.label) == [
        "not testable: 5 seeds, verdicts need 8",
        "not testable: all 8 seeds give 2.0, and the quantity has no bounds",
        "not testable: no seed met the release rule",
        "not testable: all 40 responses are right-censored: nothing bounds the half-life from above",
        "not testable: 0 seeds, verdicts need 8",
        "not testable: 1 seed, verdicts need 8",
        "supports",
      ])
    #expect(judged.dropLast().allSatisfy { $0.interval == nil && $0.pValue == nil })
    #expect(
      agrees(
        try #require(judged[6].correctedPValue), 6 * 2.1629567766134473e-06, within: 1e-9))
  }

  // The coefficient of a regression by its own interval.
  @Test func aRegressionsSlope() throws {
    let x = (0..<40).map { Double($0 / 8) }
    let responses = x.indices.map { index -> CensoredResponse in
      let dose = exp(1 + 0.5 * x[index] + 0.3 * Double((index * 7) % 8 - 4) / 4)
      return dose > 20 ? .rightCensored(after: 20) : .exact(dose)
    }
    let fit = censoredRegression(
      responses, design: x.map { [1, $0] }, clusters: x.indices.map { $0 % 8 })
    let judged = try judge([Claim("", .primary, .above(0), .init(fit, coefficient: 1))])[0]
    let interval = try fit.get().interval(ofCoefficient: 1)
    #expect(judged.interval == interval && judged.verdict == .supports)
    #expect(judged.estimate == (try fit.get().coefficients[1]))
  }

  @Test func codableRoundTrip() throws {
    let judged = try judge([
      claim(Self.weak, .within(0.1)), Claim("", .secondary, .above(0), .missing("nothing")),
    ])
    let data = try JSONEncoder().encode(judged)
    #expect(try JSONDecoder().decode([JudgedClaim].self, from: data) == judged)
  }
}
