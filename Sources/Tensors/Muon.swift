/// The operations that Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) needs
/// in addition to products of matrices.
///
/// A direction has the matrices of a block of parameters (R, n, M, N). It is transposed if its
/// shape is (R, n, N, M) and M is not N.
public protocol MuonOperations: AnyObject {
  func computeMuonMomentum(
    _ sizes: MuonSizes, gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float,
    into direction: Tensor) throws

  func computeNormalizeMatrices(_ matrices: Tensor, squaredNorm: Tensor, epsilon: Float) throws

  func computeAddPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float) throws

  func computeMuonUpdate(
    _ sizes: MuonSizes, parameters: Tensor, direction: Tensor, control: Tensor, scale: Float,
    decay: Float) throws
}

extension MuonOperations {
  /// The gradient's running mean, and the direction that looks one step ahead of it (Nesterov).
  ///
  /// g = control[r, 0] · gradient; m = β m + (1-β) g; direction = β m + (1-β) g. Where
  /// control[r, 0] < 0 the mean stays and the direction is 0.
  ///
  /// - Parameters:
  ///   - gradients, momentum: (R, n, M, N).
  ///   - control: (R, 5), as `gateUpdate` leaves it.
  ///   - direction: (R, n, M, N) or transposed.
  /// - Throws: A failure of the device.
  public func muonMomentum(
    gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float, into direction: Tensor
  ) throws {
    let sizes = MuonSizes(
      gradients, direction: direction, control: control, operation: "muonMomentum")
    require(
      momentum.shape == gradients.shape, "muonMomentum",
      "momentum \(momentum.shape) is not the shape of \(gradients.shape)")
    try computeMuonMomentum(
      sizes, gradients: gradients, momentum: momentum, control: control, beta: beta,
      into: direction)
  }

  /// X = X / (√s + ε): scales matrices (N, ...) to a norm of 1; s (N) is their sums of squares.
  ///
  /// - Throws: A failure of the device.
  public func normalizeMatrices(
    _ matrices: Tensor, squaredNorm: Tensor, epsilon: Float
  ) throws {
    require(
      squaredNorm.shape == [matrices.shape.replicas], "normalizeMatrices",
      "\(squaredNorm.shape) is not one value per matrix of \(matrices.shape)")
    try computeNormalizeMatrices(matrices, squaredNorm: squaredNorm, epsilon: epsilon)
  }

  /// square = a I + b · gram + c · square, of (N, M, M).
  ///
  /// - Throws: A failure of the device.
  public func addPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float
  ) throws {
    let shape = gram.shape
    require(
      shape.rank == 3 && shape[1] == shape[2] && square.shape == shape, "addPolynomial",
      "\(shape) and \(square.shape) are not square matrices of one shape")
    try computeAddPolynomial(gram, into: square, a: a, b: b, c: c)
  }

  /// θ = θ - lr·δ·λ·θ - lr·σ·direction with lr, λ = control[r, 1], control[r, 4], where
  /// control[r, 0] >= 0.
  ///
  /// - Parameters:
  ///   - parameters: (R, n, M, N).
  ///   - direction: (R, n, M, N) or transposed.
  ///   - scale, decay: σ and δ.
  /// - Throws: A failure of the device.
  public func muonUpdate(
    parameters: Tensor, direction: Tensor, control: Tensor, scale: Float, decay: Float
  ) throws {
    let sizes = MuonSizes(
      parameters, direction: direction, control: control, operation: "muonUpdate")
    try computeMuonUpdate(
      sizes, parameters: parameters, direction: direction, control: control, scale: scale,
      decay: decay)
  }
}

/// The checked sizes of a block of parameters and its direction.
public struct MuonSizes: Sendable {
  public let replicas: Int
  /// n.
  public let matrices: Int
  /// M and N, of the parameters.
  public let rows: Int
  public let columns: Int
  public let transposed: Bool

  init(_ block: Tensor, direction: Tensor, control: Tensor, operation: String) {
    let (p, d) = (block.shape, direction.shape)
    transposed = p != d
    require(
      p.rank == 4 && d.rank == 4 && d[0] == p[0] && d[1] == p[1]
        && (!transposed || (d[2] == p[3] && d[3] == p[2])), operation,
      "\(d) is not the direction of \(p)")
    requireControl(control, of: p, operation: operation)
    (replicas, matrices, rows, columns) = (p[0], p[1], p[2], p[3])
  }
}

extension Backend {
  /// Five Newton-Schulz steps X <- a X + b (X Xᵀ) X + c (X Xᵀ)² X from X / (‖X‖ + 10⁻⁷): singular
  /// vectors do not change, and singular values of at least 0.003 of the norm become values between
  /// 0.68 and 1.21.
  ///
  /// It is computed in float32; the reference uses bfloat16. Small singular values grow by up to a⁵
  /// = 485 times, and their rounding errors grow with them.
  ///
  /// - Parameter matrices: (N, M, K) with M <= K, overwritten.
  /// - Returns: (N, M, K).
  /// - Throws: A failure of the device.
  public func orthogonalize(_ matrices: Tensor) throws -> Tensor {
    let (count, rows) = (matrices.shape[0], matrices.shape[1])
    let squaredNorm = try empty([count])
    try sumOfSquares(matrices, into: squaredNorm)
    try normalizeMatrices(matrices, squaredNorm: squaredNorm, epsilon: 1e-7)
    let gram = try empty([count, rows, rows])
    let polynomial = try empty([count, rows, rows])
    var (x, next) = (matrices, try empty(matrices.shape))
    for _ in 0..<5 {
      try matmul(x, transposeLeft: false, x, transposeRight: true, adding: nil, into: gram)
      try matmul(
        gram, transposeLeft: false, gram, transposeRight: false, adding: nil, into: polynomial)
      try addPolynomial(gram, into: polynomial, a: 3.4445, b: -4.7750, c: 2.0315)
      try matmul(
        polynomial, transposeLeft: false, x, transposeRight: false, adding: nil, into: next)
      swap(&x, &next)
    }
    return x
  }
}
