import Tensors

/// Keys and values of a cohort's rows: two tensors (R, L, B, H, T, D).
struct KeyValueCache {
  private let allKeys: Tensor
  private let allValues: Tensor
  private let layers: Int
  private let layerShape: Shape

  init(
    _ configuration: ModelConfiguration, replicas: Int, batch: Int, positions: Int,
    on backend: any Backend
  ) throws {
    let shape = Shape([
      replicas, configuration.layers, batch, configuration.heads, positions,
      configuration.headWidth,
    ])
    layers = configuration.layers
    layerShape = Shape([
      replicas, batch, configuration.heads, positions, configuration.headWidth,
    ])
    allKeys = try backend.empty(shape)
    allValues = try backend.empty(shape)
  }

  func keys(_ layer: Int) -> Tensor { slice(allKeys, layer) }
  func values(_ layer: Int) -> Tensor { slice(allValues, layer) }

  /// Copies some rows of another cache to the rows of this cache.
  ///
  /// - Parameter rows: (R, B) int32: the other cache's row for each row of this cache.
  func gather(_ rows: Tensor, from other: KeyValueCache) throws {
    func table(_ tensor: Tensor) -> Tensor {
      let shape = tensor.shape
      return tensor.reshaped([shape[0], shape[1], shape[2] * shape[3] * shape[4]])
    }
    let backend = allKeys.backend
    for layer in 0..<layers {
      try backend.embedding(rows, table: table(other.keys(layer)), into: table(keys(layer)))
      try backend.embedding(rows, table: table(other.values(layer)), into: table(values(layer)))
    }
  }

  private func slice(_ tensor: Tensor, _ layer: Int) -> Tensor {
    tensor.slice(from: layer * layerShape.elementsPerReplica, shape: layerShape)
  }
}
