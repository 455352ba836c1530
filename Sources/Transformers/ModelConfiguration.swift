public import Tensors

/// The sizes of a Llama-style decoder: RMS norm before each part, rotary positions, SwiGLU, no biases
/// (Touvron et al. 2023, arXiv:2302.13971).
public struct ModelConfiguration: Hashable, Sendable {
  /// V: the number of tokens, including padding to a multiple of 16.
  public var vocabularySize: Int
  /// C: the width of the residual stream.
  public var channels: Int
  /// L.
  public var layers: Int
  /// H; the head width is D = C / H.
  public var heads: Int
  /// F: the width inside the feed-forward part.
  public var feedForwardWidth: Int
  /// The base of the rotary angles.
  public var ropeBase: Double
  /// ε of the RMS norm.
  public var normEpsilon: Float
  /// Whether the output matrix is the embedding table (Press & Wolf 2017, arXiv:1608.05859), as
  /// Hugging Face's `tie_word_embeddings`; otherwise it is a separate matrix (V, C),
  /// `lm_head.weight`.
  public var tiesEmbeddings: Bool
  /// The precision of the operands of every linear layer's products, in a study's training, scoring
  /// and generation. Parameters, norms, attention and losses are float32 in both cases. A model's
  /// folder does not contain it: Hugging Face's `torch_dtype` is the type of the parameters.
  public var precision: Precision

  public init(
    vocabularySize: Int = 272, channels: Int, layers: Int, heads: Int, feedForwardWidth: Int,
    ropeBase: Double = 10_000, normEpsilon: Float = 1e-5, tiesEmbeddings: Bool = true,
    precision: Precision = .float32
  ) {
    self.vocabularySize = vocabularySize
    self.channels = channels
    self.layers = layers
    self.heads = heads
    self.feedForwardWidth = feedForwardWidth
    self.ropeBase = ropeBase
    self.normEpsilon = normEpsilon
    self.tiesEmbeddings = tiesEmbeddings
    self.precision = precision
  }

  /// D.
  public var headWidth: Int { channels / heads }

  /// The number of parameters without the embedding table and the output matrix. Studies call it
  /// the size.
  public var nonEmbeddingParameters: Int {
    declarations.filter { $0.group == .block || $0.group == .vector }.reduce(0) { $0 + $1.count }
  }

  /// P.
  public var parameters: Int { declarations.reduce(0) { $0 + $1.count } }

  /// The largest number of rows whose logits exist at a time in training and scoring: 64 MiB of one
  /// model's logits, or 64 rows. It decides the order of a sum, so it depends on V alone. All rows of a
  /// small vocabulary are one chunk.
  public var logitRowsPerChunk: Int {
    vocabularySize <= 4096 ? .max : max(64, (1 << 24) / vocabularySize / 64 * 64)
  }

  /// Floating-point operations of one training step per position, with the usual 6 per multiplied
  /// parameter. Attention's products are not counted.
  public var trainingFlopsPerPosition: Double { 6 * Double(nonEmbeddingParameters) }
}

/// The keys of tied embeddings and of float32 are omitted. Earlier versions had only such models,
/// so their fingerprints stay the same.
extension ModelConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case vocabularySize, channels, layers, heads, feedForwardWidth, ropeBase, normEpsilon
    case tiesEmbeddings, precision
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      vocabularySize: try values.decode(Int.self, forKey: .vocabularySize),
      channels: try values.decode(Int.self, forKey: .channels),
      layers: try values.decode(Int.self, forKey: .layers),
      heads: try values.decode(Int.self, forKey: .heads),
      feedForwardWidth: try values.decode(Int.self, forKey: .feedForwardWidth),
      ropeBase: try values.decode(Double.self, forKey: .ropeBase),
      normEpsilon: try values.decode(Float.self, forKey: .normEpsilon),
      tiesEmbeddings: try values.decodeIfPresent(Bool.self, forKey: .tiesEmbeddings) ?? true,
      precision: try values.decodeIfPresent(Precision.self, forKey: .precision) ?? .float32)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(vocabularySize, forKey: .vocabularySize)
    try values.encode(channels, forKey: .channels)
    try values.encode(layers, forKey: .layers)
    try values.encode(heads, forKey: .heads)
    try values.encode(feedForwardWidth, forKey: .feedForwardWidth)
    try values.encode(ropeBase, forKey: .ropeBase)
    try values.encode(normEpsilon, forKey: .normEpsilon)
    if !tiesEmbeddings { try values.encode(false, forKey: .tiesEmbeddings) }
    if precision != .float32 { try values.encode(precision, forKey: .precision) }
  }
}
