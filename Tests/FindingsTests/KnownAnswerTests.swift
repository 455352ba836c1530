import Findings
import Random
import Foundation
import Statistics
import Testing

/// The statistics of reports on simulated studies whose answer is known: the short form of
/// `dormouse check-statistics`.
@Suite struct KnownAnswerTests {
  private let check = KnownAnswerCheck(studies: 400, seed: 5)

  /// Whether the share could be one of `asked`: not one simulation in 10,000 of a statistic that
  /// keeps to it fails this (Clopper and Pearson).
  private func fits(_ row: KnownAnswerRow, _ asked: ClosedRange<Double> = 0.93...0.97) throws
    -> Bool
  {
    let interval = try Proportion(successes: row.hits, trials: row.studies)
      .clopperPearsonInterval(level: 0.9998)
    return interval.lower <= asked.upperBound && interval.upper >= asked.lowerBound
  }

  private let middle = SimulatedArms(
    "middle", logits: [0.5, -0.5], seedDeviation: 1.5)

  private func meanRate(
    _ arms: SimulatedArms, seeds: Int, _ interval: ([Double]) throws -> Interval?
  ) -> KnownAnswerRow {
    check.coverage(arms.title, "", seeds: seeds, truth: arms.mean(0)) { stream in
      try interval(arms.rates(seeds: seeds, &stream)[0])
    }
  }

  private func difference(
    seeds: Int, _ interval: ([Double], [Double]) throws -> Interval?
  ) -> KnownAnswerRow {
    check.coverage(
      middle.title, "", seeds: seeds, truth: middle.mean(0) - middle.mean(1)
    ) { stream in
      let rates = middle.rates(seeds: seeds, &stream)
      return try interval(rates[0], rates[1])
    }
  }

  @Test(arguments: [5, 8]) func intervalsHoldTheTruth(_ seeds: Int) throws {
    #expect(
      try fits(meanRate(middle, seeds: seeds) { try rateEstimate($0, prompts: 128).interval }))
    #expect(
      try fits(
        difference(seeds: seeds) {
          try rateDifference(PairedRates($0, $1, firstPrompts: 128, secondPrompts: 128)).interval
        }, 0.93...0.985))
    let decay = SimulatedDecay("", halfLife: 100, slope: 0.8, sizeDeviation: 0.35)
    let slope = check.coverage("slope", "", seeds: seeds, truth: decay.slope) { stream in
      try decay.halfLives(seeds: seeds, &stream).slope.get().interval()
    }
    #expect(try fits(slope))
    #expect(slope.without < 60)
    // An interval over seeds ignores that sizes deviate from a line.
    let clustered = check.coverage("slope", "", seeds: seeds, truth: decay.slope) { stream in
      try decay.halfLives(seeds: seeds, &stream).clusteredBySeed.get().interval(ofCoefficient: 1)
    }
    #expect(try !fits(clustered))
  }

  /// Near a bound, where Student t covers too rarely.
  @Test(arguments: [8, 16]) func ratesNearBoundsAreCovered(_ seeds: Int) throws {
    for arms in [
      SimulatedArms("floor", logits: [-4.5]), SimulatedArms("ceiling", logits: [7]),
      SimulatedArms("near 1", logits: [4.5]),
    ] {
      #expect(
        try fits(
          meanRate(arms, seeds: seeds) { try rateEstimate($0, prompts: 128).interval }, 0.93...1))
    }
  }

  /// What Student t is not held to: near a bound seeds are skewed. The bounded mean holds there too.
  @Test(arguments: [5, 8]) func theBoundedMeanHoldsEverywhere(_ seeds: Int) throws {
    for arms in [
      SimulatedArms("floor", logits: [-4.5]), SimulatedArms("ceiling", logits: [4.5]),
      SimulatedArms("lost", logits: [4.5], collapses: [0.1]),
    ] {
      let bounded = meanRate(arms, seeds: seeds) { try boundedMeanInterval($0) }
      #expect(try fits(bounded, 0.95...1))
      let student = meanRate(arms, seeds: seeds) { try seedLevelEstimate($0).interval }
      #expect(try !fits(student))
    }
  }

  /// Negative controls: the check catches statistics that are known to be wrong.
  @Test func wrongIntervalsAreCaught() throws {
    let bootstrap = meanRate(middle, seeds: 5) { values in
      var stream = Philox(seed: 1).stream(.tests(index: Int(values[0] * 1e6)))
      let means = (0..<400).map { _ in
        (0..<5).reduce(0) { sum, _ in sum + values[stream.next(below: 5)] } / 5
      }.sorted()
      return Interval(lower: means[9], upper: means[389], level: 0.95, kind: .studentTOverSeeds)
    }
    #expect(try !fits(bootstrap))
    let unpaired = difference(seeds: 8) { a, b in
      let parts = try [seedLevelEstimate(a), seedLevelEstimate(b)]
      let error = parts.reduce(0) { $0 + pow($1.standardDeviation ?? 0, 2) / 8 }.squareRoot()
      let halfWidth = -StudentT(degreesOfFreedom: 14).quantile(0.025) * error
      let mean = parts[0].mean - parts[1].mean
      return Interval(
        lower: mean - halfWidth, upper: mean + halfWidth, level: 0.95, kind: .studentTOverSeeds)
    }
    #expect(try !fits(unpaired))
  }

  @Test func verdictsKeepTheirPromise() throws {
    let rows = KnownAnswerCheck(studies: 150, seed: 5).verdicts()
    let inTheMiddle = ["none true, rates in the middle", "two true, two not"]
    let wrong = rows.filter {
      $0.measure == .wrongSupports && !$0.isComparison
        && !$0.scenario.hasSuffix("one seed in ten loses it")
        && (inTheMiddle.contains($0.scenario) || !$0.statistic.hasPrefix("no effect, alone"))
    }
    #expect(wrong.count > 20)
    for row in wrong { #expect(try fits(row, 0...0.05), "\(row.scenario): \(row.statistic)") }
    // Five seeds support nothing, and true claims are found.
    #expect(try #require(rows.first { $0.seeds == 5 }).hits == 0)
    let found = rows.filter { $0.measure == .power && $0.statistic.hasSuffix("alone") }
    #expect(found.count >= 8 && found.allSatisfy { $0.hits > 50 })
    // Student t in place of what verdicts use is caught near bounds.
    let byStudentT = rows.filter {
      $0.isComparison && $0.scenario == "none true, ceilings and censoring"
        && $0.statistic.hasPrefix("no effect")
    }
    #expect(byStudentT.count == 2)
    for row in byStudentT { #expect(try !fits(row, 0...0.05)) }
  }

  /// The truths that coverage is held to, by another way: the mean over many simulated seeds.
  @Test func theTruthIsTheTruth() throws {
    for arms in [
      SimulatedArms("", logits: [2.5, -4]),
      SimulatedArms("", logits: [1, 0], collapses: [0.3, 0]),
    ] {
      var stream = Philox(seed: 2).stream(.tests())
      let rates = arms.rates(seeds: 40_000, &stream)
      for arm in 0...1 {
        let interval = try #require(
          seedLevelEstimate(rates[arm], level: 0.9999).interval)
        #expect(interval.contains(arms.mean(arm)))
        #expect(interval.upper - interval.lower < 0.02)
      }
    }
  }

  @Test func aRowSaysWhatItIsWorth() throws {
    let row = KnownAnswerRow(
      "s", "t", seeds: 8, .coverage, [Bool](repeating: true, count: 19) + [false, nil], above: 1)
    #expect(row.share == 0.95 && row.without == 1 && row.meets == true)
    let some = KnownAnswerRow("s", "t", seeds: 8, .wrongSupports, [true, true, false])
    #expect(some.meets == false)
    let none = KnownAnswerRow("s", "t", seeds: 8, .coverage, [nil])
    #expect(none.share == nil && none.meets == nil)
    // The same studies give the same numbers, in whatever order.
    #expect(
      meanRate(middle, seeds: 5) { try seedLevelEstimate($0).interval }
        == meanRate(middle, seeds: 5) { try seedLevelEstimate($0).interval })
  }
}
