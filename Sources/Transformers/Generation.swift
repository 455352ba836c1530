import Gradients
public import Tensors

/// Keys and values of a cohort's rows: two tensors (R, L, B, H, T, D).
struct KeyValueCache {
  private let allKeys: Tensor
  private let allValues: Tensor
  private let layerShape: Shape

  init(
    _ configuration: ModelConfiguration, replicas: Int, batch: Int, positions: Int,
    on backend: any Backend
  ) throws {
    let shape = Shape([
      replicas, configuration.layers, batch, configuration.heads, positions,
      configuration.headWidth,
    ])
    layerShape = Shape([
      replicas, batch, configuration.heads, positions, configuration.headWidth,
    ])
    allKeys = try backend.empty(shape)
    allValues = try backend.empty(shape)
  }

  func keys(_ layer: Int) -> Tensor { slice(allKeys, layer) }
  func values(_ layer: Int) -> Tensor { slice(allValues, layer) }

  private func slice(_ tensor: Tensor, _ layer: Int) -> Tensor {
    tensor.slice(from: layer * layerShape.elementsPerReplica, shape: layerShape)
  }
}

/// How the next token is chosen.
public struct Sampling: Hashable, Sendable, Codable {
  /// 0 takes the most probable token.
  public var temperature: Float

  public init(temperature: Float = 0) { self.temperature = temperature }

  public static let greedy = Sampling()
}

extension Transformer {
  /// Continues prompts, all rows of all replicas together.
  ///
  /// The prompts fill the caches in one pass; then every row decodes one token per step at its own
  /// position. Nothing is downloaded before the last step but, every 4 steps, what was generated,
  /// to stop once every row has ended.
  ///
  /// - Parameters:
  ///   - prompts: (R, B, T) int32, padded on the right.
  ///   - lengths: (R, B) int32, at least 1.
  ///   - seeds: one per replica, for temperatures above 0.
  ///   - end: the token that ends a row.
  /// - Returns: for every replica and row the new tokens before `end`, at most `maximumTokens`.
  public func generate(
    prompts: Tensor, lengths: Tensor, maximumTokens: Int, sampling: Sampling = .greedy,
    seeds: [UInt64], end: Int32
  ) throws -> [[[Int32]]] {
    let (r, b, t) = (prompts.shape[0], prompts.shape[1], prompts.shape[2])
    precondition(
      seeds.count == r && t + maximumTokens <= rotaryTable.shape[1] && maximumTokens > 0,
      "generate: \(seeds.count) seeds for \(r) replicas, \(t) + \(maximumTokens) positions")
    let tape = Tape(on: backend, records: false)
    let weights = weights(on: tape)
    let cache = try KeyValueCache(
      configuration, replicas: r, batch: b, positions: t + maximumTokens, on: backend)
    let keys = try backend.tensor(
      seeds.flatMap { seed in
        let key = Philox(seed: seed).key
        return [Int32(bitPattern: key.0), Int32(bitPattern: key.1)]
      }, [r, 2])

    let hostLengths = try lengths.integers()
    let x = try residualStream(tape, weights, tokens: prompts, lengths: lengths) {
      try backend.storeKeysAndValues(
        $1, heads: configuration.heads, keys: cache.keys($0), values: cache.values($0))
    }
    let lastRows = try backend.tensor(
      hostLengths.enumerated().map { Int32($0 % b * t) + $1 - 1 }, [r, b])
    let last = try backend.empty([r, b, configuration.channels])
    try backend.embedding(
      lastRows, table: x.value.reshaped([r, b * t, configuration.channels]),
      into: last)
    var logits = try unembed(tape, weights, tape.constant(last)).value

    // Step g's tokens stand at position length + g. Both live on the device, one slice per step.
    let steps = maximumTokens
    let positions = try (0..<steps).map { step in
      try backend.tensor(hostLengths.map { $0 + Int32(step) }, [r, b])
    }
    let tokens = try (0..<steps).map { _ in try backend.empty([r, b], .int32) }
    var collected = [[Int32]](repeating: [], count: r * b)
    var ended = [Bool](repeating: false, count: r * b)
    var read = 0
    func collect(upTo step: Int) throws {
      while read < step {
        for (row, token) in try tokens[read].integers().enumerated() where !ended[row] {
          if token == end { ended[row] = true } else { collected[row].append(token) }
        }
        read += 1
      }
    }
    for step in 0..<steps {
      try backend.sample(
        logits, temperature: sampling.temperature, keys: keys, positions: positions[step],
        into: tokens[step])
      if (step + 1) % 4 == 0 {
        try collect(upTo: step + 1)
        if ended.allSatisfy({ $0 }) { break }
      }
      if step + 1 < steps {
        logits = try decode(
          tape, weights, tokens: tokens[step], positions: positions[step], cache: cache
        ).value
      }
    }
    if !ended.allSatisfy({ $0 }) { try collect(upTo: steps) }
    return (0..<r).map { replica in (0..<b).map { collected[replica * b + $0] } }
  }
}
