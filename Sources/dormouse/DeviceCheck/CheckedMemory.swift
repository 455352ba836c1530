import Tensors

extension CheckedCall {
  /// Filling, and copies between tensors whose replicas have gaps; every other check moves data to
  /// the device and back.
  static func memory(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    [1, 4099].flatMap { count in
      let shape: Shape = [3, count]
      let values = numbers.awkward(3 * count)
      return [
        CheckedCall(
          operation: "fill", sizes: "R 3, \(count)", operands: [.output(shape)],
          expected: { [.exactly([Float](repeating: -1.5, count: 3 * count))] }
        ) { try $0.fill($1[0], bits: Float(-1.5).bitPattern) },
        CheckedCall(
          operation: "copy", sizes: "R 3, \(count)",
          operands: [.input(values, shape), .output(shape)],
          expected: { [.exactly(values)] }
        ) { try $0.copy($1[0], to: $1[1]) },
      ]
    }
  }
}
