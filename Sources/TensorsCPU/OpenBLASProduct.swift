internal import COpenBLAS
public import Tensors

/// One of OpenBLAS's own products, on as many threads as it is given: what products are measured
/// against.
public struct OpenBLASProduct {
  /// The core that OpenBLAS took this processor for; an unknown one gets a more modest one's loops.
  public static var core: String { String(cString: openblas_get_corename()) }

  private let form: ProductForm
  private let rows: Int
  private let left: [Float]
  private let right: [Float]
  public private(set) var output: [Float]

  /// - Parameters:
  ///   - left: (M, K), or (K, M) where the sizes say so.
  ///   - right: (K, N), or (N, K).
  public init(_ sizes: MatrixProduct, left: [Float], right: [Float]) {
    form = ProductForm(sizes)
    rows = sizes.rows
    self.left = left
    self.right = right
    output = [Float](repeating: 0, count: sizes.rows * sizes.columns)
  }

  /// Makes the product a number of times. Nothing else may use OpenBLAS meanwhile.
  public mutating func run(times: Int, threads: Int) {
    openblas_set_num_threads(Int32(threads))
    defer { openblas_set_num_threads(1) }
    for _ in 0..<times {
      form.multiply(
        left, stride: form.transposeLeft ? rows : form.inner, right, rows: rows, into: &output)
    }
  }
}
