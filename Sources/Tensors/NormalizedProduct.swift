/// A product with rows that are normalised first, as the layers of a model begin.
public protocol NormalizedProductOperations: AnyObject {
  func computeNormalizedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision, into output: Tensor) throws
}

extension NormalizedProductOperations {
  /// output[r] = rmsNorm(input[r]) · right[r]ᵀ, with the bytes of `rmsNorm` and of `matmul` one after
  /// the other. A GPU computes both at once if there are few rows.
  ///
  /// - Parameters:
  ///   - input: (R, M, C).
  ///   - weight: (R, C), of the normalisation.
  ///   - right: (R, N, C).
  ///   - precision: of the operands of the product.
  ///   - output: (R, M, N).
  ///
  /// Error: with y the normalised rows, whose elements err by (C + 16) · 2⁻²⁴ · |y_mc|:
  /// (2C + 24) · 2⁻²⁴ · Σ_c |y_mc| |w_nc| per element, to first order.
  ///
  /// - Throws: A failure of the device.
  public func normalizedMatmul(
    _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision = .float32, into output: Tensor
  ) throws {
    let sizes = MatrixProduct(
      input, transposeLeft: false, right, transposeRight: true, adding: nil, into: output)
    require(
      weight.shape == [sizes.replicas, sizes.inner], "normalizedMatmul",
      "weight \(weight.shape) does not fit \(input.shape)")
    try computeNormalizedMatmul(
      sizes, input, weight: weight, epsilon: epsilon, right, precision: precision, into: output)
  }
}

extension Backend {
  /// `normalizedMatmul` as two operations.
  public func computeNormalizedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision, into output: Tensor
  ) throws {
    try normalizeAndMultiply(
      input, weight: weight, epsilon: epsilon, right, precision: precision, into: output)
  }

  /// Normalises rows into separate memory and multiplies them.
  ///
  /// - Throws: A failure of the device.
  public func normalizeAndMultiply(
    _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor, precision: Precision,
    into output: Tensor
  ) throws {
    let normalized = try empty(input.shape, live: input.live)
    let scale = try empty([input.shape[0], input.shape[1]])
    try rmsNorm(input, weight: weight, epsilon: epsilon, into: normalized, scale: scale)
    try matmul(
      normalized, transposeLeft: false, right, transposeRight: true, adding: nil,
      precision: precision, into: output)
  }
}
