/// Products next to SwiGLU: the product of which it takes gates and values, and the product that gives the
/// gradient of its result.
///
/// A backend that ends these products with SwiGLU reads and writes fewer bytes. The results are those of the
/// separate operations, to the last bit.
public protocol GatedProductOperations: AnyObject {
  func computeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor) throws

  func computeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor) throws
}

extension GatedProductOperations {
  /// y_f = silu(a_f) · a_{F+f} with a = x Wᵀ: `matmul` and then `swiGLU`.
  ///
  /// - Parameters:
  ///   - input: x, (R, M, K).
  ///   - weight: W, (R, 2F, K): F rows of gates, then F rows of values.
  ///   - precision: of the operands.
  ///   - gateAndUp: (R, M, 2F), gets a; nil if it is not needed.
  ///   - output: (R, M, F).
  ///
  /// Error: that of `matmul` in a, moved by the derivatives of SwiGLU, and that of `swiGLU`.
  ///
  /// - Throws: A failure of the device.
  public func gatedMatmul(
    _ input: Tensor, weight: Tensor, precision: Precision = .float32, gateAndUp: Tensor?,
    into output: Tensor
  ) throws {
    let name = "gatedMatmul"
    let (x, w, y) = (input.shape, weight.shape, output.shape)
    require(
      x.rank == 3 && w.rank == 3 && y.rank == 3 && x[0] == y[0] && w[0] == y[0] && x[1] == y[1]
        && w[1] == 2 * y[2] && w[2] == x[2], name,
      "\(x) and \(w) do not make gates and values of \(y)")
    if let gateAndUp {
      require(
        gateAndUp.shape == [y[0], y[1], 2 * y[2]], name,
        "\(gateAndUp.shape) is not \(y) with gate and value side by side")
    }
    require(weight.live == nil, name, "\(w) has live rows, but is made of all of them")
    requireSameRows(input, output, gateAndUp, operation: name)
    let sizes = MatrixProduct(
      replicas: y[0], rows: y[1], columns: w[1], inner: x[2], transposeRight: true)
    try computeGatedMatmul(
      sizes, input, weight, precision: precision, gateAndUp: gateAndUp, into: output)
  }

  /// The gradient of SwiGLU's gates and values where the gradient of its result is g W: `matmul` and then
  /// `swiGLUGradient`.
  ///
  /// - Parameters:
  ///   - outputGradient: g, (R, M, K).
  ///   - weight: W, (R, K, F).
  ///   - gateAndUp: (R, M, 2F), of the forward pass.
  ///   - precision: of the operands.
  ///   - gradient: (R, M, 2F), may be `gateAndUp` itself.
  ///
  /// Error: that of `matmul` in g W, times the derivatives of SwiGLU, and that of `swiGLUGradient`.
  ///
  /// - Throws: A failure of the device.
  public func gatedMatmulGradient(
    _ outputGradient: Tensor, weight: Tensor, gateAndUp: Tensor, precision: Precision = .float32,
    into gradient: Tensor
  ) throws {
    let name = "gatedMatmulGradient"
    let (g, w, x) = (outputGradient.shape, weight.shape, gateAndUp.shape)
    require(
      g.rank == 3 && w.rank == 3 && x.rank == 3 && g[0] == x[0] && w[0] == x[0] && g[1] == x[1]
        && 2 * w[2] == x[2] && w[1] == g[2], name,
      "\(g) and \(w) do not make the gradient of a result of \(x)")
    require(gradient.shape == x, name, "gradient \(gradient.shape) is not the shape of \(x)")
    require(weight.live == nil, name, "\(w) has live rows, but is made of all of them")
    requireSameRows(outputGradient, gateAndUp, gradient, operation: name)
    let sizes = MatrixProduct(replicas: x[0], rows: x[1], columns: w[2], inner: g[2])
    try computeGatedMatmulGradient(
      sizes, outputGradient, weight, gateAndUp: gateAndUp, precision: precision, into: gradient)
  }
}

extension Backend {
  public func fusesGates(_ precision: Precision) -> Bool { false }

  public func computeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor
  ) throws {
    try composeGatedMatmul(
      sizes, input, weight, precision: precision, gateAndUp: gateAndUp, into: output)
  }

  public func computeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor
  ) throws {
    try composeGatedMatmulGradient(
      sizes, outputGradient, weight, gateAndUp: gateAndUp, precision: precision, into: gradient)
  }

  /// The operation made of others.
  ///
  /// - Throws: A failure of the device.
  public func composeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor
  ) throws {
    let product =
      try gateAndUp ?? empty([sizes.replicas, sizes.rows, sizes.columns], live: output.live)
    try computeMatmul(sizes, input, weight, adding: nil, precision: precision, into: product)
    try swiGLU(product, into: output)
  }

  /// The operation made of others.
  ///
  /// - Throws: A failure of the device.
  public func composeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor
  ) throws {
    let product = try empty(
      [sizes.replicas, sizes.rows, sizes.columns], live: outputGradient.live)
    try computeMatmul(
      sizes, outputGradient, weight, adding: nil, precision: precision, into: product)
    try swiGLUGradient(gateAndUp, outputGradient: product, into: gradient)
  }
}
