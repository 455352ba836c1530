public import Transformers

/// Device memory that training needs.
public enum TrainingMemory {
  /// Bytes of one replica's activations and of the gradients in flight, at the most.
  public static func activations(
    _ model: ModelConfiguration, _ geometry: BatchGeometry
  ) -> Int {
    let rows = geometry.batch * geometry.positions
    let chosen = geometry.batch * geometry.targets
    let (c, f, h, v) = (
      model.channels, model.feedForwardWidth, model.heads, model.vocabularySize
    )
    // Per layer the tape keeps two norms and their scales, the projection, attention's output and
    // log-sum-exp, the middle of the residual, gate and up, their product and the block's output.
    let perLayer = rows * (8 * c + 3 * f + h + 2)
    let head = chosen * (3 * c + 2 * v + 4) + 2 * rows * c
    // Gradients in flight: at most those of one layer.
    let inFlight = rows * (5 * c + 3 * f)
    return 4 * (model.layers * perLayer + head + inFlight)
  }
}
