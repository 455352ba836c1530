import Tensors

extension Oracle {
  /// The product of normalised rows y with a transposed matrix w.
  ///
  /// Bound: that of `matmul` of the exact y, with Σ_c δ_c |w_nc| for the errors δ_c of y, times
  /// 1 + (C + 8) u for the roundings of their products.
  static func normalizedMatmul(
    _ input: [Double], weight: [Double], epsilon: Double, _ right: [Double], _ sizes: MatrixProduct
  ) -> Expected {
    let normalized = rmsNorm(
      input, weight: weight, epsilon: epsilon, replicas: sizes.replicas, rows: sizes.rows,
      channels: sizes.inner
    ).output
    var result = matmul(normalized.values, right, sizes)
    let moved = matmul(normalized.bounds, right.map { abs($0) }, sizes)
    for index in 0..<result.count {
      result.bounds[index] +=
        moved.values[index] * (1 + Double(sizes.inner + 8) * unitRoundoff)
    }
    return result
  }
}

extension OperationDescription {
  /// Few rows, which GPUs normalise and multiply at once, and many.
  static let normalizedMatmul = OperationDescription("normalizedMatmul") { extent, numbers in
    normalizedProducts(extent).map { r, m, n, c in
      let sizes = MatrixProduct(
        replicas: r, rows: m, columns: n, inner: c, transposeRight: true)
      let (input, right) = (numbers.awkward(r * m * c), numbers.awkward(r * n * c))
      let weight = numbers.normals(r * c)
      let epsilon: Float = 1e-5
      return OperationCase(
        "normalizedMatmul", "\(sizes)",
        [
          .input(input, [r, m, c]).ofRows(), .input(weight, [r, c]), .input(right, [r, n, c]),
          .output([r, m, n]).ofRows(),
        ], flops: 2 * Double(r * m) * Double(n * c) + 4 * Double(r * m * c),
        expected: {
          [
            .numbers(
              Oracle.normalizedMatmul(
                input.doubles, weight: weight.doubles, epsilon: Double(epsilon), right.doubles,
                sizes))
          ]
        }
      ) {
        try $0.normalizedMatmul($1[0], weight: $1[1], epsilon: epsilon, $1[2], into: $1[3])
      }
    }
  }

  /// Replicas, rows, columns, channels.
  private static func normalizedProducts(_ extent: Extent) -> [(Int, Int, Int, Int)] {
    switch extent {
    case .cohort: [(5, 13, 41, 150), (5, 70, 19, 21)]
    case .small: [(3, 9, 9, 150)]
    case .device: [(3, 1, 192, 64), (3, 9, 33, 131), (3, 300, 65, 64)]
    case .every:
      [
        (1, 1, 1, 1), (2, 2, 7, 7), (3, 7, 8, 8), (1, 8, 15, 16), (2, 9, 17, 127), (3, 16, 9, 128),
        (1, 17, 33, 129), (2, 64, 31, 260), (1, 65, 65, 33), (1, 129, 20, 64),
      ]
    }
  }
}
