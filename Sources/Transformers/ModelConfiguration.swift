/// The sizes of a Llama-style decoder: RMS norm before each part, rotary positions, SwiGLU, tied
/// embeddings, no biases (Touvron et al. 2023, arXiv:2302.13971).
public struct ModelConfiguration: Hashable, Sendable, Codable {
  /// V: tokens, padding to a multiple of 16 included.
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

  public init(
    vocabularySize: Int = 272, channels: Int, layers: Int, heads: Int, feedForwardWidth: Int,
    ropeBase: Double = 10_000, normEpsilon: Float = 1e-5
  ) {
    self.vocabularySize = vocabularySize
    self.channels = channels
    self.layers = layers
    self.heads = heads
    self.feedForwardWidth = feedForwardWidth
    self.ropeBase = ropeBase
    self.normEpsilon = normEpsilon
  }

  /// D.
  public var headWidth: Int { channels / heads }

  /// What a study calls size: everything but the embedding table.
  public var nonEmbeddingParameters: Int {
    layers * (4 * channels * channels + 3 * channels * feedForwardWidth + 2 * channels) + channels
  }

  /// P.
  public var parameters: Int { nonEmbeddingParameters + vocabularySize * channels }

  /// Floating-point operations of one training step per position, by the usual 6 per parameter that a
  /// position multiplies with; attention's products are not counted.
  public var trainingFlopsPerPosition: Double { 6 * Double(nonEmbeddingParameters) }
}
