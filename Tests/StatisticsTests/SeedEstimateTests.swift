import Foundation
import Statistics
import Testing

@Suite struct SeedEstimateTests {
  // v = [0.91, 0.97, 0.88, 0.99, 0.95]; numpy mean, std(ddof=1),
  // scipy.stats.ttest_1samp(v, 0).confidence_interval(0.95)
  @Test func studentInterval() throws {
    let estimate = try seedLevelEstimate([0.91, 0.97, 0.88, 0.99, 0.95])
    #expect(agrees(estimate.mean, 0.94, within: 1e-14))
    #expect(agrees(try #require(estimate.standardDeviation), 0.04472135954999578, within: 1e-12))
    let interval = try #require(estimate.interval)
    #expect(agrees(interval.lower, 0.8844710978960442, within: 1e-12))
    #expect(agrees(interval.upper, 0.995528902103956, within: 1e-12))
    #expect(interval.kind == .studentTOverSeeds)
    #expect(estimate.seeds == 5)
  }

  @Test func clippedToTheRangeOnlyWhereThereIsOne() throws {
    let values = [0.9, 1.0, 1.0]
    #expect(try seedLevelEstimate(values).interval?.upper == 1)
    #expect(try #require(seedLevelEstimate(values, range: nil).interval).upper > 1)
  }

  // The one-sided Clopper-Pearson bound for 0 of n: scipy.special.betaincinv(1, n, 0.95)
  @Test(arguments: [
    (2, 0.776393202250021), (5, 0.450719728346941), (8, 0.3123439780663678),
  ])
  func exactBound(_ seeds: Int, _ expected: Double) throws {
    let bound = exactSeedBound(seeds: seeds)
    #expect(agrees(bound, expected, within: 1e-12))
    #expect(agrees(pow(1 - bound, Double(seeds)), 0.05, within: 1e-12))

    let zero = try #require(seedLevelEstimate([Double](repeating: 0, count: seeds)).interval)
    #expect(zero == Interval(lower: 0, upper: bound, level: 0.95, kind: .exactSeedBound))
    let one = try #require(seedLevelEstimate([Double](repeating: 1, count: seeds)).interval)
    #expect(one == Interval(lower: 1 - bound, upper: 1, level: 0.95, kind: .exactSeedBound))
    // Seeds that agree inside the range are no more certain than at its ends.
    let inside = try #require(seedLevelEstimate([Double](repeating: 0.25, count: seeds)).interval)
    #expect(agrees(inside.lower, 0.25 * (1 - bound), within: 1e-14))
    #expect(agrees(inside.upper, 0.25 + 0.75 * bound, within: 1e-14))
  }

  // The worst distribution for the bound puts the departing seeds at the far end. Its mean is missed
  // only when all n seeds agree, which at a mean above the bound happens in under 5% of draws.
  @Test func exactBoundCoversTheMean() throws {
    var generator = TestGenerator(seed: 7)
    let mean = exactSeedBound(seeds: 6) + 0.005
    var missed = 0
    for _ in 0..<4000 {
      let values = (0..<6).map { _ in generator.uniform() < mean ? 1.0 : 0.0 }
      let interval = try #require(seedLevelEstimate(values).interval)
      if interval.kind == .exactSeedBound, !interval.contains(mean) { missed += 1 }
    }
    // Expected (1 - mean)^6 = 0.0463 of 4000 = 185, deviation 13.
    #expect((133...237).contains(missed))
  }

  @Test func oneSeedHasNoInterval() throws {
    for value in [0.0, 0.4, 1] {
      let estimate = try seedLevelEstimate([value])
      #expect(estimate.interval == nil && estimate.standardDeviation == nil)
      #expect(estimate.mean == value)
    }
    #expect(try seedLevelEstimate([2.5, 2.5], range: nil).interval == nil)
  }

  // Equal values whose mean would round: 0.1 + 0.1 + 0.1 is not 3 * 0.1.
  @Test func equalValuesHaveExactlyNoSpread() throws {
    let estimate = try seedLevelEstimate([0.1, 0.1, 0.1])
    #expect(estimate.standardDeviation == 0 && estimate.mean == 0.1)
    #expect(estimate.interval?.kind == .exactSeedBound)
  }

  @Test(arguments: [3, 5, 8]) func studentIntervalCovers(_ seeds: Int) throws {
    var generator = TestGenerator(seed: UInt64(seeds))
    let draws = 4000
    var covered = 0
    for _ in 0..<draws {
      let values = (0..<seeds).map { _ in 0.3 + 0.2 * generator.normal() }
      if try #require(seedLevelEstimate(values, range: nil).interval).contains(0.3) { covered += 1 }
    }
    #expect((0.93...0.97).contains(Double(covered) / Double(draws)))
  }

  @Test func codableRoundTrip() throws {
    let estimate = try seedLevelEstimate([0.2, 0.4, 0.9])
    let data = try JSONEncoder().encode(estimate)
    #expect(try JSONDecoder().decode(SeedEstimate.self, from: data) == estimate)
  }
}
