import Random
import Gradients
import Random
public import Tensors

/// The choice of the next token.
public struct Sampling: Hashable, Sendable, Codable {
  /// 0 takes the most probable token.
  public var temperature: Float

  public init(temperature: Float = 0) { self.temperature = temperature }

  public static let greedy = Sampling()
}

extension Transformer {
  /// Continues prompts, all rows of all replicas together.
  ///
  /// - Parameters:
  ///   - prompts: (R, B, T) int32, padded on the right.
  ///   - lengths: the length of every replica's prompts, at least 1.
  ///   - seeds: one per replica, for temperatures above 0.
  ///   - end: the token that ends a row.
  /// - Returns: the new tokens before `end` of every replica and row, at most `maximumTokens`.
  /// - Throws: A failure of the device.
  public func generate(
    prompts: Tensor, lengths: [[Int32]], maximumTokens: Int, sampling: Sampling = .greedy,
    seeds: [UInt64], end: Int32
  ) throws -> [[[Int32]]] {
    try Generation.results(of: [
      Generation(
        self, prompts: prompts, lengths: lengths, maximumTokens: maximumTokens,
        sampling: sampling, seeds: seeds, end: end)
    ])[0]
  }
}

/// The continuation of one cohort's prompts, some tokens at a time.
///
/// The prompts fill the caches in one pass; then every row decodes one token per step at its own
/// position. Tokens are downloaded after a portion of steps. When half of the rows have ended, the
/// other rows continue without them. A row's tokens depend on its replica, seed and index alone.
public final class Generation {
  private let model: Transformer
  private let sampling: Sampling
  private let end: Int32
  private let maximumTokens: Int
  private let backend: any Backend
  private let tape: Tape
  private let pass: Pass
  private let keys: Tensor
  private let capacity: Int

  private var cache: KeyValueCache
  private var logits: Tensor
  /// The index of the prompt of each row of the tensors, per replica; nil if the row has no prompt.
  private var rows: [[Int?]]
  /// (R, B): `rows` on the device, once rows differ from prompts.
  private var places: Tensor?
  private let promptLengths: [[Int32]]
  /// (R, B): the length of each row's prompt, which is the position of its first new token.
  private var positions: Tensor
  /// The number of tokens chosen per prompt, including tokens that have not been downloaded.
  private var step = 0
  /// Tokens that have not been downloaded: (R, steps, B).
  private var unread: Tensor?
  /// The last tokens of every row: (R, B). Nil if there are none.
  private var last: Tensor?
  /// The number of tokens before the next read.
  package var portion: Portion
  private var collected: [[[Int32]]]
  private var ended: [[Bool]]

  /// Enqueues the pass of the prompts. The parameters are those of `Transformer.generate`.
  ///
  /// - Throws: A failure of the device.
  public init(
    _ model: Transformer, prompts: Tensor, lengths: [[Int32]], maximumTokens: Int,
    sampling: Sampling = .greedy, seeds: [UInt64], end: Int32
  ) throws {
    let (r, b, t) = (prompts.shape[0], prompts.shape[1], prompts.shape[2])
    capacity = t + maximumTokens
    precondition(
      seeds.count == r && capacity <= model.rotaryTable.shape[1] && maximumTokens > 0
        && lengths.count == r && lengths.allSatisfy { $0.count == b },
      "generate: \(seeds.count) seeds and lengths of \(lengths.count) replicas for \(prompts.shape), "
        + "\(maximumTokens) new positions")
    self.model = model
    self.sampling = sampling
    self.end = end
    self.maximumTokens = maximumTokens
    backend = model.backend
    portion = Portion(on: backend)
    tape = Tape(on: backend, records: false)
    pass = model.pass(on: tape)
    cache = try KeyValueCache(
      model.configuration, replicas: r, batch: b, positions: capacity, on: backend)
    keys = try backend.tensor(
      seeds.flatMap { seed in
        let key = Philox(seed: seed).key
        return [Int32(bitPattern: key.0), Int32(bitPattern: key.1)]
      }, [r, 2])
    promptLengths = lengths
    positions = try backend.tensor(Array(lengths.joined()), [r, b])
    rows = [[Int?]](repeating: Array(0..<b), count: r)
    collected = [[[Int32]]](repeating: [[Int32]](repeating: [], count: b), count: r)
    ended = [[Bool]](repeating: [Bool](repeating: false, count: b), count: r)

    let configuration = model.configuration
    let x = try model.residualStream(
      pass, tokens: prompts, lengths: positions
    ) { [backend, cache] in
      try backend.storeKeysAndValues(
        $1, heads: configuration.heads, keys: cache.keys($0), values: cache.values($0))
    }
    let lastRows = try backend.tensor(
      lengths.joined().enumerated().map { Int32($0 % b * t) + $1 - 1 }, [r, b])
    let last = try backend.empty([r, b, configuration.channels])
    try backend.embedding(
      lastRows, table: x.value.reshaped([r, b * t, configuration.channels]), into: last)
    logits = try model.unembed(pass, tape.constant(last)).value
  }

  /// Waits, and returns the new tokens before the end of every run, replica and prompt. Runs on
  /// different parts of a device run at the same time.
  ///
  /// - Throws: A failure of the device.
  public static func results(of runs: [Generation]) throws -> [[[[Int32]]]] {
    while runs.contains(where: { !$0.isDone }) {
      for run in runs where !run.isDone { try run.advance() }
      for run in runs where !run.isDone { try run.collect() }
    }
    return runs.map(\.collected)
  }

  private var isDone: Bool {
    unread == nil && (step == maximumTokens || ended.allSatisfy { $0.allSatisfy { $0 } })
  }

  private var shape: Shape { [rows.count, rows[0].count] }

  /// Enqueues the next tokens of every row.
  private func advance() throws {
    let count = portion.next(remaining: maximumTokens - step)
    let chosen = try backend.empty([shape[0], count, shape[1]], .int32)
    for index in 0..<count {
      if let last {
        logits = try model.decode(
          pass, tokens: last, positions: positions, step: step - 1, cache: cache
        ).value
      }
      let tokens = chosen.slice(from: index * shape[1], shape: shape)
      try backend.sample(
        logits, temperature: sampling.temperature, keys: keys, positions: positions, step: step,
        places: places, into: tokens)
      last = tokens
      step += 1
    }
    unread = chosen
    try backend.flush()
  }

  /// The last downloaded tokens of every row: (R, B).
  private func lastTokens() throws -> Tensor {
    try backend.tensor(
      zip(rows, collected).flatMap { rows, collected in
        rows.map { row in row.flatMap { collected[$0].last } ?? end }
      }, shape)
  }

  /// Waits for the enqueued tokens, and finds rows that have ended.
  private func collect() throws {
    guard let chosen = unread else { return }
    unread = nil
    let (batch, running) = (shape[1], runningRows)
    for (index, token) in try chosen.integers().enumerated() {
      let replica = index / chosen.shape.elementsPerReplica
      guard let row = rows[replica][index % batch], !ended[replica][row] else { continue }
      if token == end {
        ended[replica][row] = true
      } else {
        collected[replica][row].append(token)
      }
    }
    portion.update(ended: running - runningRows, of: running)
    try compact()
  }

  private var runningRows: Int { ended.reduce(0) { $0 + $1.count { !$0 } } }

  /// Continues with only the rows that have not ended, if they are at most half.
  private func compact() throws {
    let going = zip(rows, ended).map { rows, ended in
      rows.indices.filter { index in rows[index].map { !ended[$0] } ?? false }
    }
    let count = going.map(\.count).max() ?? 0
    guard count > 0, step < maximumTokens, 2 * count <= shape[1] else { return }
    // Replicas with fewer rows get padding rows, which are not read.
    let kept = try backend.tensor(
      going.flatMap { list in
        (0..<count).map { Int32($0 < list.count ? list[$0] : 0) }
      }, [rows.count, count])
    let smaller = try KeyValueCache(
      model.configuration, replicas: rows.count, batch: count, positions: capacity, on: backend)
    try smaller.gather(kept, from: cache)
    cache = smaller
    rows = zip(rows, going).map { rows, list in
      (0..<count).map { $0 < list.count ? rows[list[$0]] : nil }
    }
    last = try lastTokens()
    places = try backend.tensor(rows.flatMap { $0.map { Int32($0 ?? 0) } }, shape)
    positions = try backend.tensor(
      zip(rows, promptLengths).flatMap { rows, lengths in rows.map { lengths[$0 ?? 0] } }, shape)
  }
}
