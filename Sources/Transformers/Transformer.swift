public import Gradients
public import Tensors

/// A cohort of R decoders of one architecture, in lockstep.
public struct Transformer {
  public let configuration: ModelConfiguration
  public let layout: ParameterLayout
  /// (R, P).
  public let parameters: Tensor
  /// (R, P), or nil where no gradient is wanted.
  public let gradients: Tensor?
  /// Whether gradients are made from activations computed once more instead of kept ones, block by
  /// block: a third more work for a small part of the memory, and the same bytes.
  public var recomputesBlocks = false
  /// Whether a pass adds to the gradients of the one before it: of another part of the batch.
  public var addsToGradients = false
  /// Whether no gradient is made of the embedding, nor of the output matrix where it is the same.
  public var freezesEmbedding = false
  /// Cosines and sines for as many positions as a sequence may have.
  public let rotaryTable: Tensor
  public let backend: any Backend

  /// - Parameters:
  ///   - parameters: (R, P), laid out by `ParameterLayout`.
  ///   - gradients: (R, P), or nil.
  ///   - maximumPositions: the longest sequence that will be seen.
  public init(
    _ configuration: ModelConfiguration, parameters: Tensor, gradients: Tensor? = nil,
    maximumPositions: Int
  ) throws {
    layout = ParameterLayout(configuration)
    precondition(
      parameters.shape.elementsPerReplica == layout.count,
      "transformer: \(parameters.shape) does not hold \(layout.count) parameters per replica")
    self.configuration = configuration
    self.parameters = parameters
    self.gradients = gradients
    backend = parameters.backend
    // Whole eights: batches of evaluation are padded to them.
    let (positions, width) = ((maximumPositions + 7) / 8 * 8, configuration.headWidth)
    rotaryTable = try backend.tensor(
      RotaryTable.values(
        positions: positions, headWidth: width, base: configuration.ropeBase),
      [1, positions, width / 2, 2])
  }

  public var replicas: Int { parameters.shape.replicas }

  /// A cohort of as many replicas as there are parameter lists, on a backend.
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
    parameters = whole.parameters.replicas(range)
    gradients = whole.gradients?.replicas(range)
    rotaryTable = whole.rotaryTable
    recomputesBlocks = whole.recomputesBlocks
    addsToGradients = whole.addsToGradients
    freezesEmbedding = whole.freezesEmbedding
    backend = whole.backend
  }

  // MARK: Parameters as variables

  /// A parameter, or several that lie side by side, as one matrix or vector per replica.
  private func parameter(_ tape: Tape, _ name: String, _ shape: [Int]) -> Variable {
    let offset = layout.offset(of: name)
    let full = Shape([replicas] + shape)
    let isFrozen = freezesEmbedding && offset < layout.embeddings
    return tape.parameter(
      parameters.slice(from: offset, shape: full),
      gradient: isFrozen ? nil : gradients?.slice(from: offset, shape: full),
      adds: addsToGradients)
  }

  /// The variables of one pass, made once so that a tied table's gradients meet in one place.
  struct Weights {
    struct Layer {
      let attentionNorm: Variable
      let queryKeyValue: Variable
      let attentionOutput: Variable
      let feedForwardNorm: Variable
      let gateAndUp: Variable
      let down: Variable
    }

    let embedding: Variable
    let layers: [Layer]
    let finalNorm: Variable
    /// The embedding itself where they are tied.
    let output: Variable
  }

  func weights(on tape: Tape) -> Weights {
    let (c, f) = (configuration.channels, configuration.feedForwardWidth)
    let table = [configuration.vocabularySize, c]
    let embedding = parameter(tape, "model.embed_tokens.weight", table)
    return Weights(
      embedding: embedding,
      layers: (0..<configuration.layers).map { layer in
        let prefix = "model.layers.\(layer)."
        return Weights.Layer(
          attentionNorm: parameter(tape, prefix + "input_layernorm.weight", [c]),
          queryKeyValue: parameter(tape, prefix + "self_attn.q_proj.weight", [3 * c, c]),
          attentionOutput: parameter(tape, prefix + "self_attn.o_proj.weight", [c, c]),
          feedForwardNorm: parameter(tape, prefix + "post_attention_layernorm.weight", [c]),
          gateAndUp: parameter(tape, prefix + "mlp.gate_proj.weight", [2 * f, c]),
          down: parameter(tape, prefix + "mlp.down_proj.weight", [c, f]))
      },
      finalNorm: parameter(tape, "model.norm.weight", [c]),
      output: configuration.tiesEmbeddings
        ? embedding : parameter(tape, "lm_head.weight", table))
  }

  // MARK: Forward

  /// One block: x + attention(norm(x)), then + feedForward(norm(...)).
  ///
  /// - Parameters:
  ///   - x: (R, B, T, C), the residual stream.
  ///   - mix: attention, given the projection (R, B, T, 3C); (R, B, T, C).
  private func block(
    _ tape: Tape, _ x: Variable, _ layer: Weights.Layer, mix: (Variable) throws -> Variable
  ) throws -> Variable {
    let (epsilon, precision) = (configuration.normEpsilon, configuration.precision)
    let projection = try tape.linear(
      tape.rmsNorm(x, weight: layer.attentionNorm, epsilon: epsilon), weight: layer.queryKeyValue,
      precision: precision)
    let between = try tape.linear(
      mix(projection), weight: layer.attentionOutput, adding: x, precision: precision)
    let gateAndUp = try tape.linear(
      tape.rmsNorm(between, weight: layer.feedForwardNorm, epsilon: epsilon),
      weight: layer.gateAndUp, precision: precision)
    return try tape.linear(
      tape.swiGLU(gateAndUp), weight: layer.down, adding: between, precision: precision)
  }

  /// The residual stream after the last block.
  ///
  /// - Parameters:
  ///   - tokens: (R, B, T) int32, padded on the right or with live rows.
  ///   - lengths: (R, B) int32.
  ///   - rotated: sees each layer's rotated projection.
  /// - Returns: (R, B, T, C).
  func residualStream(
    _ tape: Tape, _ weights: Weights, tokens: Tensor, lengths: Tensor,
    rotated: ((Int, Tensor) throws -> Void)? = nil
  ) throws -> Variable {
    var x = try tape.embedding(tokens, table: weights.embedding)
    for (index, layer) in weights.layers.enumerated() {
      func whole(_ tape: Tape, _ x: Variable) throws -> Variable {
        try block(tape, x, layer) { projection in
          try tape.attention(
            projection, lengths: lengths, heads: configuration.heads, rotaryTable: rotaryTable
          ) { try rotated?(index, $0) }
        }
      }
      x = try recomputesBlocks ? tape.recomputing(x, whole) : whole(tape, x)
    }
    return x
  }

  /// Logits of rows of the residual stream: (R, ..., C) to (R, ..., V).
  func unembed(_ tape: Tape, _ weights: Weights, _ x: Variable) throws -> Variable {
    try tape.linear(
      tape.rmsNorm(x, weight: weights.finalNorm, epsilon: configuration.normEpsilon),
      weight: weights.output, precision: configuration.precision)
  }

  /// Logits at every position: (R, B, T, V).
  public func logits(_ tape: Tape, tokens: Tensor, lengths: Tensor) throws -> Variable {
    let weights = weights(on: tape)
    return try unembed(
      tape, weights, residualStream(tape, weights, tokens: tokens, lengths: lengths))
  }

  /// Log-probabilities of chosen next tokens; only their rows are unembedded.
  ///
  /// - Parameters:
  ///   - tokens: (R, B, T) int32, padded on the right or with live rows.
  ///   - lengths: (R, B) int32.
  ///   - rows: (R, N) int32: the rows that predict, or -1.
  ///   - places: (R, B·T) int32: the inverse of `rows`, -1 where a position predicts nothing.
  ///   - targets: (R, N) int32: the tokens predicted.
  /// - Returns: (R, N); where `rows` is -1 numbers without meaning, past live rows nothing.
  public func logProbabilities(
    _ tape: Tape, tokens: Tensor, lengths: Tensor, rows: Tensor, places: Tensor, targets: Tensor
  ) throws -> Variable {
    let weights = weights(on: tape)
    let x = try residualStream(tape, weights, tokens: tokens, lengths: lengths)
    let chosen = try tape.gather(x, rows: rows, places: places)
    return try tape.tokenLogProbabilities(unembed(tape, weights, chosen), targets: targets)
  }

  /// Logits of one new position per row, over caches of the earlier ones: (R, B, V).
  ///
  /// - Parameters:
  ///   - tokens: (R, B) int32.
  ///   - positions: (R, B) int32: where the tokens stand.
  func decode(
    _ tape: Tape, _ weights: Weights, tokens: Tensor, positions: Tensor, cache: KeyValueCache
  ) throws -> Variable {
    let (r, b) = (tokens.shape[0], tokens.shape[1])
    var x = try tape.embedding(tokens.reshaped([r, b, 1]), table: weights.embedding)
    for (index, layer) in weights.layers.enumerated() {
      x = try block(tape, x, layer) { projection in
        let p = projection.value
        try backend.rotary(
          p, heads: configuration.heads, table: rotaryTable, start: positions, inverse: false,
          into: p)
        let output = try backend.empty([r, b, 1, configuration.channels])
        try backend.attentionDecode(
          p, heads: configuration.heads, keys: cache.keys(index), values: cache.values(index),
          positions: positions, into: output)
        return tape.constant(output)
      }
    }
    let logits = try unembed(tape, weights, x)
    return tape.constant(logits.value.reshaped([r, b, configuration.vocabularySize]))
  }
}
