public import Gradients
public import Tensors

/// A cohort of R decoders of one architecture, in lockstep.
public struct Transformer {
  public let configuration: ModelConfiguration
  public let layout: ParameterLayout
  let architecture: any Architecture
  /// (R, P).
  public let parameters: Tensor
  /// (R, P), or nil if no gradient is needed.
  public let gradients: Tensor?
  /// Whether activations are recomputed for the gradients, block by block, instead of being kept.
  /// This needs a third more work and a small part of the memory, and gives the same bytes.
  public var recomputesBlocks = false
  /// Whether a pass adds to the gradients of the pass before it, for another part of the batch.
  public var addsToGradients = false
  /// Whether the embedding, and the output matrix if it is the same, get no gradient.
  public var freezesEmbedding = false
  /// Cosines and sines for the largest number of positions of a sequence.
  public let rotaryTable: Tensor
  public let backend: any Backend

  /// - Parameters:
  ///   - parameters: (R, P), in the order of `ParameterLayout`.
  ///   - gradients: (R, P), or nil.
  ///   - maximumPositions: the longest sequence of any call.
  /// - Throws: A failure of the device.
  public init(
    _ configuration: ModelConfiguration, parameters: Tensor, gradients: Tensor? = nil,
    maximumPositions: Int
  ) throws {
    layout = ParameterLayout(configuration)
    architecture = configuration.architecture
    precondition(
      parameters.shape.elementsPerReplica == layout.count,
      "transformer: \(parameters.shape) does not hold \(layout.count) parameters per replica")
    self.configuration = configuration
    self.parameters = parameters
    self.gradients = gradients
    backend = parameters.backend
    // A multiple of eight, because batches of evaluation are padded to multiples of eight.
    let (positions, width) = ((maximumPositions + 7) / 8 * 8, configuration.headWidth)
    rotaryTable = try backend.tensor(
      RotaryTable.values(
        positions: positions, headWidth: width, base: configuration.ropeBase),
      [1, positions, width / 2, 2])
  }

  public var replicas: Int { parameters.shape.replicas }

  /// A cohort of as many replicas as there are parameter lists, on a backend.
  ///
  /// - Throws: A failure of the device.
  public init(
    _ configuration: ModelConfiguration, values: [[Float]], maximumPositions: Int,
    on backend: any Backend
  ) throws {
    let count = ParameterLayout(configuration).count
    let parameters = try backend.empty([values.count, count])
    for (replica, list) in values.enumerated() {
      try parameters.replicas(replica..<replica + 1).assign(list)
    }
    try self.init(configuration, parameters: parameters, maximumPositions: maximumPositions)
  }

  /// Some of the replicas, on the same memory.
  public func replicas(_ range: Range<Int>) -> Transformer {
    Transformer(self, range)
  }

  private init(_ whole: Transformer, _ range: Range<Int>) {
    configuration = whole.configuration
    layout = whole.layout
    architecture = whole.architecture
    parameters = whole.parameters.replicas(range)
    gradients = whole.gradients?.replicas(range)
    rotaryTable = whole.rotaryTable
    recomputesBlocks = whole.recomputesBlocks
    addsToGradients = whole.addsToGradients
    freezesEmbedding = whole.freezesEmbedding
    backend = whole.backend
  }

  // MARK: Passes

  /// A pass over all weights on a tape.
  func pass(on tape: Tape) -> Pass {
    Pass(tape, architecture.weights) { weight in
      let offset = layout.offset(of: weight.name)
      let shape = Shape([replicas] + weight.shape)
      let isFrozen = freezesEmbedding && weight.group == .embedding
      return tape.parameter(
        parameters.slice(from: offset, shape: shape),
        gradient: isFrozen ? nil : gradients?.slice(from: offset, shape: shape),
        adds: addsToGradients)
    }
  }

  // MARK: Forward

  /// The residual stream after the last block.
  ///
  /// - Parameters:
  ///   - tokens: (R, B, T) int32, padded on the right or with live rows.
  ///   - lengths: (R, B) int32.
  ///   - rotated: called with each block's rotated projection (R, B, T, 3C).
  /// - Returns: (R, B, T, C).
  func residualStream(
    _ pass: Pass, tokens: Tensor, lengths: Tensor,
    rotated: ((Int, Tensor) throws -> Void)? = nil
  ) throws -> Variable {
    var x = try architecture.embed(pass, tokens)
    for index in 0..<architecture.blocks {
      func block(_ tape: Tape, _ x: Variable) throws -> Variable {
        try architecture.block(index, pass.on(tape), x) { projection in
          // Without a caller for the rotated projection, attention may rotate it itself.
          try tape.attention(
            projection, lengths: lengths, heads: configuration.heads, rotaryTable: rotaryTable,
            rotated: rotated.map { rotated in { try rotated(index, $0) } })
        }
      }
      x = try recomputesBlocks ? pass.tape.recomputing(x, block) : block(pass.tape, x)
    }
    return x
  }

  /// Logits of rows of the residual stream: (R, ..., C) to (R, ..., V).
  func unembed(_ pass: Pass, _ x: Variable) throws -> Variable {
    try architecture.unembed(pass, x)
  }

  /// Logits at every position: (R, B, T, V).
  ///
  /// - Throws: A failure of the device.
  public func logits(_ tape: Tape, tokens: Tensor, lengths: Tensor) throws -> Variable {
    let pass = pass(on: tape)
    return try unembed(pass, residualStream(pass, tokens: tokens, lengths: lengths))
  }

  /// Log-probabilities of chosen next tokens. Logits are computed for their rows only.
  ///
  /// - Parameters:
  ///   - tokens: (R, B, T) int32, padded on the right or with live rows.
  ///   - lengths: (R, B) int32.
  ///   - rows: (R, N) int32: the rows that predict, or -1.
  ///   - places: (R, B·T) int32: the inverse of `rows`, -1 if a position predicts nothing.
  ///   - targets: (R, N) int32: the predicted tokens.
  ///   - everyRowPredicts: whether `rows` are all rows in their order, and N is B·T.
  ///   - expected: (R, N): the gradient of the result, if it is known before the backward pass.
  /// - Returns: (R, N). Elements are undefined if `rows` is -1, and there are none past the live
  ///   rows.
  /// - Throws: A failure of the device.
  public func logProbabilities(
    _ tape: Tape, tokens: Tensor, lengths: Tensor, rows: Tensor, places: Tensor, targets: Tensor,
    everyRowPredicts: Bool = false, expecting expected: Tensor? = nil
  ) throws -> Variable {
    let pass = pass(on: tape)
    let x = try residualStream(pass, tokens: tokens, lengths: lengths)
    let chosen = try tape.gather(x, rows: rows, places: places, takesAll: everyRowPredicts)
    return try architecture.logProbabilities(
      pass, chosen, targets: targets, rowsPerChunk: configuration.logitRowsPerChunk,
      expecting: expected)
  }

  /// Logits of one new position per row, over caches of the earlier ones: (R, B, V).
  ///
  /// - Parameters:
  ///   - tokens: (R, B) int32.
  ///   - positions: (R, B) int32: with `step` added, the index of each token in its sequence.
  func decode(
    _ pass: Pass, tokens: Tensor, positions: Tensor, step: Int, cache: KeyValueCache
  ) throws -> Variable {
    let (r, b) = (tokens.shape[0], tokens.shape[1])
    let tape = pass.tape
    var x = try architecture.embed(pass, tokens.reshaped([r, b, 1]))
    for index in 0..<architecture.blocks {
      x = try architecture.block(index, pass, x) { projection in
        let output = try backend.empty([r, b, 1, configuration.channels])
        try backend.attentionDecode(
          projection.value, heads: configuration.heads, table: rotaryTable,
          keys: cache.keys(index), values: cache.values(index), positions: positions, step: step,
          into: output)
        return tape.constant(output)
      }
    }
    let logits = try unembed(pass, x)
    return tape.constant(logits.value.reshaped([r, b, configuration.vocabularySize]))
  }
}
