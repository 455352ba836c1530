public import Tensors

extension Tape {
  /// A feed-forward layer with SwiGLU (Shazeer 2020, arXiv:2002.05202): (silu(a) · b) Vᵀ + residual, where a
  /// and b are the halves of x Wᵀ.
  ///
  /// Where the backend fuses gates the bytes are those of `linear`, `swiGLU` and `linear`, and less memory
  /// is read and written: gates and values are kept for the gradient, but nothing is computed from them in a
  /// pass of its own. A tape that does not record does not store them.
  ///
  /// - Parameters:
  ///   - input: x, (R, ..., K).
  ///   - gateAndUp: W, (R, 2F, K): F rows of gates, then F rows of values.
  ///   - down: V, (R, N, F).
  ///   - residual: (R, ..., N).
  ///   - precision: the precision of the operands of all products.
  /// - Returns: (R, ..., N).
  /// - Throws: A failure of the device.
  public func feedForward(
    _ input: Variable, gateAndUp: Variable, down: Variable, adding residual: Variable,
    precision: Precision = .float32
  ) throws -> Variable {
    guard backend.fusesGates(precision) else {
      return try linear(
        swiGLU(linear(input, weight: gateAndUp, precision: precision)), weight: down,
        adding: residual, precision: precision)
    }
    let x = input.value.asMatrix
    let (r, rows, width) = (x.shape[0], x.shape[1], down.value.shape[2])
    let gates = try records ? backend.empty([r, rows, 2 * width], live: x.live) : nil
    let y = try backend.empty([r, rows, width], live: x.live)
    try backend.gatedMatmul(
      x, weight: gateAndUp.value, precision: precision, gateAndUp: gates, into: y)
    let output = try backend.empty(residual.value.shape, live: x.live)
    try backend.matmul(
      y, transposeLeft: false, down.value, transposeRight: true,
      adding: residual.value.asMatrix, precision: precision, into: output.asMatrix)
    for weight in [gateAndUp, down] { expectSum(ofLinear: weight, rows: rows) }
    return record(output, from: [input, gateAndUp, down, residual]) { [unowned self] g in
      guard let gates else { return }
      try contribute(g, to: residual)
      try contributeProduct(g.asMatrix, y, to: down, precision)
      guard input.isTracked || gateAndUp.isTracked else { return }
      // The gates are read for the last time, so their gradient takes their place.
      try backend.gatedMatmulGradient(
        g.asMatrix, weight: down.value, gateAndUp: gates, precision: precision, into: gates)
      try contributeProduct(gates, x, to: gateAndUp, precision)
      try contributeProduct(gates, weight: gateAndUp, toInput: input, precision)
    }
  }

  /// A feed-forward layer over normalised rows. The few rows of a step of generation are normalised in the
  /// product of the gates.
  ///
  /// - Parameters:
  ///   - norm: (R, K), the weight of the normalisation.
  /// - Throws: A failure of the device.
  public func feedForward(
    _ input: Variable, normalizedBy norm: Variable, epsilon: Float, gateAndUp: Variable,
    down: Variable, adding residual: Variable, precision: Precision = .float32
  ) throws -> Variable {
    guard records || input.value.shape.rowsPerReplica > MatrixProduct.fewRows else {
      let gates = try linear(
        input, normalizedBy: norm, epsilon: epsilon, weight: gateAndUp, precision: precision)
      return try linear(swiGLU(gates), weight: down, adding: residual, precision: precision)
    }
    return try feedForward(
      rmsNorm(input, weight: norm, epsilon: epsilon), gateAndUp: gateAndUp, down: down,
      adding: residual, precision: precision)
  }
}
