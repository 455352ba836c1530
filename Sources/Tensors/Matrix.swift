/// The precision of the operands of a product. Sums are float32 in both cases.
public enum Precision: String, Codable, Sendable, CaseIterable {
  case float32
  /// Operands are rounded to bfloat16, with eight bits of significand, as matrix units need them.
  /// Weights and their updates stay float32 (Micikevicius et al. 2018, arXiv:1710.03740; Kalamkar
  /// et al. 2019, arXiv:1905.12322).
  case bfloat16
}

/// Products of matrices, one per replica.
public protocol MatrixOperations: AnyObject {
  func computeMatmul(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    precision: Precision, into output: Tensor) throws
}

extension MatrixOperations {
  /// output[r] = op(left[r]) · op(right[r]) (+ adding[r]).
  ///
  /// - Parameters:
  ///   - left: (R, M, K), or (R, K, M) when `transposeLeft`.
  ///   - right: (R, K, N), or (R, N, K) when `transposeRight`.
  ///   - adding: (R, M, N), added once to the finished sum; may be `output` itself.
  ///   - precision: of the operands; `adding` is never rounded.
  ///   - output: (R, M, N).
  ///
  /// Error: |y - y*| <= (K + 8) · 2⁻²⁴ · (Σ_k |a_mk| |b_kn| + |c_mn|) per element, the a-priori
  /// bound of a sum of K fused products (Higham, Accuracy and Stability of Numerical Algorithms,
  /// 3.1). In bfloat16 a and b are the rounded operands, and the bound is twice as large, because
  /// matrix units may truncate instead of rounding.
  ///
  /// Live rows belong to `left` and `output`. With `transposeLeft` they belong to `left` and
  /// `right`, and the product sums over them.
  ///
  /// Bytes: the bytes of a row do not depend on the other rows or on their number, except with
  /// `transposeLeft`: then a long sum may be split into `MatrixProduct.parts` (split-K). In this
  /// program's own kernels they do not depend on the row's index either.
  ///
  /// - Throws: A failure of the device.
  public func matmul(
    _ left: Tensor, transposeLeft: Bool, _ right: Tensor, transposeRight: Bool, adding: Tensor?,
    precision: Precision = .float32, into output: Tensor
  ) throws {
    let sizes = MatrixProduct(
      left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: adding,
      into: output)
    try computeMatmul(sizes, left, right, adding: adding, precision: precision, into: output)
  }
}

extension Backend {
  public var copiesOperands: Bool { true }

  /// An operand in the precision of a product.
  ///
  /// - Throws: A failure of the device.
  public func operand(_ tensor: Tensor, _ precision: Precision) throws -> Tensor {
    guard precision == .bfloat16 else { return tensor }
    let rounded = try empty(tensor.shape, live: tensor.live)
    try roundToBFloat16(tensor, into: rounded)
    return rounded
  }
}

/// The checked sizes of one call of `matmul`: M, N and K.
public struct MatrixProduct: Hashable, Sendable, CustomStringConvertible {
  public var replicas: Int
  public var rows: Int
  public var columns: Int
  public var inner: Int
  public var transposeLeft: Bool
  public var transposeRight: Bool
  public var adds: Bool

  public init(
    replicas: Int = 1, rows: Int, columns: Int, inner: Int, transposeLeft: Bool = false,
    transposeRight: Bool = false, adds: Bool = false
  ) {
    self.replicas = replicas
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.transposeLeft = transposeLeft
    self.transposeRight = transposeRight
    self.adds = adds
  }

  /// "NN", "NT", "TN" or "TT": T means that the operand is transposed.
  public var form: String { (transposeLeft ? "T" : "N") + (transposeRight ? "T" : "N") }

  /// The form, M x N x K and R.
  public var description: String {
    "\(form) \(rows) x \(columns) x \(inner), R \(replicas)\(adds ? ", adding" : "")"
  }

  init(
    _ left: Tensor, transposeLeft: Bool, _ right: Tensor, transposeRight: Bool, adding: Tensor?,
    into output: Tensor
  ) {
    let (a, b, c) = (left.shape, right.shape, output.shape)
    require(
      a.rank == 3 && b.rank == 3 && c.rank == 3, "matmul",
      "\(a), \(b) and \(c) are not (replicas, rows, columns)")
    replicas = c[0]
    rows = c[1]
    columns = c[2]
    inner = transposeLeft ? a[1] : a[2]
    self.transposeLeft = transposeLeft
    self.transposeRight = transposeRight
    adds = adding != nil
    require(
      a[0] == replicas && b[0] == replicas
        && (transposeLeft ? a[2] : a[1]) == rows
        && (transposeRight ? b[2] : b[1]) == inner
        && (transposeRight ? b[1] : b[2]) == columns,
      "matmul",
      "shapes \(a)\(transposeLeft ? " transposed" : "") and \(b)"
        + "\(transposeRight ? " transposed" : "") do not make \(c)")
    if let adding {
      require(adding.shape == c, "matmul", "cannot add \(adding.shape) to \(c)")
    }
    requireSameRows(left, transposeLeft ? right : output, operation: "matmul")
    requireSameRows(output, adding, operation: "matmul")
    require(
      left.live == nil || !(transposeLeft && transposeRight), "matmul",
      "the live rows of \(b) are its columns here")
    require(
      (transposeLeft ? output : right).live == nil, "matmul",
      "\(transposeLeft ? c : b) has live rows, but is made of all of them")
  }

  /// Floating-point operations of all replicas.
  public var operations: Double {
    2 * Double(replicas * rows) * Double(columns) * Double(inner)
  }

  /// The most rows of a product for which a GPU may have a kernel of few rows: a step of generation.
  public static let fewRows = 64

  /// The number of parts of the sum over k (split-K). A weight's gradient has few elements and a
  /// long sum, so without parts a large device would be idle. Each part is summed in ascending
  /// order, and then the parts are summed in ascending order.
  ///
  /// The number depends only on the form and the shape of one replica, so neither tuning nor the
  /// cohort changes a byte. The parts of a replica have 2²⁰ elements at most.
  public var parts: Int {
    transposeLeft ? max(1, min(inner / 256, (1 << 20) / max(1, rows * columns))) : 1
  }
}
