/// Causal scaled dot-product attention and rotary positions, on the fused projection (R, B, T, 3C).
///
/// A row of the projection is query, key and value one after another, each H heads of D channels.
/// Batches are ragged: sequence b of replica r has `lengths[r, b]` positions. Padded on the right,
/// outputs and gradients past a length are zero; where a tensor has live rows there is no padding, and
/// the sequences' rows are theirs.
public protocol AttentionOperations: AnyObject {
  /// Rotates query and key by position: with θ = t · base^(-2i/D), the pair (x_i, x_{i+D/2}) becomes
  /// (x_i cos θ - x_{i+D/2} sin θ, x_{i+D/2} cos θ + x_i sin θ): "rotate half", as in Llama
  /// (Su et al. 2021, arXiv:2104.09864). Value is copied.
  ///
  /// - Parameters:
  ///   - projection: (R, B, T, 3C).
  ///   - table: (1, positions, D/2, 2): cosine and sine, made once by `RotaryTable`.
  ///   - start: (R, B) position of a sequence's first column; nil means 0, and so do live rows.
  ///   - inverse: rotate back, which is the gradient of the rotation.
  ///   - output: (R, B, T, 3C), may be `projection` itself.
  ///
  /// Error: 3 · 2⁻²⁴ · (|x_i| + |x_{i+D/2}|) per element.
  func rotary(
    _ projection: Tensor, heads: Int, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor) throws

  /// output[r,b,t,h,:] = Σ_{s<=t} softmax_s(q_t·k_s / √D) v_s, in one pass with an online maximum
  /// (Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135).
  ///
  /// - Parameters:
  ///   - projection: (R, B, T, 3C), rotated.
  ///   - lengths: (R, B) int32.
  ///   - output: (R, B, T, C).
  ///   - logSumExp: (R, B, H, T), kept for the gradient. Past a length 0, or with live rows nothing.
  func attention(
    _ projection: Tensor, lengths: Tensor, heads: Int, into output: Tensor, logSumExp: Tensor)
    throws

  /// The gradient of `attention` with respect to the projection, in two passes without atomics:
  /// one owns a query and sums over keys (dQ), one owns a key and sums over queries (dK, dV).
  ///
  /// - Parameters:
  ///   - outputGradient: (R, B, T, C).
  ///   - projectionGradient: (R, B, T, 3C).
  func attentionGradient(
    _ projection: Tensor, lengths: Tensor, heads: Int, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into projectionGradient: Tensor) throws
}

/// The checked sizes of an attention call.
public struct AttentionSizes: Hashable, Sendable {
  public let replicas: Int
  public let batch: Int
  public let positions: Int
  public let heads: Int
  public let headWidth: Int
  public var channels: Int { heads * headWidth }

  /// The largest head width that kernels are written for.
  public static let maximumHeadWidth = 128

  public init(projection: Tensor, heads: Int, operation: String) {
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

  public init(
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

  /// Work of the forward pass over the causal half, all rows full.
  public var forwardWork: Work {
    let pairs = Double(replicas * batch * heads) * Double(positions * (positions + 1)) / 2
    return Work(
      flops: pairs * Double(4 * headWidth + 4),
      bytes: 4 * Double(replicas * batch * positions) * Double(4 * channels + heads))
  }

  /// Work of the two-pass gradient: seven products of head width per pair.
  public var gradientWork: Work {
    let pairs = Double(replicas * batch * heads) * Double(positions * (positions + 1)) / 2
    return Work(
      flops: pairs * Double(14 * headWidth + 8),
      bytes: 4 * Double(replicas * batch * positions) * Double(8 * channels + heads))
  }
}
