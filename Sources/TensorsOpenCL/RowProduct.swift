import Kernels
public import Tensors

extension OpenCLBackend {
  /// Whether the kernel of few rows computes a product: `x · Wᵀ` of all rows of x, so few that tiles would
  /// leave most of a GPU idle. The kernels make the same bytes.
  ///
  /// Each group reads little, so this kernel reads local memory more often per operation than tiles. Up
  /// to 16 rows, or for products of less than 10 µs on a GPU of 7 TFLOP/s, tiles would not be faster.
  func multipliesByRows(_ sizes: MatrixProduct, _ left: Tensor) -> Bool {
    style == .manyItems && forcedTiling == nil && !sizes.transposeLeft && sizes.transposeRight
      && left.live == nil && limits.workGroup >= Self.itemsOfRowProduct
      && (sizes.rows <= 16
        || sizes.rows <= MatrixProduct.fewRows
          && sizes.replicas * sizes.rows * sizes.columns * sizes.inner <= 1 << 25)
  }

  public func computeNormalizedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision, into output: Tensor
  ) throws {
    guard precision == .float32, multipliesByRows(sizes, input) else {
      return try normalizeAndMultiply(
        input, weight: weight, epsilon: epsilon, right, precision: precision, into: output)
    }
    try multiplyByRows(
      sizes, input, right, adding: nil, normalizedBy: (weight, epsilon), into: output)
  }

  /// - Parameter norm: the weight and epsilon of a normalisation of the rows of `left`.
  func multiplyByRows(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    normalizedBy norm: (weight: Tensor, epsilon: Float)? = nil, into output: Tensor
  ) throws {
    let teams = Self.itemsOfRowProduct / team
    try launch(
      .matmulRowsLocal,
      global: (
        team * sizes.columns.dividedRoundingUp(by: 8), teams * sizes.rows.dividedRoundingUp(by: 8),
        sizes.replicas
      ), local: (team, teams, 1), counted: sizes.operations
    ) {
      try $0.tensor(left)
      try $0.optional(norm?.weight, or: left)
      try $0.tensor(right)
      try $0.optional(adding, or: output)
      try $0.tensor(output)
      try $0.integers(sizes.rows, sizes.columns, sizes.inner, norm == nil ? 0 : 1)
      try $0.value(norm?.epsilon ?? 0)
      try $0.integers(adding == nil ? 0 : 1)
    }
  }

  /// `ITEMS` of matmul_rows_local.cl.
  private static let itemsOfRowProduct = 64
}
