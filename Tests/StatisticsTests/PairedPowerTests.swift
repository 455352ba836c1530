import Statistics
import Testing

// def power(delta, n, alpha=0.05):
//   c = stats.t.ppf(1 - alpha / 2, n - 1); nc = delta * np.sqrt(n); r = np.sqrt(n - 1)
//   f = lambda s: (norm.cdf(nc - c * s) + norm.cdf(-nc - c * s)) * chi.pdf(s * r, n - 1) * r
//   return quad(f, 0, 1, epsabs=1e-13, limit=400)[0] + quad(f, 1, 12, epsabs=1e-13, limit=400)[0]
// (scipy 1.17.1; equal to stats.nct where that does not overflow)
@Suite struct PairedPowerTests {
  @Test(arguments: [
    (1.0, 8, 0.6808339582062666),
    (0.5, 5, 0.14051668999029823),
    (2.0, 3, 0.47074943127843505),
    (0.2, 200, 0.8036666605858409),
    (1.0, 2, 0.09280915505633613),
    (0.0, 8, 0.05),
  ])
  func power(_ difference: Double, _ pairs: Int, _ expected: Double) throws {
    let unit = try pairedTestPower(difference: difference, standardDeviation: 1, pairs: pairs)
    #expect(agrees(unit, expected, within: 1e-9))
    let scaled = try pairedTestPower(
      difference: -0.1 * difference, standardDeviation: 0.1, pairs: pairs)
    #expect(agrees(scaled, expected, within: 1e-9))
  }

  // The same integral, split also at the step of the integrand, s = nc / c.
  @Test(arguments: [
    (50.0, 2, 0.01, 0.7332917582799567),
    (20.0, 3, 0.001, 0.6989263923174731),
    (0.1, 1000, 0.05, 0.8847890988903945),
    (8.0, 2, 0.05, 0.6252781277279662),
    (2.0, 8, 0.001, 0.6089771293851289),
  ])
  func powerAtOtherLevels(
    _ difference: Double, _ pairs: Int, _ alpha: Double, _ expected: Double
  ) throws {
    let power = try pairedTestPower(
      difference: difference, standardDeviation: 1, pairs: pairs, alpha: alpha)
    #expect(agrees(power, expected, within: 1e-9))
  }

  @Test func powerOfTwoPairsAtAStrictLevel() throws {
    let power = try pairedTestPower(
      difference: 500, standardDeviation: 1, pairs: 2, alpha: 0.001)
    #expect(abs(power - 0.7333112288955368) < 1e-2)
  }

  // scipy.optimize.brentq(lambda d: power(d, n) - target, 1e-6, 100, xtol=1e-13)
  @Test(arguments: [
    (3, 0.8, 3.264043549699574),
    (8, 0.8, 1.1560346779947333),
    (8, 0.9, 1.3418023751944803),
    (20, 0.8, 0.66044165462303),
    (2, 0.8, 11.54988843588233),
  ])
  func detectable(_ pairs: Int, _ target: Double, _ expected: Double) throws {
    let found = try smallestDetectableDifference(
      standardDeviation: 0.1, pairs: pairs, power: target)
    #expect(agrees(found, 0.1 * expected, within: 1e-8))
  }
}
