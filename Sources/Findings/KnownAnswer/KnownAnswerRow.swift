public import Reports
public import Statistics

/// The result of one statistic in many simulated studies with a known answer.
public struct KnownAnswerRow: Hashable, Sendable {
  /// The fraction of studies that a row gives.
  public enum Measure: String, Encodable, Hashable, Sendable {
    /// How often a 95% interval contains the truth. The target is 93 to 97%.
    case coverage
    /// How often a false claim is supported. The target is at most 5%.
    case wrongSupports = "wrong supports"
    /// How often a true claim is supported.
    case power
  }

  public var scenario: String
  public var statistic: String
  public var seeds: Int
  public var measure: Measure
  /// Studies in which the statistic exists, and those in which it does not.
  public var studies: Int
  public var without: Int
  public var hits: Int
  /// For a coverage, studies whose whole interval is above the truth.
  public var above: Int?
  /// Whether the row is another method for comparison, without a target.
  public var isComparison: Bool

  /// - Parameter outcomes: One per study. Nil if the statistic does not exist.
  public init(
    _ scenario: String, _ statistic: String, seeds: Int, _ measure: Measure, _ outcomes: [Bool?],
    above: Int? = nil, isComparison: Bool = false
  ) {
    self.scenario = scenario
    self.statistic = statistic
    self.seeds = seeds
    self.measure = measure
    let known = outcomes.compactMap { $0 }
    studies = known.count
    without = outcomes.count - known.count
    hits = known.count { $0 }
    self.above = above
    self.isComparison = isComparison
  }

  public static let coverageAsked = 0.93...0.97
  public static let wrongSupportsAsked = 0.05

  /// hits / studies; nil without any.
  public var share: Double? { try? Proportion(successes: hits, trials: studies).rate }

  /// Wilson's interval of the share over the simulated studies.
  public var interval: Interval? {
    try? Proportion(successes: hits, trials: studies).wilsonInterval()
  }

  /// Whether the share meets its target. Nil if there is no target.
  ///
  /// A share of wrong supports misses if its interval is above 5%. A test that is exact at 5%
  /// exceeds 5% in half of all simulations.
  public var meets: Bool? {
    guard !isComparison, let share, let interval else { return nil }
    switch measure {
    case .coverage: return Self.coverageAsked.contains(share)
    case .wrongSupports: return interval.lower <= Self.wrongSupportsAsked
    case .power: return nil
    }
  }
}

extension KnownAnswerRow {
  /// The rows as a table: a share, its interval, and whether it meets its target.
  public static func table(_ rows: [KnownAnswerRow]) -> Table {
    Table(
      caption: "Simulated studies with known answers",
      columns: [
        .init("Scenario"), .init("Statistic"), .number("Seeds"), .init("Measure"),
        .number("Share"), .number("Interval above / below truth"), .number("Without"),
        .init("As asked"),
      ],
      rows: rows.map { row in
        [
          .text(row.scenario), .text(row.statistic), .text("\(row.seeds)"),
          .text(row.measure.rawValue),
          .text(
            row.share.map {
              NumberText.rate($0, lower: row.interval?.lower, upper: row.interval?.upper)
            } ?? NumberText.missing),
          .text(row.above.map { "\($0) / \(row.studies - row.hits - $0)" } ?? ""),
          .text(row.without == 0 ? "" : "\(row.without)"),
          .text(row.meets.map { $0 ? "yes" : "no" } ?? (row.isComparison ? "comparison" : "")),
        ]
      })
  }
}

/// A line of JSON with the counts and the numbers computed from them.
extension KnownAnswerRow: Encodable {
  private enum CodingKeys: String, CodingKey {
    case version, scenario, statistic, seeds, measure, studies, without, hits, above, share, lower
    case upper, isComparison, meets
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(1, forKey: .version)
    try values.encode(scenario, forKey: .scenario)
    try values.encode(statistic, forKey: .statistic)
    try values.encode(seeds, forKey: .seeds)
    try values.encode(measure, forKey: .measure)
    try values.encode(studies, forKey: .studies)
    try values.encode(without, forKey: .without)
    try values.encode(hits, forKey: .hits)
    try values.encodeIfPresent(above, forKey: .above)
    try values.encodeIfPresent(share, forKey: .share)
    try values.encodeIfPresent(interval?.lower, forKey: .lower)
    try values.encodeIfPresent(interval?.upper, forKey: .upper)
    try values.encode(isComparison, forKey: .isComparison)
    try values.encodeIfPresent(meets, forKey: .meets)
  }
}
