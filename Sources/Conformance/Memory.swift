import Tensors

extension OperationDescription {
  /// Filling of tensors with gaps between replicas. All other checks test upload and download.
  static let fill = OperationDescription("fill") { extent, numbers in
    memoryShapes(extent).map { shape in
      OperationCase(
        "fill", "R \(shape[0]), \(shape[1])", [.output(shape)], flops: 0,
        expected: { [.exactly([Float](repeating: -1.5, count: shape.elementCount))] }
      ) { try $0.fill($1[0], bits: Float(-1.5).bitPattern) }
    }
  }

  static let copy = OperationDescription("copy") { extent, numbers in
    memoryShapes(extent).map { shape in
      let values = numbers.awkward(shape.elementCount)
      return OperationCase(
        "copy", "R \(shape[0]), \(shape[1])", [.input(values, shape), .output(shape)], flops: 0,
        expected: { [.exactly(values)] }
      ) { try $0.copy($1[0], to: $1[1]) }
    }
  }

  private static func memoryShapes(_ extent: Extent) -> [Shape] {
    switch extent {
    case .cohort: [[5, 33]]
    case .small: [[3, 33]]
    case .device: [[3, 1], [3, 4099]]
    case .every: [[1, 1], [1, 257], [3, 34], [2, 64], [5, 33]]
    }
  }
}
