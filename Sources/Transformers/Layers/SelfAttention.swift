import Gradients
import Tensors

/// Multi-head self-attention: a projection to queries, keys and values, their mixing over positions,
/// and an output projection.
struct SelfAttention: Layer {
  /// The mixing over positions: a projection (R, B, T, 3C) to (R, B, T, C). Training attends over the
  /// whole sequence, generation over a cache.
  typealias Mixing = (_ projection: Variable) throws -> Variable

  private let queryKeyValue: Linear
  private let output: Linear

  init(_ prefix: String, channels: Int, blocks: Int, precision: Precision) {
    queryKeyValue = Linear(
      ["q", "k", "v"].map { (prefix + "\($0)_proj.weight", channels) }, inputs: channels,
      precision: precision)
    output = Linear(
      [(prefix + "o_proj.weight", channels)], inputs: channels, blocks: blocks,
      precision: precision)
  }

  var weights: [Weight] { queryKeyValue.weights + output.weights }

  /// - Parameters:
  ///   - norm: the normalisation of the rows of `x`.
  ///   - residual: added to the result, (R, B, T, C).
  func callAsFunction(
    _ pass: Pass, _ x: Variable, normalizedBy norm: RMSNorm, adding residual: Variable,
    mixing: Mixing
  ) throws -> Variable {
    try output(pass, mixing(queryKeyValue(pass, x, normalizedBy: norm)), adding: residual)
  }
}
