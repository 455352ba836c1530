public import Tensors

extension Tape {
  /// y = x Wᵀ (+ residual): a linear layer without bias over every row.
  ///
  /// - Parameters:
  ///   - input: (R, ..., K).
  ///   - weight: (R, N, K).
  ///   - residual: (R, ..., N), added to the finished product.
  ///   - precision: the precision of the operands, in this product and in the two products of its
  ///     gradients.
  /// - Returns: (R, ..., N).
  ///
  /// In the forward pass this was y_mn = Σ_k x_mk w_nk + c_mn; so now, with g = dy:
  /// dx = g W, dW = gᵀ x, dc = g.
  ///
  /// - Throws: A failure of the device.
  public func linear(
    _ input: Variable, weight: Variable, adding residual: Variable? = nil,
    precision: Precision = .float32
  ) throws -> Variable {
    let x = input.value.asMatrix
    let shape = Shape(input.value.shape.dimensions.dropLast() + [weight.value.shape[1]])
    let output = try backend.empty(shape, live: x.live)
    try backend.matmul(
      x, transposeLeft: false, weight.value, transposeRight: true,
      adding: residual?.value.asMatrix, precision: precision, into: output.asMatrix)
    expectSum(ofLinear: weight, rows: x.shape[1])
    return record(output, from: [input, weight] + (residual.map { [$0] } ?? [])) {
      [unowned self] g in
      if let residual { try contribute(g, to: residual) }
      try contributeProduct(g.asMatrix, x, to: weight, precision)
      try contributeProduct(g.asMatrix, weight: weight, toInput: input, precision)
    }
  }

  /// Adds dW = gᵀ x to the gradient of a linear layer's weight.
  func contributeProduct(
    _ g: Tensor, _ x: Tensor, to weight: Variable, _ precision: Precision
  ) throws {
    try contribute(to: weight) { sum, gradient in
      try backend.matmul(
        g, transposeLeft: true, x, transposeRight: false, adding: sum, precision: precision,
        into: gradient)
    }
  }

  /// Adds dx = g W to the gradient of a linear layer's input.
  func contributeProduct(
    _ g: Tensor, weight: Variable, toInput input: Variable, _ precision: Precision
  ) throws {
    try contribute(to: input) { sum, gradient in
      try backend.matmul(
        g, transposeLeft: false, weight.value, transposeRight: false, adding: sum?.asMatrix,
        precision: precision, into: gradient.asMatrix)
    }
  }
}

extension Tape {
  /// y = rmsNorm(x) Wᵀ: a linear layer over normalised rows. If nothing is recorded, the normalised
  /// rows need not exist.
  ///
  /// - Parameters:
  ///   - input: (R, ..., K).
  ///   - norm: (R, K), the weight of the normalisation.
  ///   - weight: (R, N, K).
  /// - Returns: (R, ..., N).
  /// - Throws: A failure of the device.
  public func linear(
    _ input: Variable, normalizedBy norm: Variable, epsilon: Float, weight: Variable,
    precision: Precision = .float32
  ) throws -> Variable {
    if records {
      let normalized = try rmsNorm(input, weight: norm, epsilon: epsilon)
      return try linear(normalized, weight: weight, precision: precision)
    }
    let x = input.value
    let output = try backend.empty(
      Shape(x.shape.dimensions.dropLast() + [weight.value.shape[1]]), live: x.live)
    try backend.normalizedMatmul(
      x.asMatrix, weight: norm.value, epsilon: epsilon, weight.value, precision: precision,
      into: output.asMatrix)
    // The rows may be computed again on a tape that records.
    expectSum(ofNorm: norm, rows: x.shape.rowsPerReplica)
    expectSum(ofLinear: weight, rows: x.shape.rowsPerReplica)
    return constant(output)
  }
}

extension Tensor {
  /// (R, ..., C) as (R, rows, C).
  var asMatrix: Tensor { reshaped([shape.replicas, shape.rowsPerReplica, shape.width]) }
}
