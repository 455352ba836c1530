import Gradients
import Tensors

/// The SwiGLU feed-forward layer (Shazeer 2020, arXiv:2002.05202): down(silu(gate(x)) · up(x)).
struct FeedForward: Layer {
  private let gateAndUp: Linear
  private let down: Linear

  init(_ prefix: String, channels: Int, width: Int, blocks: Int, precision: Precision) {
    gateAndUp = Linear(
      [(prefix + "gate_proj.weight", width), (prefix + "up_proj.weight", width)],
      inputs: channels, precision: precision)
    down = Linear(
      [(prefix + "down_proj.weight", channels)], inputs: width, blocks: blocks,
      precision: precision)
  }

  var weights: [Weight] { gateAndUp.weights + down.weights }

  /// - Parameters:
  ///   - norm: the normalisation of the rows of `x`.
  ///   - residual: added to the result, (R, B, T, C).
  func callAsFunction(
    _ pass: Pass, _ x: Variable, normalizedBy norm: RMSNorm, adding residual: Variable
  ) throws -> Variable {
    try pass.tape.feedForward(
      x, normalizedBy: pass[norm.weight], epsilon: norm.epsilon, gateAndUp: pass[gateAndUp.weight],
      down: pass[down.weight], adding: residual, precision: down.precision)
  }
}
