import Random
package import Tensors

/// A product of random operands, and what it has to make. Operands of bfloat16 need no rounding, but of
/// either precision the sums do: another order would show.
package struct ProductProblem {
  package let shape: ProductShape
  private let left: [Float]
  private let right: [Float]

  package init(_ shape: ProductShape) {
    self.shape = shape
    var stream = Philox(seed: 1).stream(.tests())
    func random(_ count: Int) -> [Float] {
      (0..<count).map { _ in
        let word = stream.nextWord()
        if shape.precision == .float32 { return Float(Int32(bitPattern: word)) * 0x1p-31 }
        // Seven bits and a sign, and a power of two.
        let exponent = Int(word & 15) - 8
        return Float(
          sign: .plus, exponent: exponent,
          significand: Float(Int32(bitPattern: word) >> 24) * 0x1p-7)
      }
    }
    left = random(shape.replicas * shape.rows * shape.inner)
    right = random(shape.replicas * shape.inner * shape.columns)
  }

  var transposesLeft: Bool { shape.form.hasPrefix("T") }
  var transposesRight: Bool { shape.form.hasSuffix("T") }

  /// The operands and a place for the result, which holds NaN.
  package func tensors(on backend: some Backend) throws -> Operands {
    let (r, m, n, k) = (shape.replicas, shape.rows, shape.columns, shape.inner)
    let output = try backend.empty([r, m, n])
    try backend.fill(output, bits: Float.nan.bitPattern)
    return (
      try backend.tensor(left, transposesLeft ? [r, k, m] : [r, m, k]),
      try backend.tensor(right, transposesRight ? [r, n, k] : [r, k, n]), output
    )
  }

  package typealias Operands = (left: Tensor, right: Tensor, output: Tensor)

  package func multiply(_ operands: Operands, on backend: some Backend) throws {
    try backend.matmul(
      operands.left, transposeLeft: transposesLeft, operands.right,
      transposeRight: transposesRight, adding: nil, precision: shape.precision,
      into: operands.output)
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

extension OpenCLBackend {
  /// Makes small products in every tiling that the device can run: the first one's are held to sums in
  /// double precision, the others' to its bytes.
  ///
  /// - Returns: what is wrong, or nil.
  package func wrongTiling(of precision: Precision) throws -> String? {
    defer { forcedTiling = nil }
    // More than a tile and a block and no multiple of either; one sum in parts.
    for (form, rows, columns, inner) in [
      ("NT", 150, 141, 69), ("NN", 35, 140, 64), ("TN", 70, 45, 600),
    ] {
      let problem = ProductProblem(
        ProductShape(
          form: form, rows: rows, columns: columns, inner: inner, replicas: 2,
          precision: precision))
      var expected: [UInt32]?
      for tiling in tilings(for: precision) {
        forcedTiling = tiling
        let operands = try problem.tensors(on: self)
        try problem.multiply(operands, on: self)
        let result = try operands.output.floats()
        if expected == nil, let wrong = problem.firstWrong(in: result) {
          return "\(wrong), in tiles of \(tiling)"
        }
        let bits = result.map(\.bitPattern)
        guard bits == expected ?? bits else {
          return "tiles of \(tiling) make other bytes of \(problem.shape) than the first"
        }
        expected = bits
      }
    }
    return nil
  }
}
