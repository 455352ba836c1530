import Foundation
import Statistics
import Testing

@Suite struct SkewnessCorrectedMeanTests {
  static let skewed = [0.98, 0.99, 1, 0.97, 1, 0.71, 0.95, 1]

  // def f(x, mu):
  //   n = len(x); r = np.sqrt(n); t = r * (x.mean() - mu) / x.std(ddof=1)
  //   g = stats.skew(x, bias=False)
  //   return t + g*t**2/(3*r) + g**2*t**3/(27*n) + g/(6*r)
  // c = stats.t.ppf(0.975, n - 1)
  // [optimize.brentq(lambda mu: f(x, mu) - v, -9, 9, xtol=1e-15) for v in (c, -c)]  (scipy 1.17.1)
  @Test(arguments: [
    (skewed, 0.715098680678554, 1.0005357563903798),
    (skewed.map { -$0 }, -1.0005357563903798, -0.715098680678554),
    ([0.1, 0.2, 0.9], -0.16050687925855125, 2.384006082025746),
  ])
  func againstScipy(_ values: [Double], _ lower: Double, _ upper: Double) throws {
    let interval = try #require(try skewnessCorrectedInterval(values, range: nil))
    #expect(agrees(interval.lower, lower, within: 1e-11))
    #expect(agrees(interval.upper, upper, within: 1e-11))
    #expect(interval.kind == .skewnessCorrectedT)
  }

  @Test func symmetricValuesAndTheRange() throws {
    let symmetric = [0.2, 0.3, 0.4, 0.5, 0.6]
    let interval = try #require(try skewnessCorrectedInterval(symmetric))
    let student = try #require(seedLevelEstimate(symmetric).interval)
    #expect(agrees(interval.lower, student.lower, within: 1e-12))
    #expect(agrees(interval.upper, student.upper, within: 1e-12))
    #expect(try #require(try skewnessCorrectedInterval(Self.skewed)).upper == 1)
    #expect(try skewnessCorrectedInterval([0.1, 0.2]) == nil)
    #expect(
      try skewnessCorrectedInterval([1, 1, 1]) == seedLevelEstimate([1, 1, 1]).interval)
    #expect(try skewnessCorrectedInterval([2, 2, 2], range: nil) == nil)
  }

  // x = skewed - 1; t = stats.t(7); max(t.sf(f(x, -0.2)), t.cdf(f(x, 0.2))): skewed differences
  // are found alike less readily than by two one-sided t tests.
  @Test func aMarginIsJudgedByIt() throws {
    let differences = Self.skewed.map { $0 - 1 }
    let judged = try judge([
      Claim("", .primary, .within(0.2), .differences(differences, range: -1...1))
    ])[0]
    #expect(agrees(try #require(judged.pValue), 0.18614254206730174, within: 1e-9))
    let zeros = [Double](repeating: 0, count: 8)
    #expect(
      try #require(try equivalenceTest(differences, zeros, margin: 0.2).pValue) < 0.002)
    #expect(judged.interval?.kind == .skewnessCorrectedT)
  }
}
