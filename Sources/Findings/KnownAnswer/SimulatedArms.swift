public import Random
import Foundation
import Statistics

/// Arms of a simulated study whose true rates are known.
///
/// The rate of seed s in arm a is logistic(logit_a + u_s + w_as), u shared by the arms of the seed, u and w
/// normal; with the arm's chance of collapse it is 0 instead. Prompts are binomial.
public struct SimulatedArms: Sendable {
  public var title: String
  /// The centre of each arm's seeds, on the logit scale.
  public var logits: [Double]
  /// The standard deviation of u, and that of w.
  public var seedDeviation: Double
  public var armDeviation: Double
  /// The chance that a seed of an arm has lost the behaviour completely. Zero by default.
  public var collapses: [Double]
  public var prompts: Int

  public init(
    _ title: String, logits: [Double], seedDeviation: Double = 1, armDeviation: Double = 0.5,
    collapses: [Double]? = nil, prompts: Int = 128
  ) {
    self.title = title
    self.logits = logits
    self.seedDeviation = seedDeviation
    self.armDeviation = armDeviation
    self.collapses = collapses ?? logits.map { _ in 0 }
    self.prompts = prompts
  }

  /// The true mean rate of an arm over all seeds that could be drawn.
  ///
  /// The trapezoidal rule over ten standard deviations: the integrand is smooth and its ends vanish.
  public func mean(_ arm: Int) -> Double {
    let deviation =
      (seedDeviation * seedDeviation + armDeviation * armDeviation).squareRoot()
    var (sum, weights) = (0.0, 0.0)
    for step in -1000...1000 {
      let z = Double(step) / 100
      let weight = exp(-z * z / 2)
      sum += weight * logistic(logits[arm] + deviation * z)
      weights += weight
    }
    return (1 - collapses[arm]) * sum / weights
  }

  /// Measured rates, one list per arm with one value per seed.
  public func rates(seeds: Int, _ stream: inout Philox.Stream) -> [[Double]] {
    var rates = logits.map { _ in [Double]() }
    for _ in 0..<seeds {
      let shared = seedDeviation * stream.nextNormals().0
      for arm in logits.indices {
        let own = armDeviation * stream.nextNormals().0
        let isLost = stream.nextUniform() < collapses[arm]
        let rate = isLost ? 0 : logistic(logits[arm] + shared + own)
        rates[arm].append(Double(stream.nextCount(rate, of: prompts)) / Double(prompts))
      }
    }
    return rates
  }
}

extension SimulatedArms {
  /// Measured rates of the first two arms.
  func pair(seeds: Int, _ stream: inout Philox.Stream) -> PairedRates {
    let rates = rates(seeds: seeds, &stream)
    return PairedRates(rates[0], rates[1], firstPrompts: prompts, secondPrompts: prompts)
  }
}

func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

extension Philox.Stream {
  /// Successes in independent trials.
  mutating func nextCount(_ rate: Double, of trials: Int) -> Int {
    var count = 0
    for _ in 0..<trials where nextUniform() < rate { count += 1 }
    return count
  }
}
