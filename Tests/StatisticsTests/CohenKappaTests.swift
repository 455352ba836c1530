import Statistics
import Testing

@Suite struct CohenKappaTests {
  private func kappa(_ counts: (Int, Int, Int, Int)) -> CohenKappa {
    let pairs: [(first: Bool, second: Bool)] =
      Array(repeating: (true, true), count: counts.0)
      + Array(repeating: (true, false), count: counts.1)
      + Array(repeating: (false, true), count: counts.2)
      + Array(repeating: (false, false), count: counts.3)
    return CohenKappa(pairs)
  }

  /// From Python's fractions:
  ///
  ///     from fractions import Fraction as F
  ///     def k(a, b, c, d):
  ///         n = a + b + c + d
  ///         e = F((a + b) * (a + c) + (c + d) * (b + d), n * n)
  ///         return float((F(a + d, n) - e) / (1 - e))
  ///     print(k(20, 5, 10, 15), k(45, 15, 25, 15), k(0, 5, 5, 0), k(3, 0, 0, 9))
  @Test(arguments: [
    ((20, 5, 10, 15), 0.4), ((45, 15, 25, 15), 0.13043478260869565), ((0, 5, 5, 0), -1.0),
    ((3, 0, 0, 9), 1.0),
  ])
  func kappaIsCohens(_ counts: (Int, Int, Int, Int), _ expected: Double) throws {
    let value = try #require(kappa(counts).kappa)
    #expect(abs(value - expected) < 1e-12)
  }

  @Test func withoutVariationThereIsNoKappa() {
    #expect(kappa((7, 0, 0, 0)).kappa == nil && kappa((7, 0, 0, 0)).observed == 1)
    #expect(kappa((0, 0, 0, 0)).observed == nil && kappa((0, 0, 0, 0)).kappa == nil)
  }
}
