import Statistics
import Testing

private let armA = [0.91, 0.97, 0.88, 0.99, 0.95, 0.70, 0.83, 0.99]
private let armB = [0.80, 0.99, 0.71, 0.90, 0.95, 0.52, 0.84, 0.91]

@Suite struct PairedTests {
  // t = scipy.stats.ttest_rel(a, b); d = a - b; d.mean(), d.std(ddof=1), t.pvalue,
  // t.confidence_interval(0.95)
  @Test func againstScipy() throws {
    let result = try pairedDifference(armA, armB)
    #expect(agrees(result.mean, 0.075, within: 1e-13))
    #expect(agrees(try #require(result.standardDeviation), 0.0787400787401181, within: 1e-12))
    #expect(agrees(try #require(result.tPValue), 0.030902687756700575, within: 1e-11))
    let interval = try #require(result.interval)
    #expect(agrees(interval.lower, 0.009171646802490413, within: 1e-10))
    #expect(agrees(interval.upper, 0.14082835319750955, within: 1e-11))
    #expect(interval.kind == .studentTOverPairedSeeds)
  }

  @Test func pairsThatAllAgreeAreNotCertain() throws {
    let ones = [Double](repeating: 1, count: 8)
    let result = try pairedDifference(ones, ones)
    let bound = exactSeedBound(seeds: 8)
    #expect(result.tPValue == nil)
    #expect(
      result.interval
        == Interval(lower: -bound, upper: bound, level: 0.95, kind: .exactSeedBound))
    #expect(try pairedDifference(ones, ones, range: nil).interval == nil)
    #expect(try pairedDifference([0.5], [0.25]).interval == nil)
  }

  // up = ttest_1samp(d, 0.15, alternative="less").pvalue,
  // lo = ttest_1samp(d, -0.15, alternative="greater").pvalue; max(up, lo);
  // t.confidence_interval(0.9)
  @Test func equivalence() throws {
    let result = try equivalenceTest(armA, armB, margin: 0.15)
    #expect(agrees(try #require(result.pValue), 0.015451343878350263, within: 1e-10))
    #expect(result.isEquivalent)
    let interval = try #require(result.interval)
    #expect(agrees(interval.lower, 0.022257163799998217, within: 1e-10))
    #expect(agrees(interval.upper, 0.12774283620000174, within: 1e-11))
    #expect(agrees(interval.level, 0.9, within: 1e-15))
    // The mirror image has the same p-value.
    #expect(try equivalenceTest(armB, armA, margin: 0.15).pValue == result.pValue)
    #expect(try !equivalenceTest(armA, armB, margin: 0.1).isEquivalent)
  }

  // Verdict and interval say the same, at margins around the interval's far end.
  @Test(arguments: [0.05, 0.1, 0.127, 0.1278, 0.2]) func verdictMatchesInterval(_ margin: Double)
    throws
  {
    let result = try equivalenceTest(armA, armB, margin: margin)
    let interval = try #require(result.interval)
    #expect(result.isEquivalent == (interval.lower > -margin && interval.upper < margin))
  }

  @Test(arguments: [(8, 0.05, 0.663420431), (8, 0.35, 0.031864481), (8, 1.0, 0)])
  func equivalenceOfPairsThatAllAgree(_ seeds: Int, _ margin: Double, _ expected: Double) throws {
    let zeros = [Double](repeating: 0, count: seeds)
    let result = try equivalenceTest(zeros, zeros, margin: margin)
    // (1 - margin)^8
    #expect(agrees(try #require(result.pValue), expected, within: 1e-8))
    let interval = try #require(result.interval)
    #expect(interval.kind == .exactSeedBound && interval.level == 0.95)
    #expect(result.isEquivalent == (interval.upper < margin))
  }

  @Test func equivalenceWithoutEvidence() throws {
    let zeros = [0.0, 0, 0]
    #expect(try equivalenceTest(zeros, zeros, margin: 0.1, range: nil).pValue == nil)
    #expect(try equivalenceTest([0.2], [0.2], margin: 0.1).isEquivalent == false)
    #expect(try equivalenceTest([0.5, 0.5], [0.2, 0.2], margin: 0.1).pValue == 1)
  }
}
