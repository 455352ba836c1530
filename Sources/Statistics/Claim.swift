/// A statement about one mean, declared before a run, with the run's evidence.
public struct Claim: Codable, Hashable, Sendable {
  /// The way in which a claim is corrected for the number of claims.
  public enum Family: String, Codable, Hashable, Sendable, CaseIterable {
    /// One of the few main claims of the run, corrected together by Holm's procedure.
    case primary
    /// Any other claim, judged alone at the uncorrected level.
    case secondary
  }

  /// The statement about the mean.
  public enum Statement: Codable, Hashable, Sendable {
    /// The mean is above the bound: a positive effect or slope for the bound 0, "at least" for a
    /// rate.
    case above(Double)
    /// The mean is below the bound: a negative effect or slope, "at most" for a rate.
    case below(Double)
    /// The magnitude of the mean is below this margin: no effect.
    case within(Double)
    /// Nothing is claimed: the interval is the result, and p is against 0.
    case estimate
  }

  /// The values of the run, if there are any.
  public enum Evidence: Codable, Hashable, Sendable {
    /// One paired difference or one slope per seed that is no difference of rates: Student t, for a
    /// margin ``skewnessCorrectedInterval(_:range:level:)``.
    ///
    /// `range`: the possible values; nil for an unbounded quantity.
    case differences([Double], range: ClosedRange<Double>?)
    /// One rate per seed, in 0...1, each of so many prompts: ``rateEstimate(_:prompts:level:)``.
    case rates([Double], prompts: Int)
    /// Rates of two arms, the first minus the second: ``rateDifference(_:level:)``.
    case ratePairs(PairedRates)
    /// A coefficient and its standard error over seeds, as ``CensoredRegressionFit`` and
    /// ``LinearSlope`` give: Student t.
    case coefficient(
      Double, standardError: Double, degreesOfFreedom: Double, seeds: Int, kind: Interval.Kind)
    /// There is no number, with the reason.
    case missing(String)
  }

  /// The name of the claim in reports.
  public var name: String
  public var family: Family
  public var statement: Statement
  public var evidence: Evidence

  public init(_ name: String, _ family: Family, _ statement: Statement, _ evidence: Evidence) {
    self.name = name
    self.family = family
    self.statement = statement
    self.evidence = evidence
  }
}

extension Claim.Evidence {
  /// A claim about the coefficient of a regression with clusters, or the reason why there is none.
  public init(
    _ fit: Result<CensoredRegressionFit, CensoredRegressionFailure>, coefficient index: Int
  ) {
    switch fit {
    case .failure(let failure): self = .missing("\(failure)")
    case .success(let fit):
      guard let clusters = fit.clusters, let errors = fit.clusteredStandardErrors else {
        self = .missing("a regression without clusters has no standard error over seeds")
        return
      }
      self = .coefficient(
        fit.coefficients[index], standardError: errors[index],
        degreesOfFreedom: Double(clusters - 1), seeds: clusters, kind: .clusterRobust)
    }
  }
}

/// The verdict of a run on a claim.
public enum Verdict: Codable, Hashable, Sendable {
  /// The whole interval agrees with the claim.
  case supports
  /// No part of the interval agrees with the claim.
  case contradicts
  case inconclusive
  /// Nothing was claimed.
  case estimated
  case notTestable(Untestable)

  /// With 5 seeds the smallest p of an exact test is 2/2^5, too large for a correction; 8 seeds are
  /// enough.
  public static let leastSeeds = 8

  /// The text in reports.
  public var label: String {
    switch self {
    case .supports: "supports"
    case .contradicts: "contradicts"
    case .inconclusive: "inconclusive"
    case .estimated: "estimate"
    case .notTestable(let reason): "not testable: \(reason)"
    }
  }
}

/// The reason why a claim gets no verdict.
public enum Untestable: Error, Codable, Hashable, Sendable, CustomStringConvertible {
  case tooFewSeeds(Int)
  /// Every seed gave `value` in a quantity without a range, so there is no bound on the values of
  /// other seeds.
  case noSpread(seeds: Int, value: Double)
  case missing(String)

  public var description: String {
    switch self {
    case .tooFewSeeds(let seeds):
      "\(seeds) \(seeds == 1 ? "seed" : "seeds"), verdicts need \(Verdict.leastSeeds)"
    case .noSpread(let seeds, let value):
      "all \(seeds) seeds give \(value), and the quantity has no bounds"
    case .missing(let reason): reason
    }
  }
}
