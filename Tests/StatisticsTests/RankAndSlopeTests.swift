import Foundation
import Statistics
import Testing

@Suite struct RankAndSlopeTests {
  // The defining double loop, on scores with many ties.
  @Test func aurocIsTheShareOfPairs() throws {
    var generator = TestGenerator(seed: 5)
    for _ in 0..<50 {
      let positives = (0..<9).map { _ in (generator.uniform() * 5).rounded() }
      let negatives = (0..<7).map { _ in (generator.uniform() * 4).rounded() }
      var wins = 0.0
      for p in positives { for n in negatives { wins += p > n ? 1 : p == n ? 0.5 : 0 } }
      #expect(try auroc(positives: positives, negatives: negatives) == wins / 63)
    }
  }

  // scipy.stats.mannwhitneyu(p, n).statistic / (len(p) * len(n))
  @Test func aurocAgainstScipy() throws {
    #expect(
      try auroc(positives: [0.9, 0.8, 0.8, 0.3], negatives: [0.1, 0.8, 0.3, 0.2, 0.3]) == 0.85)
    #expect(try auroc(positives: [1, 1], negatives: [1, 1, 1]) == 0.5)
    #expect(try auroc(positives: [2], negatives: [1]) == 1)
  }

  // Holm 1979 by hand: sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, then the running maximum.
  @Test(
    arguments: [
      ([0.04, 0.01, 0.03, 0.02], [0.06, 0.04, 0.06, 0.06]),
      ([0.5, 0.9], [1.0, 1.0]), ([0.03], [0.03]), ([], []), ([0.01, 0.01], [0.02, 0.02]),
    ] as [([Double], [Double])])
  func holm(_ values: [Double], _ expected: [Double]) throws {
    let adjusted = try holmAdjusted(values)
    #expect(adjusted.count == expected.count)
    #expect(zip(adjusted, expected).allSatisfy { agrees($0, $1, within: 1e-14) })
  }

  // x = np.log([4e4, 1e5, 2.5e5, 6e5, 6e5]); y = [2.1, 2.9, 3.2, 4.4, 4.0]
  // l = scipy.stats.linregress(x, y); h = scipy.stats.t.ppf(0.975, 3) * l.stderr
  @Test func slopeAgainstScipy() throws {
    let line = try leastSquaresSlope(
      [4e4, 1e5, 2.5e5, 6e5, 6e5].map { log($0) }, [2.1, 2.9, 3.2, 4.4, 4.0])
    #expect(agrees(line.slope, 0.7522907440731423, within: 1e-12))
    #expect(agrees(line.intercept, -5.880236890223349, within: 1e-12))
    #expect(agrees(try #require(line.standardError), 0.10339378990645155, within: 1e-11))
    #expect(agrees(try #require(line.pValue), 0.005358279206826899, within: 1e-10))
    let interval = try #require(line.interval)
    #expect(agrees(interval.lower, 0.42324555939607567, within: 1e-11))
    #expect(agrees(interval.upper, 1.081335928750209, within: 1e-11))
    #expect(interval.kind == .studentTOfSlope)
  }

  @Test func slopeWithoutResiduals() throws {
    let two = try leastSquaresSlope([1, 2], [5, 7])
    #expect(two.slope == 2 && two.intercept == 3)
    #expect(two.interval == nil && two.standardError == nil)
    let exact = try leastSquaresSlope([1, 2, 3], [5, 7, 9])
    #expect(exact.standardError == 0 && exact.interval == nil && exact.pValue == nil)
  }
}
