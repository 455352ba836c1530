/// Causal scaled dot-product attention and rotary positions, on the fused projection (R, B, T, 3C).
///
/// A row of the projection is query, key and value one after another, each H heads of D channels.
/// Batches are ragged: sequence b of replica r has `lengths[r, b]` positions. If sequences are
/// padded on the right, outputs and gradients past a length are zero. A tensor with live rows has
/// no padding: the live rows give the rows of each sequence.
public protocol AttentionOperations: AnyObject {
  func computeRotary(
    _ sizes: AttentionSizes, _ projection: Tensor, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor) throws

  func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    into output: Tensor, logSumExp: Tensor) throws

  func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    output: Tensor, logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor)
    throws
}

extension AttentionOperations {
  /// Rotates query and key by position: with θ = t · base^(-2i/D), the pair (x_i, x_{i+D/2}) becomes
  /// (x_i cos θ - x_{i+D/2} sin θ, x_{i+D/2} cos θ + x_i sin θ): "rotate half", as in Llama
  /// (Su et al. 2021, arXiv:2104.09864). Value is copied.
  ///
  /// - Parameters:
  ///   - projection: (R, B, T, 3C).
  ///   - table: (1, positions, D/2, 2): cosine and sine, made once by `RotaryTable`.
  ///   - start: (R, B), the position of a sequence's first column; nil or live rows mean 0.
  ///   - inverse: rotate back, which is the gradient of the rotation.
  ///   - output: (R, B, T, 3C), may be `projection` itself.
  ///
  /// Error: 3 · 2⁻²⁴ · (|x_i| + |x_{i+D/2}|) per element.
  ///
  /// - Throws: A failure of the device.
  public func rotary(
    _ projection: Tensor, heads: Int, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {
    let sizes = AttentionSizes(projection: projection, heads: heads, operation: "rotary")
    let name = "rotary"
    require(
      output.shape == projection.shape, name,
      "output \(output.shape) is not the shape of \(projection.shape)")
    sizes.requireFitting(table, positions: start == nil ? sizes.positions : 1, operation: name)
    if let start {
      require(
        start.shape == [sizes.replicas, sizes.batch] && start.elementType == .int32, name,
        "start \(start.shape) is not int32 (replicas, batch) = [\(sizes.replicas), \(sizes.batch)]")
    }
    requireSameRows(projection, output, operation: name)
    try computeRotary(sizes, projection, table: table, start: start, inverse: inverse, into: output)
  }

  /// output[r,b,t,h,:] = Σ_{s<=t} softmax_s(q_t·k_s / √D) v_s, in one pass with an online maximum
  /// (Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135).
  ///
  /// - Parameters:
  ///   - projection: (R, B, T, 3C), rotated unless there is a table.
  ///   - rotaryTable: the table of `rotary`, by which queries and keys are rotated from position 0 on;
  ///     nil if they are rotated already. The bytes are those of `rotary` and of attention after it.
  ///   - lengths: (R, B) int32.
  ///   - output: (R, B, T, C).
  ///   - logSumExp: (R, B, H, T), kept for the gradient. It is 0 past a length; with live rows
  ///     there is nothing past a length.
  /// - Throws: A failure of the device.
  public func attention(
    _ projection: Tensor, rotaryTable: Tensor? = nil, lengths: Tensor, heads: Int,
    into output: Tensor, logSumExp: Tensor
  ) throws {
    let sizes = AttentionSizes(
      projection: projection, lengths: lengths, heads: heads, output: output,
      logSumExp: logSumExp, operation: "attention")
    if let rotaryTable {
      sizes.requireFitting(rotaryTable, positions: sizes.positions, operation: "attention")
    }
    try computeAttention(
      sizes, projection, rotaryTable: rotaryTable, lengths: lengths, into: output,
      logSumExp: logSumExp)
  }

  /// The gradient of `attention` with respect to the projection, in two passes without atomics. The
  /// first pass sums over keys for each query (dQ). The second pass sums over queries for each key
  /// (dK, dV).
  ///
  /// - Parameters:
  ///   - rotaryTable: as in `attention`. With it the gradient is that of the projection before the
  ///     rotation, with the bytes of `rotary` back after this operation.
  ///   - outputGradient: (R, B, T, C).
  ///   - projectionGradient: (R, B, T, 3C).
  /// - Throws: A failure of the device.
  public func attentionGradient(
    _ projection: Tensor, rotaryTable: Tensor? = nil, lengths: Tensor, heads: Int, output: Tensor,
    logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    let name = "attentionGradient"
    let sizes = AttentionSizes(
      projection: projection, lengths: lengths, heads: heads, output: output,
      logSumExp: logSumExp, operation: name)
    require(
      outputGradient.shape == output.shape, name,
      "output gradient \(outputGradient.shape) is not the shape of \(output.shape)")
    require(
      projectionGradient.shape == projection.shape, name,
      "projection gradient \(projectionGradient.shape) is not the shape of \(projection.shape)")
    requireSameRows(projection, outputGradient, projectionGradient, operation: name)
    if let rotaryTable {
      sizes.requireFitting(rotaryTable, positions: sizes.positions, operation: name)
    }
    try computeAttentionGradient(
      sizes, projection, rotaryTable: rotaryTable, lengths: lengths, output: output,
      logSumExp: logSumExp, outputGradient: outputGradient, into: projectionGradient)
  }
}

extension Backend {
  public var rotatesInAttention: Bool { false }

  /// The projection that attention reads, for backends that rotate in an operation of its own: a rotated
  /// copy if there is a table.
  ///
  /// - Throws: A failure of the device.
  public func rotated(
    _ projection: Tensor, _ sizes: AttentionSizes, by table: Tensor?
  ) throws -> Tensor {
    guard let table else { return projection }
    let copy = try empty(projection.shape, live: projection.live)
    try computeRotary(sizes, projection, table: table, start: nil, inverse: false, into: copy)
    return copy
  }

  /// Turns the gradient of a rotated projection back, if there is a table.
  ///
  /// - Throws: A failure of the device.
  public func turnBack(_ gradient: Tensor, _ sizes: AttentionSizes, by table: Tensor?) throws {
    guard let table else { return }
    try computeRotary(sizes, gradient, table: table, start: nil, inverse: true, into: gradient)
  }
}

/// The checked sizes of an attention call.
public struct AttentionSizes: Hashable, Sendable, CustomStringConvertible {
  public var replicas: Int
  public var batch: Int
  public var positions: Int
  public var heads: Int
  public var headWidth: Int
  public var channels: Int { heads * headWidth }

  /// Sequences of all replicas.
  public var rows: Int { replicas * batch }

  /// (R, B, T, width).
  public func shape(_ width: Int) -> Shape { [replicas, batch, positions, width] }

  /// R, B, T, H and D by their letters.
  public var description: String {
    "R \(replicas), B \(batch), T \(positions), H \(heads), D \(headWidth)"
  }

  /// The largest head width that kernels are written for.
  public static let maximumHeadWidth = 128

  public init(replicas: Int = 1, batch: Int = 1, positions: Int, heads: Int, headWidth: Int) {
    self.replicas = replicas
    self.batch = batch
    self.positions = positions
    self.heads = heads
    self.headWidth = headWidth
  }

  init(projection: Tensor, heads: Int, operation: String) {
    let shape = projection.shape
    require(
      shape.rank == 4 && heads > 0 && shape[3] % (3 * heads) == 0, operation,
      "\(shape) is not (replicas, batch, positions, 3 x channels) with \(heads) heads")
    replicas = shape[0]
    batch = shape[1]
    positions = shape[2]
    self.heads = heads
    headWidth = shape[3] / (3 * heads)
    require(
      headWidth <= Self.maximumHeadWidth, operation,
      "head width \(headWidth) is above \(Self.maximumHeadWidth)")
    require(
      positions * shape[3] <= Int(Int32.max), operation,
      "a sequence of \(shape) has more elements than kernels count")
  }

  /// Traps unless a rotary table has the angles of so many positions.
  func requireFitting(_ table: Tensor, positions: Int, operation: String) {
    let shape = table.shape
    require(headWidth % 2 == 0, operation, "head width \(headWidth) is odd")
    require(
      shape.rank == 4 && shape[0] == 1 && shape[2] == headWidth / 2 && shape[3] == 2
        && shape[1] >= positions, operation,
      "table \(shape) does not fit \(Shape([replicas, batch, self.positions, 3 * channels])) "
        + "with \(heads) heads")
  }

  init(
    projection: Tensor, lengths: Tensor, heads: Int, output: Tensor, logSumExp: Tensor,
    operation: String
  ) {
    self.init(projection: projection, heads: heads, operation: operation)
    require(
      lengths.shape == [replicas, batch] && lengths.elementType == .int32, operation,
      "lengths \(lengths.shape) are not (replicas, batch) = [\(replicas), \(batch)]")
    require(
      output.shape == [replicas, batch, positions, channels], operation,
      "output \(output.shape) does not fit projection \(projection.shape)")
    requireSameRows(projection, output, operation: operation)
    require(
      projection.live == nil || projection.live?.starts?.shape == lengths.shape, operation,
      "the live rows of \(projection.shape) are not sequences of lengths \(lengths.shape)")
    require(
      logSumExp.shape == [replicas, batch, heads, positions], operation,
      "log-sum-exp \(logSumExp.shape) does not fit projection \(projection.shape)")
  }
}
