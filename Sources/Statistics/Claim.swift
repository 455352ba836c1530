/// A statement about one mean, declared before a run, with what the run gave to judge it by.
public struct Claim: Codable, Hashable, Sendable {
  public enum Family: String, Codable, Hashable, Sendable, CaseIterable {
    /// One of the few that the run was made for: Holm-corrected together.
    case primary
    /// Anything else: judged alone, at the uncorrected level.
    case secondary
  }

  /// What is claimed of the mean.
  public enum Statement: Codable, Hashable, Sendable {
    /// It lies above: an effect upwards or a rising slope where the bound is 0, "at least" for a rate.
    case above(Double)
    /// It lies below: an effect downwards, a falling slope, "at most" for a rate.
    case below(Double)
    /// Its magnitude lies below this margin: no effect.
    case within(Double)
  }

  /// The values of the run, as far as there are any.
  public enum Evidence: Codable, Hashable, Sendable {
    /// One paired difference or one slope per seed: Student t, for a margin
    /// ``skewnessCorrectedInterval(_:range:level:)``.
    ///
    /// `range`: the values one can take, -1...1 for a difference of rates; nil for a slope.
    case differences([Double], range: ClosedRange<Double>?)
    /// One rate per seed, in 0...1: ``boundedMeanInterval(_:range:level:)``.
    ///
    /// Not Student t: near 0 or 1 rates are skewed, and the seeds that would tell are the rare ones.
    case rates([Double])
    /// A coefficient and its standard error over seeds, as ``CensoredRegressionFit`` and
    /// ``LinearSlope`` give: Student t.
    case coefficient(
      Double, standardError: Double, degreesOfFreedom: Double, seeds: Int, kind: Interval.Kind)
    /// There is no number, and why.
    case missing(String)
  }

  /// As a report names it.
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
  /// The coefficient of a regression with clusters, or why there is none.
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

/// What a run says of a claim.
public enum Verdict: Codable, Hashable, Sendable {
  /// The interval lies wholly where the claim puts the mean.
  case supports
  /// The interval lies wholly elsewhere.
  case contradicts
  case inconclusive
  case notTestable(Untestable)

  /// With 5 seeds an exact test cannot go below p = 2/2^5; with 8 there is room for a correction.
  public static let leastSeeds = 8

  /// The words of a report.
  public var label: String {
    switch self {
    case .supports: "supports"
    case .contradicts: "contradicts"
    case .inconclusive: "inconclusive"
    case .notTestable(let reason): "not testable: \(reason)"
    }
  }
}

/// Why a claim gets no verdict.
public enum Untestable: Error, Codable, Hashable, Sendable, CustomStringConvertible {
  case tooFewSeeds(Int)
  /// Every seed gave `value` in a quantity without a range, so that nothing bounds what others give.
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
