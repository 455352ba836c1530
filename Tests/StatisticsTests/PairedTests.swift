import Statistics
import Testing

private let armA = [0.91, 0.97, 0.88, 0.99, 0.95, 0.70, 0.83, 0.99]
private let armB = [0.80, 0.99, 0.71, 0.90, 0.95, 0.52, 0.84, 0.91]

@Suite struct PairedTests {
  // t = scipy.stats.ttest_rel(a, b); d = a - b; d.mean(), d.std(ddof=1), t.pvalue,
  // t.confidence_interval(0.95); scipy.stats.permutation_test((d,), lambda x, axis: np.sum(x, axis),
  // permutation_type="samples", n_resamples=np.inf).pvalue = 0.0625
  @Test func againstScipy() throws {
    let result = try pairedDifference(armA, armB)
    #expect(agrees(result.mean, 0.075, within: 1e-13))
    #expect(agrees(try #require(result.standardDeviation), 0.0787400787401181, within: 1e-12))
    #expect(agrees(try #require(result.tPValue), 0.030902687756700575, within: 1e-11))
    #expect(result.signFlipPValue == 0.0625)
    let interval = try #require(result.interval)
    #expect(agrees(interval.lower, 0.009171646802490413, within: 1e-10))
    #expect(agrees(interval.upper, 0.14082835319750955, within: 1e-11))
    #expect(interval.kind == .studentTOverPairedSeeds)
  }

  // The smallest p-value of n seeds is 2 / 2^n: five cannot reach 0.05, six can.
  @Test(arguments: [1, 5, 6, 8, 20]) func signFlipFloor(_ seeds: Int) throws {
    let differences = (0..<seeds).map { 0.1 + Double($0) * 0.01 }
    var expected = 2.0
    for _ in 0..<seeds { expected /= 2 }
    #expect(try signFlipPValue(differences) == expected)
  }

  // Plain enumeration over all 2^n masks, on differences with ties and zeros.
  @Test(arguments: [
    [0.1, -0.1, 0.2, 0.3], [0, 0, 0], [0.1, 0.2, -0.3, 0, 0.5, 0.1, 0.1], [-0.4, 0.1, 0.1, 0.2],
  ])
  func signFlipByEnumeration(_ differences: [Double]) throws {
    let tenths = differences.map { Int(($0 * 10).rounded()) }
    let observed = abs(tenths.reduce(0, +))
    let count = (0..<(1 << tenths.count)).count { mask in
      let sum = tenths.indices.reduce(0) { $0 + (mask >> $1 & 1 == 0 ? tenths[$1] : -tenths[$1]) }
      return abs(sum) >= observed
    }
    #expect(try signFlipPValue(differences) == Double(count) / Double(1 << tenths.count))
  }

  @Test func noEnumerationAboveTwenty() throws {
    #expect(try signFlipPValue([Double](repeating: 0.1, count: 21)) == nil)
  }

  @Test func pairsThatAllAgreeAreNotCertain() throws {
    let ones = [Double](repeating: 1, count: 8)
    let result = try pairedDifference(ones, ones)
    let bound = exactSeedBound(seeds: 8)
    #expect(result.tPValue == nil && result.signFlipPValue == 1)
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
