internal import COpenBLAS
public import Tensors

/// A product of OpenBLAS on a given number of threads, as the reference of measurements.
public struct OpenBLASProduct {
  /// The core that OpenBLAS detected. For an unknown processor it uses the loops of an older core.
  public static var core: String { String(cString: openblas_get_corename()) }

  private let form: ProductForm
  private let rows: Int
  private let left: [Float]
  private let right: [Float]
  public private(set) var output: [Float]

  /// - Parameters:
  ///   - left: (M, K), or (K, M) if `transposeLeft`.
  ///   - right: (K, N), or (N, K).
  public init(_ sizes: MatrixProduct, left: [Float], right: [Float]) {
    form = ProductForm(sizes)
    rows = sizes.rows
    self.left = left
    self.right = right
    output = [Float](repeating: 0, count: sizes.rows * sizes.columns)
  }

  /// Computes the product a number of times. Meanwhile no other code may use OpenBLAS.
  public mutating func run(times: Int, threads: Int) {
    openblas_set_num_threads(Int32(threads))
    defer { openblas_set_num_threads(1) }
    for _ in 0..<times {
      form.multiply(
        left, stride: form.transposeLeft ? rows : form.inner, right, rows: rows, into: &output)
    }
  }
}
