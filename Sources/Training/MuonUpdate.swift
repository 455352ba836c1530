import Tensors
import Transformers

/// Muon's update of the matrices of blocks: those of several layers together, since a product of many
/// small matrices takes a device hardly longer than one.
struct MuonUpdate {
  let settings: MuonSettings
  private let configuration: ModelConfiguration
  /// As many as fit into memory that a device can spare. It changes no byte.
  private let layersTogether: Int

  /// Bytes that matrices in work may take, unless a single layer's take more.
  private static let workingSet = 1 << 28

  init(_ settings: MuonSettings, _ model: Transformer) {
    self.settings = settings
    configuration = model.configuration
    let (c, f) = (configuration.channels, configuration.feedForwardWidth)
    let (narrow, wide) = (min(c, f), max(c, f))
    // Two copies of every matrix and two square ones for each.
    let numbers = 16 * c * c + 3 * (2 * narrow * wide + 2 * narrow * narrow)
    let limit = min(model.backend.workingSet ?? Self.workingSet, Self.workingSet)
    layersTogether = max(1, min(configuration.layers, limit / (4 * numbers * model.replicas)))
  }

  /// - Parameters:
  ///   - parameters, gradients, momentum: (R, L · (4 C C + 3 C F)), the blocks' matrices.
  func callAsFunction(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor
  ) throws {
    for first in stride(from: 0, to: configuration.layers, by: layersTogether) {
      let layers = first..<min(first + layersTogether, configuration.layers)
      for kinds in [[Kind.attention], [.gateAndUp, .down]] {
        try update(
          layers.flatMap { layer in kinds.map { (layer, $0) } },
          parameters: parameters, gradients: gradients, momentum: momentum, control: control)
      }
    }
  }

  /// Matrices of a layer that lie side by side and have one shape.
  private enum Kind {
    case attention
    case gateAndUp
    case down
  }

  private func block(_ layer: Int, _ kind: Kind) -> (start: Int, shape: [Int]) {
    let (c, f) = (configuration.channels, configuration.feedForwardWidth)
    let start = layer * (4 * c * c + 3 * c * f)
    return switch kind {
    case .attention: (start, [4, c, c])
    case .gateAndUp: (start + 4 * c * c, [2, f, c])
    case .down: (start + 4 * c * c + 2 * c * f, [1, c, f])
    }
  }

  /// Blocks whose matrices have one shape once those with more rows than columns are transposed.
  private func update(
    _ places: [(layer: Int, kind: Kind)], parameters: Tensor, gradients: Tensor, momentum: Tensor,
    control: Tensor
  ) throws {
    let (backend, replicas) = (parameters.backend, parameters.shape.replicas)
    let blocks = places.map { block($0.layer, $0.kind) }
    let (rows, columns) = (
      blocks[0].shape.dropFirst().min() ?? 0, blocks[0].shape.dropFirst().max() ?? 0
    )
    let count = blocks.reduce(0) { $0 + $1.shape[0] }

    /// Calls `body` with each block of a tensor's, and its part of the directions of all.
    func forEach(
      _ directions: Tensor,
      _ body: (_ start: Int, _ shape: Shape, _ direction: Tensor) throws -> Void
    ) throws {
      var at = 0
      for (start, shape) in blocks {
        let direction: Shape = [replicas, shape[0], rows, columns]
        try body(
          start, Shape([replicas] + shape), directions.slice(from: at, shape: direction))
        at += direction.elementsPerReplica
      }
    }

    let directions = try backend.empty([replicas, count * rows * columns])
    try forEach(directions) { start, shape, direction in
      try backend.muonMomentum(
        gradients: gradients.slice(from: start, shape: shape),
        momentum: momentum.slice(from: start, shape: shape), control: control,
        beta: settings.momentum, into: direction)
    }
    let orthogonal = try backend.orthogonalize(
      directions.regrouped([replicas * count, rows, columns])
    ).regrouped(directions.shape)
    try forEach(orthogonal) { start, shape, direction in
      let ratio = settings.learningRateRatio
      try backend.muonUpdate(
        parameters: parameters.slice(from: start, shape: shape), direction: direction,
        control: control,
        scale: ratio * Float(settings.scale(rows: shape[2], columns: shape[3])), decay: ratio)
    }
  }
}
