import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct MatrixTests {
    /// A row of activations times weights keeps its bytes when other rows come after it.
    @Test(arguments: availableBackends)
    func rowsDoNotDependOnOtherRows(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      try withEveryRowProduct(on: backend) { product, columns in
        let together = try product(0..<97)
        for count in [1, 2, 7, 8, 12, 17, 48, 63, 64, 65, 96] {
          let few = try product(0..<count)
          expectSame(few, Array(together[..<(count * columns)]), "\(count) rows")
        }
      }
    }

    /// A row of activations times weights has the same bytes alone as anywhere among 97 rows. Ours:
    /// OpenBLAS's own kernels sum some rows of a block in another order than others (index 6 to 11 of
    /// each dozen on its core type Zen), so the CPU backend promises it for a row's own place only.
    @Test(arguments: availableBackends.filter { $0 != .cpu })
    func rowsDoNotDependOnTheirPlace(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      try withEveryRowProduct(on: backend) { product, columns in
        let together = try product(0..<97)
        let different = try (0..<97).filter { row in
          try product(row..<row + 1) != Array(together[row * columns..<(row + 1) * columns])
        }
        #expect(different.isEmpty, "\(Trace.description)")
        let inside = try product(5..<22)
        expectSame(inside, Array(together[5 * columns..<22 * columns]), "rows 5 to 21")
      }
    }

    /// Runs a body for products of weights with any range of 97 rows of activations.
    private func withEveryRowProduct(
      on backend: any Backend,
      _ body: (_ product: (Range<Int>) throws -> [UInt32], _ columns: Int) throws -> Void
    ) throws {
      let sizes = [(97, 64), (64, 257), (33, 1031), (1, 31), (260, 128)]
      for (number, (columns, inner)) in sizes.enumerated() {
        for transposeRight in [false, true] {
          var numbers = TestNumbers(seed: 1900 + number)
          let left = numbers.awkward(97 * inner)
          let weights = try backend.tensor(
            numbers.awkward(inner * columns),
            transposeRight ? [1, columns, inner] : [1, inner, columns])
          let addend = numbers.awkward(97 * columns)
          func rows(_ values: [Float], _ range: Range<Int>, _ width: Int) throws -> Tensor {
            try backend.tensor(
              Array(values[range.lowerBound * width..<range.upperBound * width]),
              [1, range.count, width])
          }
          try Trace.with(
            "seed = \(1900 + number), N = \(columns), K = \(inner), transposed \(transposeRight)"
          ) {
            try body(
              { range in
                let output = try backend.empty([1, range.count, columns])
                try backend.matmul(
                  try rows(left, range, inner), transposeLeft: false, weights,
                  transposeRight: transposeRight, adding: try rows(addend, range, columns),
                  into: output)
                return try output.floats().map(\.bitPattern)
              }, columns)
          }
        }
      }
    }
  }
}
