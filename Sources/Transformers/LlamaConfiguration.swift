/// The sizes of a Llama model (Touvron et al. 2023) as `config.json` states them: RMS
/// normalisation, rotary positions with rotated halves, SwiGLU, one key and value head per query
/// head, no biases.
public struct LlamaConfiguration: Hashable, Sendable {
  /// V.
  public var vocabularySize: Int
  /// C, the width of the residual stream; a multiple of `heads`.
  public var hiddenSize: Int
  /// F, the width of the feed-forward layer.
  public var intermediateSize: Int
  /// L.
  public var layers: Int
  /// H.
  public var heads: Int
  /// The longest sequence of the model.
  public var maximumPositions: Int
  /// The base of the rotary frequencies.
  public var ropeTheta: Double
  public var rmsNormEpsilon: Double
  /// Whether the output layer is the embedding matrix; otherwise there is a tensor `lm_head.weight`.
  public var tied: Bool

  public init(
    vocabularySize: Int = 272, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int,
    maximumPositions: Int, ropeTheta: Double = 10_000, rmsNormEpsilon: Double = 1e-5,
    tied: Bool = true
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.heads = heads
    self.maximumPositions = maximumPositions
    self.ropeTheta = ropeTheta
    self.rmsNormEpsilon = rmsNormEpsilon
    self.tied = tied
  }

  /// D.
  public var headWidth: Int { hiddenSize / heads }

  /// The tensors of the model under their names in `transformers`, with shapes (out, in).
  public var expectedTensors: [(name: String, shape: [Int])] {
    let (channels, width) = (hiddenSize, intermediateSize)
    var tensors = [("model.embed_tokens.weight", [vocabularySize, channels])]
    for layer in 0..<layers {
      let prefix = "model.layers.\(layer)."
      tensors.append((prefix + "input_layernorm.weight", [channels]))
      for projection in ["q", "k", "v", "o"] {
        tensors.append((prefix + "self_attn.\(projection)_proj.weight", [channels, channels]))
      }
      tensors.append((prefix + "post_attention_layernorm.weight", [channels]))
      tensors.append((prefix + "mlp.gate_proj.weight", [width, channels]))
      tensors.append((prefix + "mlp.up_proj.weight", [width, channels]))
      tensors.append((prefix + "mlp.down_proj.weight", [channels, width]))
    }
    tensors.append(("model.norm.weight", [channels]))
    if !tied { tensors.append(("lm_head.weight", [vocabularySize, channels])) }
    return tensors.map { (name: $0.0, shape: $0.1) }
  }
}
