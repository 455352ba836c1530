import Foundation
import Statistics
import Testing

// Every expected value is printed by scipy 1.17.1, with the call that stands above each table.
@Suite struct DistributionTests {
  // scipy.special.betainc(a, b, x)
  @Test(arguments: [
    (0.5, 0.5, 0.5, 0.5000000000000001),
    (1e-20, 0.5, 3.0, 1.8750000000000002e-10),
    (0.3, 2.0, 5.0, 0.5798250000000003),
    (0.999, 40.0, 2.0, 0.9992010191652443),
    (0.02, 3.0, 400.0, 0.9872924826327014),
    (0.48, 100000.0, 100000.0, 6.371237476734168e-72),
    (0.9999, 1000000.0, 50.0, 1.1739022534957992e-08),
    (0.001, 12.0, 30.0, 7.689939786285186e-27),
  ])
  func incompleteBeta(_ x: Double, _ a: Double, _ b: Double, _ expected: Double) {
    #expect(agrees(IncompleteBeta.regularized(x, a: a, b: b), expected, within: 1e-12))
  }

  // scipy.special.betaincinv(a, b, p)
  @Test(arguments: [
    (1e-10, 0.5, 3.0, 2.8444444444444438e-21),
    (0.025, 1.0, 256.0, 9.889279722355363e-05),
    (0.025, 250.0, 7.0, 0.9496870965771851),
    (0.5, 10000.0, 20000.0, 0.33332962958390583),
    (0.975, 0.5, 0.5, 0.9984586668665639),
    (1e-10, 20.0, 30.0, 0.07478838479663802),
  ])
  func incompleteBetaInverse(_ p: Double, _ a: Double, _ b: Double, _ expected: Double) {
    #expect(agrees(IncompleteBeta.inverse(p, a: a, b: b), expected, within: 1e-12))
  }

  @Test func incompleteBetaAtTheEdges() {
    #expect(IncompleteBeta.regularized(0, a: 2, b: 3) == 0)
    #expect(IncompleteBeta.regularized(1, a: 2, b: 3) == 1)
    #expect(IncompleteBeta.inverse(0, a: 2, b: 3) == 0)
    #expect(IncompleteBeta.inverse(1, a: 2, b: 3) == 1)
    #expect(IncompleteBeta.regularized(1.5, a: 2, b: 3).isNaN)
    #expect(IncompleteBeta.regularized(0.5, a: 0, b: 3).isNaN)
    #expect(IncompleteBeta.inverse(0.5, a: 2, b: -1).isNaN)
  }

  // Shapes above and below the switch at 10 against I_x(a, b) = I_x(a + 1, b) + x^a (1-x)^b / (a B):
  // an identity between different branches.
  @Test(arguments: [(9.5, 20.0), (9.9999, 9.9999), (20.0, 9.5), (400.0, 0.3)])
  func incompleteBetaRecurrence(_ a: Double, _ b: Double) {
    let x = a / (a + b)
    let logFront =
      a * log(x) + b * log1p(-x) + lgamma(a + b).0 - lgamma(a + 1).0 - lgamma(b).0
    let expected = IncompleteBeta.regularized(x, a: a + 1, b: b) + exp(logFront)
    #expect(agrees(IncompleteBeta.regularized(x, a: a, b: b), expected, within: 1e-12))
  }

  // scipy.stats.t.sf(t, df)
  @Test(arguments: [
    (1.0, 0.3, 0.4072264209222577),
    (1.0, 1000000000.0, 3.183098861837907e-10),
    (2.0, 1.5, 0.13619656244550055),
    (2.0, 100000.0, 4.999999999250001e-11),
    (7.0, 2.364624251592784, 0.02500000000000005),
    (7.0, 30.0, 5.894234440366572e-09),
    (2.5, 4.0, 0.019506487920659125),
    (1000000.0, 1.959966, 0.025000020853967398),
    (1000000.0, 6.4, 7.772264214408476e-11),
    (30.0, 1e-08, 0.4999999960436782),
  ])
  func studentTail(_ degrees: Double, _ t: Double, _ expected: Double) {
    let distribution = StudentT(degreesOfFreedom: degrees)
    #expect(agrees(distribution.upperTail(t), expected, within: 1e-12))
    #expect(agrees(distribution.cumulative(-t), expected, within: 1e-12))
    #expect(agrees(distribution.cumulative(t), 1 - expected, within: 1e-13))
    #expect(agrees(distribution.twoSided(-t), 2 * expected, within: 1e-12))
  }

  // scipy.stats.t.ppf(p, df)
  @Test(arguments: [
    (1.0, 0.975, 12.706204736174694),
    (1.0, 1e-10, -3183098861.8379064),
    (2.0, 0.975, 4.302652729749462),
    (2.0, 1e-10, -70710.67810804816),
    (4.0, 0.975, 2.7764451051977934),
    (7.0, 0.975, 2.364624251592784),
    (7.0, 0.6, 0.2631668613520229),
    (7.0, 1e-10, -53.83557948467374),
    (1000000.0, 0.975, 1.959966356814107),
    (1000000.0, 1e-10, -6.361406848876743),
  ])
  func studentQuantile(_ degrees: Double, _ p: Double, _ expected: Double) {
    #expect(agrees(StudentT(degreesOfFreedom: degrees).quantile(p), expected, within: 1e-12))
  }

  // Closed forms: tan(pi (p - 1/2)) at one degree of freedom and
  // (2p - 1) / sqrt(2 p (1 - p)) at two. Near the centre they resolve what 1 - p has lost.
  @Test(arguments: [1e-140, 1e-10, 0.1, 0.4, 0.5 - 1e-9, 0.5 + 1e-9, 0.7])
  func studentQuantileInClosedForm(_ p: Double) {
    let one = p < 1e-3 ? -1 / tan(.pi * p) : tan(.pi * (p - 0.5))
    let two = (2 * p - 1) / (2 * p * (1 - p)).squareRoot()
    #expect(agrees(StudentT(degreesOfFreedom: 1).quantile(p), one, within: 1e-12))
    #expect(agrees(StudentT(degreesOfFreedom: 2).quantile(p), two, within: 1e-12))
  }

  @Test func quantilesAtTheEdges() {
    let distribution = StudentT(degreesOfFreedom: 3)
    #expect(distribution.quantile(0) == -.infinity)
    #expect(distribution.quantile(1) == .infinity)
    #expect(distribution.quantile(0.5) == 0)
    #expect(distribution.quantile(1.1).isNaN)
    #expect(distribution.upperTail(.infinity) == 0)
    #expect(distribution.upperTail(-.infinity) == 1)
    #expect(StudentT(degreesOfFreedom: -1).quantile(0.3).isNaN)
    #expect(StandardNormal.quantile(0) == -.infinity)
    #expect(StandardNormal.quantile(1) == .infinity)
    #expect(StandardNormal.quantile(-0.1).isNaN)
  }

  // scipy.stats.norm.cdf(z)
  @Test(arguments: [
    (-37.0, 5.7255712225239266e-300),
    (-6.4, 7.768847581709776e-11),
    (-1.96, 0.024997895148220435),
    (0.0, 0.5),
    (0.5, 0.6914624612740131),
    (5.9, 0.9999999981824922),
    (6.1, 0.9999999994696577),
  ])
  func normalCumulative(_ z: Double, _ expected: Double) {
    #expect(agrees(StandardNormal.cumulative(z), expected, within: 1e-12))
    #expect(agrees(StandardNormal.upperTail(-z), expected, within: 1e-12))
  }

  // scipy.stats.norm.ppf(p)
  @Test(arguments: [
    (1e-300, -37.0470962993612),
    (1e-10, -6.361340902404056),
    (0.025, -1.9599639845400545),
    (0.3, -0.5244005127080409),
    (0.5, 0.0),
    (0.8, 0.8416212335729143),
    (0.999999, 4.753424308817087),
  ])
  func normalQuantile(_ p: Double, _ expected: Double) {
    #expect(abs(StandardNormal.quantile(p) - expected) < 2e-14)
  }
}
