/// A confidence interval with its level and its kind.
///
/// The module `Statistics` has pure functions on values:
///
/// - one replica: ``Proportion`` (Wilson and Clopper-Pearson intervals over prompts);
/// - rates over several seeds: ``rateEstimate(_:prompts:level:)``, ``rateDifference(_:level:)``;
/// - other quantities over several seeds: ``seedLevelEstimate(_:range:level:)``, ``pairedDifference(_:_:range:level:)``,
///   ``equivalenceTest(_:_:margin:alpha:range:)``, ``holmAdjusted(_:)``,
///   ``boundedMeanInterval(_:range:level:)``, ``skewnessCorrectedInterval(_:range:level:)``;
/// - verdicts on claims declared beforehand: ``judge(_:alpha:)``;
/// - planning: ``pairedTestPower(difference:standardDeviation:pairs:alpha:)`` and its inverses;
/// - decay along a dose: ``isotonicFit(_:weights:order:)``, ``halfLife(doses:rates:weights:)``,
///   ``censoredRegression(_:design:clusters:)``;
/// - the rest: ``auroc(positives:negatives:)``, ``leastSquaresSlope(_:_:level:)``;
/// - distributions: ``StandardNormal``, ``StudentT``, ``IncompleteBeta``.
///
/// An interval over seeds is about new models that are trained in the same way. An interval over
/// prompts is about new prompts for one model. They are not interchangeable, so every interval has
/// its `kind`.
public struct Interval: Codable, Hashable, Sendable {
  /// The sampled units, and the rule of the interval.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Student t on one value per seed.
    case studentTOverSeeds
    /// Student t on one difference per seed.
    case studentTOverPairedSeeds
    /// Every seed gave the same value: ``exactSeedBound(seeds:level:)``.
    case exactSeedBound
    /// ``boundedMeanInterval(_:range:level:)``: valid for any distribution on a known range.
    case boundedMean
    /// ``skewnessCorrectedInterval(_:range:level:)``: Student t corrected for the sample's
    /// skewness.
    case skewnessCorrectedT
    /// ``rateEstimate(_:prompts:level:)``: Student t on log-odds, with the variance of the prompts.
    case logOddsT
    /// ``rateDifference(_:level:)``: two such intervals, combined for pairs of seeds, or Student t where
    /// that is wider.
    case logOddsTOfPairs
    /// Student t on one estimate per model size.
    case studentTOverSizes
    /// Wilson score interval over the prompts of one replica.
    case wilsonOverPrompts
    /// Clopper-Pearson interval over the prompts of one replica.
    case clopperPearsonOverPrompts
    /// Student t on a least-squares coefficient, with the residual degrees of freedom.
    case studentTOfSlope
    /// Normal approximation to a maximum-likelihood estimate, by the observed information.
    case waldOfLikelihood
    /// Student t on a maximum-likelihood estimate, with a cluster-robust standard error.
    case clusterRobust

    /// The text beside a figure.
    public var label: String {
      switch self {
      case .studentTOverSeeds: "Student t over seeds"
      case .studentTOverPairedSeeds: "Student t over paired seeds"
      case .exactSeedBound: "exact bound from the share of seeds that would differ"
      case .boundedMean: "distribution-free bound on a mean over seeds"
      case .skewnessCorrectedT: "Student t over seeds, corrected for skewness"
      case .logOddsT: "Student t of log-odds over seeds, with the prompts’ variance"
      case .logOddsTOfPairs:
        "Student t over paired seeds, of log-odds with the prompts’ variance or of differences, the wider"
      case .studentTOverSizes: "Student t over sizes"
      case .wilsonOverPrompts: "Wilson over prompts, one replica"
      case .clopperPearsonOverPrompts: "Clopper-Pearson over prompts, one replica"
      case .studentTOfSlope: "Student t of a least-squares slope"
      case .waldOfLikelihood: "Wald, observed information"
      case .clusterRobust: "Student t, cluster-robust over seeds"
      }
    }
  }

  public let lower: Double
  public let upper: Double
  /// Nominal coverage, strictly between 0 and 1.
  public let level: Double
  public let kind: Kind

  public init(lower: Double, upper: Double, level: Double, kind: Kind) {
    self.lower = lower
    self.upper = upper
    self.level = level
    self.kind = kind
  }

  /// Whether `value` is in the interval, including its ends.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// The same interval, cut to the possible values of the quantity.
  func clipped(to range: ClosedRange<Double>?) -> Interval {
    guard let range else { return self }
    return Interval(
      lower: max(lower, range.lowerBound), upper: min(upper, range.upperBound), level: level,
      kind: kind)
  }
}
