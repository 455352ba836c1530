import Statistics
import Testing

@Suite struct IsotonicTests {
  // scipy.optimize.isotonic_regression(y, weights=w, increasing=False).x
  @Test func nonIncreasingAgainstScipy() throws {
    let fit = try isotonicFit(
      [0.9, 1.0, 0.7, 0.8, 0.3, 0.35, 0.1], weights: [1, 1, 2, 1, 1, 3, 1])
    let expected = [0.95, 0.95, 0.7333333333333334, 0.7333333333333334, 0.3375, 0.3375, 0.1]
    #expect(fit.count == expected.count)
    #expect(zip(fit, expected).allSatisfy { agrees($0, $1, within: 1e-14) })
  }

  // scipy.optimize.isotonic_regression([3, 1, 2, 2, 5, 4]).x
  @Test func nonDecreasingAgainstScipy() throws {
    #expect(
      try isotonicFit([3, 1, 2, 2, 5, 4], order: .nonDecreasing) == [2, 2, 2, 2, 4.5, 4.5])
  }

  @Test func emptyAndMonotoneStayAsTheyAre() throws {
    #expect(try isotonicFit([]) == [])
    #expect(try isotonicFit([1, 0.5, 0.5, 0]) == [1, 0.5, 0.5, 0])
  }

  // The minimiser's optimality: the fit is monotone, keeps the weighted mean of every pool, and no
  // prefix of a pool has a larger mean than the pool (Barlow et al. 1972, section 1.2).
  @Test func optimalOnRandomSequences() throws {
    var generator = TestGenerator(seed: 3)
    for _ in 0..<200 {
      let values = (0..<12).map { _ in generator.uniform() }
      let weights = (0..<12).map { _ in 0.5 + generator.uniform() }
      let fit = try isotonicFit(values, weights: weights)
      var start = 0
      while start < 12 {
        let end = fit[start...].firstIndex { $0 != fit[start] } ?? 12
        #expect(end == 12 || fit[end] < fit[start])
        // The weighted residuals of every prefix sum to at most 0, and over the pool to 0.
        var sum = 0.0
        for index in start..<end {
          sum += weights[index] * (values[index] - fit[index])
          #expect(sum < 1e-12)
        }
        #expect(abs(sum) < 1e-12)
        start = end
      }
    }
  }
}

@Suite struct HalfLifeTests {
  private static let doses = [0.0, 10, 30, 100, 300]

  @Test(arguments: [
    ([1.0, 0.9, 0.6, 0.4, 0.1], HalfLife.between(lower: 30, upper: 100)),
    // Exactly half counts as crossed.
    ([1.0, 0.9, 0.5, 0.4, 0.1], .between(lower: 10, upper: 30)),
    ([1.0, 0.2, 0.1, 0.1, 0.1], .leftCensored(before: 10)),
    ([1.0, 0.9, 0.9, 0.8, 0.51], .rightCensored(after: 300)),
    ([0.0, 0.0, 0.0, 0.0, 0.0], .undefined(.startingRateIsZero)),
    // A dip that comes back is pooled: (0.2 + 0.9 + 0.9) / 3 = 0.67 stays above one half.
    ([1.0, 0.2, 0.9, 0.9, 0.1], .between(lower: 100, upper: 300)),
    // A late start pools upward: f(0) = 0.5 and half of it is crossed at 100.
    ([0.0, 1.0, 0.3, 0.2, 0.0], .between(lower: 30, upper: 100)),
  ])
  func rule(_ rates: [Double], _ expected: HalfLife) throws {
    #expect(try halfLife(doses: Self.doses, rates: rates).halfLife == expected)
  }

  @Test func weightsDecideWhatADipIsWorth() throws {
    let rates = [1.0, 0.2, 0.9, 0.4, 0.1]
    let heavyDip = try halfLife(doses: Self.doses, rates: rates, weights: [1, 9, 1, 1, 1])
    #expect(heavyDip.halfLife == .leftCensored(before: 10))
    #expect(
      try halfLife(doses: Self.doses, rates: rates).halfLife == .between(lower: 30, upper: 100))
  }

  @Test func reboundIsMeasuredNotFitted() throws {
    let result = try halfLife(doses: Self.doses, rates: [0.9, 0.95, 0.1, 0.7, 0.65])
    #expect(agrees(result.rebound, 0.6, within: 1e-14))
    #expect(result.reboundDose == 100)
    #expect(agrees(result.startingRate, 0.925, within: 1e-14))
    let falling = try halfLife(doses: Self.doses, rates: [1, 0.9, 0.9, 0.2, 0])
    #expect(falling.rebound == 0 && falling.reboundDose == nil)
  }

  @Test func carriesOverToCensoredResponses() {
    #expect(HalfLife.between(lower: 1, upper: 2).response == .interval(lower: 1, upper: 2))
    #expect(HalfLife.rightCensored(after: 3).response == .rightCensored(after: 3))
    #expect(HalfLife.leftCensored(before: 3).response == .leftCensored(before: 3))
    #expect(HalfLife.undefined(.startingRateIsZero).response == nil)
  }
}
