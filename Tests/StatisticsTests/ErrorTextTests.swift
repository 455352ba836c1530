import Statistics
import Testing

@Suite struct ErrorTextTests {
  struct Refusal: Sendable {
    let text: String
    let body: @Sendable () throws -> Void

    init(_ text: String, _ body: @escaping @Sendable () throws -> Void) {
      self.text = text
      self.body = body
    }
  }

  @Test(arguments: Self.refusals) func exactText(_ refusal: Refusal) throws {
    let error = try #require(throws: StatisticsError.self) { try refusal.body() }
    #expect(error.description == refusal.text)
  }

  static let refusals: [Refusal] = [
    Refusal("values over seeds: 0 given, at least 1 needed") { _ = try seedLevelEstimate([]) },
    Refusal("values over seeds: value 1 is nan, not a finite number") {
      _ = try seedLevelEstimate([0.5, .nan])
    },
    Refusal("values over seeds: value 2 is 1.5, outside 0.0 to 1.0") {
      _ = try seedLevelEstimate([0.5, 0, 1.5])
    },
    Refusal("confidence level: the value is 95.0, outside 0.0 to 1.0") {
      _ = try seedLevelEstimate([0.5], level: 95)
    },
    Refusal("confidence level: the value is 1.0, outside 0.0 to 1.0") {
      _ = try Proportion(successes: 1, trials: 2).wilsonInterval(level: 1)
    },
    Refusal("5 successes in 4 trials is not a proportion") {
      _ = try Proportion(successes: 5, trials: 4)
    },
    Refusal("0 successes in 0 trials is not a proportion") {
      _ = try Proportion(successes: 0, trials: 0)
    },
    Refusal("-1 successes in 4 trials is not a proportion") {
      _ = try Proportion(successes: -1, trials: 4)
    },
    Refusal("the first arm has 2 values and the second arm has 1; they are matched one to one") {
      _ = try pairedDifference([1, 0], [1])
    },
    Refusal("differences: value 0 is 2.0, outside -1.0 to 1.0") {
      _ = try pairedDifference([3, 0], [1, 0])
    },
    Refusal("the second arm: value 1 is inf, not a finite number") {
      _ = try pairedDifference([1, 0], [1, .infinity])
    },
    Refusal("margin: the value is 0.0, outside 0.0 to inf") {
      _ = try equivalenceTest([1, 0], [1, 0], margin: 0)
    },
    Refusal("alpha: the value is 0.5, outside 0.0 to 0.5") {
      _ = try equivalenceTest([1, 0], [1, 0], margin: 0.1, alpha: 0.5)
    },
    Refusal("margin: the value is -1.0, outside 0.0 to inf") {
      _ = try judge([Claim("", .primary, .within(-1), .missing(""))])
    },
    Refusal("standard error: the value is 0.0, outside 0.0 to inf") {
      _ = try judge([
        Claim(
          "", .primary, .above(0),
          .coefficient(
            1, standardError: 0, degreesOfFreedom: 7, seeds: 8, kind: .clusterRobust))
      ])
    },
    Refusal("rates over seeds: value 0 is 2.0, outside 0.0 to 1.0") {
      _ = try judge([Claim("", .primary, .above(0), .rates([2], prompts: 8))])
    },
    Refusal("p-values: value 1 is 1.2, outside 0.0 to 1.0") { _ = try holmAdjusted([0.1, 1.2]) },
    Refusal("negative scores: 0 given, at least 1 needed") {
      _ = try auroc(positives: [1], negatives: [])
    },
    Refusal("x: every value is 2.0, so there is no slope") {
      _ = try leastSquaresSlope([2, 2], [1, 3])
    },
    Refusal("x: 1 given, at least 2 needed") { _ = try leastSquaresSlope([2], [1]) },
    Refusal("weights: value 1 is 0.0, outside 2.2250738585072014e-308 to inf") {
      _ = try isotonicFit([1, 2], weights: [1, 0])
    },
    Refusal("values has 2 values and weights has 1; they are matched one to one") {
      _ = try isotonicFit([1, 2], weights: [1])
    },
    Refusal("doses: value 0 is 1.0, outside 0.0 to 0.0") {
      _ = try halfLife(doses: [1, 2], rates: [1, 0])
    },
    Refusal("doses: value 2 is 5.0, not above the 5.0 before it") {
      _ = try halfLife(doses: [0, 5, 5], rates: [1, 1, 0])
    },
    Refusal("doses: 1 given, at least 2 needed") { _ = try halfLife(doses: [0], rates: [1]) },
    Refusal("pairs: 1 given, at least 2 needed") {
      _ = try pairedTestPower(difference: 1, standardDeviation: 1, pairs: 1)
    },
    Refusal("standard deviation: the value is 0.0, outside 0.0 to inf") {
      _ = try smallestDetectableDifference(standardDeviation: 0, pairs: 8)
    },
    Refusal("power: the value is 0.01, outside 0.05 to 1.0") {
      _ = try smallestDetectableDifference(standardDeviation: 1, pairs: 8, power: 0.01)
    },
  ]
}
