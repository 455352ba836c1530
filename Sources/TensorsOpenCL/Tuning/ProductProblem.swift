package import Tensors

/// A product of random operands that need no rounding in either precision, and what it has to make.
package struct ProductProblem {
  package let shape: ProductShape
  private let left: [Float]
  private let right: [Float]

  package init(_ shape: ProductShape) {
    self.shape = shape
    var stream = Philox(seed: 1).stream(.tests)
    // Seven bits and a sign, which bfloat16 has.
    func random(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float(Int32(bitPattern: stream.nextWord()) >> 24) * 0x1p-7 }
    }
    left = random(shape.replicas * shape.rows * shape.inner)
    right = random(shape.replicas * shape.inner * shape.columns)
  }

  var transposesLeft: Bool { shape.form.hasPrefix("T") }
  var transposesRight: Bool { shape.form.hasSuffix("T") }

  /// The operands and a place for the result, which holds NaN.
  package func tensors(on backend: some Backend) throws -> (
    left: Tensor, right: Tensor, output: Tensor
  ) {
    let (r, m, n, k) = (shape.replicas, shape.rows, shape.columns, shape.inner)
    let output = try backend.empty([r, m, n])
    try backend.fill(output, bits: Float.nan.bitPattern)
    return (
      try backend.tensor(left, transposesLeft ? [r, k, m] : [r, m, k]),
      try backend.tensor(right, transposesRight ? [r, n, k] : [r, k, n]), output
    )
  }

  /// An element beyond the bound of the contract.
  package struct WrongElement: Equatable, CustomStringConvertible {
    package let index: Int
    let found: Float
    let expected: Float

    package var description: String {
      "element \(index) of a product was \(found), not \(expected)"
    }
  }

  /// The first wrong element among every `stride`-th: a stride that has no factor in common with the
  /// columns goes through all rows and columns.
  package func firstWrong(in result: [Float], stride: Int = 1) -> WrongElement? {
    let (m, n, k) = (shape.rows, shape.columns, shape.inner)
    for index in Swift.stride(from: 0, to: result.count, by: stride) {
      let (r, row, column) = (index / n / m, index / n % m, index % n)
      var (sum, magnitude) = (0.0, 0.0)
      for i in 0..<k {
        let a = left[r * m * k + (transposesLeft ? i * m + row : row * k + i)]
        let b = right[r * k * n + (transposesRight ? column * k + i : i * n + column)]
        sum += Double(a) * Double(b)
        magnitude += abs(Double(a) * Double(b))
      }
      let bound = Double((shape.precision == .float32 ? 1 : 2) * (k + 8)) * 0x1p-24 * magnitude
      // Written so that NaN is wrong.
      if !(abs(Double(result[index]) - sum) <= bound) {
        return WrongElement(index: index, found: result[index], expected: Float(sum))
      }
    }
    return nil
  }
}
