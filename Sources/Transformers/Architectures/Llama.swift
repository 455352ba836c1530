import Gradients
import Tensors

/// Llama (Touvron et al. 2023, arXiv:2302.13971): RMS norm before each part, rotary positions, SwiGLU,
/// no biases. Parameters have the names of Hugging Face's `LlamaForCausalLM`.
struct Llama: Architecture {
  /// x + attention(norm(x)), then + feedForward(norm(...)).
  private struct Block: Layer {
    let attentionNorm: RMSNorm
    let attention: SelfAttention
    let feedForwardNorm: RMSNorm
    let feedForward: FeedForward

    init(_ prefix: String, _ model: ModelConfiguration) {
      attentionNorm = RMSNorm(
        prefix + "input_layernorm.weight", channels: model.channels, epsilon: model.normEpsilon)
      attention = SelfAttention(
        prefix + "self_attn.", channels: model.channels, blocks: model.layers,
        precision: model.precision)
      feedForwardNorm = RMSNorm(
        prefix + "post_attention_layernorm.weight", channels: model.channels,
        epsilon: model.normEpsilon)
      feedForward = FeedForward(
        prefix + "mlp.", channels: model.channels, width: model.feedForwardWidth,
        blocks: model.layers, precision: model.precision)
    }

    var weights: [Weight] {
      attentionNorm.weights + attention.weights + feedForwardNorm.weights + feedForward.weights
    }

    func callAsFunction(
      _ pass: Pass, _ x: Variable, mixing: SelfAttention.Mixing
    ) throws -> Variable {
      let between = try attention(
        pass, x, normalizedBy: attentionNorm, adding: x, mixing: mixing)
      return try feedForward(pass, between, normalizedBy: feedForwardNorm, adding: between)
    }
  }

  private let embedding: Embedding
  private let all: [Block]
  private let finalNorm: RMSNorm
  /// Nil if the output matrix is the embedding table.
  private let output: Linear?
  private let precision: Precision

  init(_ model: ModelConfiguration) {
    embedding = Embedding(
      "model.embed_tokens.weight", vocabularySize: model.vocabularySize, channels: model.channels)
    all = (0..<model.layers).map { Block("model.layers.\($0).", model) }
    finalNorm = RMSNorm("model.norm.weight", channels: model.channels, epsilon: model.normEpsilon)
    output =
      model.tiesEmbeddings
      ? nil
      : Linear(
        [("lm_head.weight", model.vocabularySize)], inputs: model.channels, group: .output,
        precision: model.precision)
    precision = model.precision
  }

  var blocks: Int { all.count }

  var weights: [Weight] {
    embedding.weights + all.flatMap(\.weights) + finalNorm.weights + (output?.weights ?? [])
  }

  func embed(_ pass: Pass, _ tokens: Tensor) throws -> Variable { try embedding(pass, tokens) }

  func block(
    _ index: Int, _ pass: Pass, _ x: Variable, mixing: SelfAttention.Mixing
  ) throws -> Variable {
    try all[index](pass, x, mixing: mixing)
  }

  func unembed(_ pass: Pass, _ x: Variable) throws -> Variable {
    try pass.tape.linear(
      x, normalizedBy: pass[finalNorm.weight], epsilon: finalNorm.epsilon,
      weight: pass[outputMatrix], precision: precision)
  }

  func logProbabilities(
    _ pass: Pass, _ x: Variable, targets: Tensor, rowsPerChunk: Int, expecting expected: Tensor?
  ) throws -> Variable {
    try pass.tape.tokenLogProbabilities(
      finalNorm(pass, x), weight: pass[outputMatrix], targets: targets, rowsPerChunk: rowsPerChunk,
      precision: precision, expecting: expected)
  }

  private var outputMatrix: Weight { output?.weight ?? embedding.weight }
}
