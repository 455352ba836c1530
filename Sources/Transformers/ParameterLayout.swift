import Random
import Tensors

/// Where each named parameter lies in a replica's P contiguous numbers.
///
/// Matrices come first (the embedding, those of the blocks, an output matrix that is not the embedding),
/// then the vectors of the norms: weight decay applies to a prefix. Query, key and value lie side by
/// side, and so do gate and up, so that each group is one matrix to a product. Names are those of
/// Hugging Face's Llama.
public struct ParameterLayout: Sendable {
  /// A named parameter of one replica.
  public struct Entry: Hashable, Sendable {
    public let name: String
    /// (out, in) for matrices, (C) for norms.
    public let shape: [Int]
    public let offset: Int
    public var count: Int { shape.reduce(1, *) }
  }

  public let configuration: ModelConfiguration
  public let entries: [Entry]
  /// P.
  public let count: Int
  /// The parameters that weight decay applies to: the first ones.
  public let decayed: Int
  /// The parameters of the embedding table, of which the blocks' matrices are the next.
  public let embeddings: Int
  /// The blocks' matrices.
  public let blocks: Range<Int>

  public init(_ configuration: ModelConfiguration) {
    let (c, f, v) = (
      configuration.channels, configuration.feedForwardWidth, configuration.vocabularySize
    )
    var entries: [Entry] = []
    var offset = 0
    func append(_ name: String, _ shape: [Int]) {
      entries.append(Entry(name: name, shape: shape, offset: offset))
      offset += shape.reduce(1, *)
    }
    append("model.embed_tokens.weight", [v, c])
    embeddings = offset
    for layer in 0..<configuration.layers {
      let prefix = "model.layers.\(layer)."
      for part in ["q", "k", "v", "o"] { append("\(prefix)self_attn.\(part)_proj.weight", [c, c]) }
      append("\(prefix)mlp.gate_proj.weight", [f, c])
      append("\(prefix)mlp.up_proj.weight", [f, c])
      append("\(prefix)mlp.down_proj.weight", [c, f])
    }
    blocks = embeddings..<offset
    if !configuration.tiesEmbeddings { append("lm_head.weight", [v, c]) }
    decayed = offset
    for layer in 0..<configuration.layers {
      append("model.layers.\(layer).input_layernorm.weight", [c])
      append("model.layers.\(layer).post_attention_layernorm.weight", [c])
    }
    append("model.norm.weight", [c])
    self.configuration = configuration
    self.entries = entries
    count = offset
  }

  /// The offset of a parameter that the layout is known to have.
  func offset(of name: String) -> Int {
    guard let entry = entries.first(where: { $0.name == name }) else {
      preconditionFailure("parameter layout: no parameter is named \(name)")
    }
    return entry.offset
  }

  /// Initial weights of one replica, made on the host from its seed alone.
  ///
  /// Matrices are normal with deviation 1/√(inputs); those that write into the residual stream are
  /// divided by √(2L) as well, so that the stream's variance does not grow with depth (Radford et al.
  /// 2019). The embedding is normal with deviation 1/2, at every width: a token's identity then stands
  /// out from what the first blocks add, and a byte-level model of width 32 begins to copy in half
  /// the steps that it takes with 1/√C (0.18). Norms begin at 1.
  public func initialValues(seed: UInt64) -> [Float] {
    let philox = Philox(seed: seed)
    var values = [Float](repeating: 1, count: count)
    for (index, entry) in entries.enumerated() where entry.shape.count == 2 {
      var stream = philox.stream(.initialWeights(tensor: index))
      var deviation = index == 0 ? 0.5 : 1 / Double(entry.shape[1]).squareRoot()
      if entry.name.hasSuffix("o_proj.weight") || entry.name.hasSuffix("down_proj.weight") {
        deviation /= Double(2 * configuration.layers).squareRoot()
      }
      var at = entry.offset
      while at < entry.offset + entry.count {
        let (first, second) = stream.nextNormals()
        values[at] = Float(deviation * first)
        if at + 1 < entry.offset + entry.count { values[at + 1] = Float(deviation * second) }
        at += 2
      }
    }
    return values
  }
}
