import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct MatrixTests {
    /// Where the addend of a product lives.
    enum Adding: CaseIterable {
      case nothing
      case another
      case output
    }

    /// Rows, columns, inner: 1, tiles and their neighbours, primes, and one long size each.
    static let sizes: [(Int, Int, Int)] = [
      (1, 1, 1), (1, 2, 7), (2, 1, 8), (7, 7, 7), (8, 15, 16), (15, 8, 17), (16, 16, 16),
      (17, 31, 33), (31, 17, 2), (33, 63, 1), (63, 33, 64), (64, 64, 64), (65, 65, 65),
      (97, 48, 31), (129, 97, 15), (49, 129, 8), (1, 257, 97), (257, 1, 63), (48, 16, 129),
    ]
    static let longSizes: [(Int, Int, Int)] = [(3, 5, 4099), (4099, 3, 7), (2, 4099, 9)]

    @Test(arguments: availableBackends)
    func everySizeAndTransposition(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var number = 0
      for (rows, columns, inner) in Self.sizes + Self.longSizes {
        for (transposeLeft, transposeRight) in [
          (false, false), (false, true), (true, false), (true, true),
        ] {
          number += 1
          let sizes = Oracle.ProductSizes(
            replicas: rows > 1000 || columns > 1000 ? 1 : 1 + number % 3, rows: rows,
            columns: columns, inner: inner, transposeLeft: transposeLeft,
            transposeRight: transposeRight)
          try check(
            sizes, adding: Adding.allCases[number / 2 % 3], seed: 1000 + number,
            layout: layout(number), on: backend)
        }
      }
    }

    @Test(arguments: availableBackends)
    func everyWayOfAdding(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var number = 0
      for adding in Adding.allCases {
        for (rows, columns, inner) in [
          (5, 37, 19), (50, 32, 16), (64, 80, 128), (13, 33, 300), (26, 9, 521),
        ] {
          for replicas in 1...3 {
            for transposeLeft in [false, true] {
              number += 1
              let sizes = Oracle.ProductSizes(
                replicas: replicas, rows: rows, columns: columns, inner: inner,
                transposeLeft: transposeLeft, transposeRight: number % 2 == 0)
              try check(
                sizes, adding: adding, seed: 1500 + number, layout: layout(number / 2),
                on: backend)
            }
          }
        }
      }
    }

    /// Held to the definition on operands that the definition has rounded.
    @Test(arguments: availableBackends + BackendChoice.matrixUnits)
    func operandsInBFloat16(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var number = 0
      for (rows, columns, inner) in Self.sizes + [(130, 129, 260), (3, 5, 4099)] {
        for (transposeLeft, transposeRight) in [(false, false), (false, true), (true, false)] {
          number += 1
          let sizes = Oracle.ProductSizes(
            replicas: 1 + number % 3, rows: rows, columns: columns, inner: inner,
            transposeLeft: transposeLeft, transposeRight: transposeRight)
          try check(
            sizes, adding: Adding.allCases[number / 2 % 3], precision: .bfloat16,
            seed: 1700 + number, layout: layout(number), on: backend)
        }
      }
    }

    private func check(
      _ sizes: Oracle.ProductSizes, adding: Adding, precision: Precision = .float32, seed: Int,
      layout: GuardedTensors.Layout, on backend: any Backend
    ) throws {
      try Trace.with("seed = \(seed), \(sizes), adding \(adding), \(precision), \(layout)") {
        let (r, m, n, k) = (sizes.replicas, sizes.rows, sizes.columns, sizes.inner)
        var numbers = TestNumbers(seed: seed)
        let left = numbers.awkward(r * m * k)
        let right = numbers.awkward(r * k * n)
        let addend = numbers.awkward(r * m * n)
        let tensors = GuardedTensors(backend, layout: layout)
        let a = try tensors.input(left, sizes.transposeLeft ? [r, k, m] : [r, m, k])
        let b = try tensors.input(right, sizes.transposeRight ? [r, n, k] : [r, k, n])
        let output: Tensor
        let c: Tensor?
        switch adding {
        case .nothing: (c, output) = (nil, try tensors.output([r, m, n]))
        case .another:
          (c, output) = (try tensors.input(addend, [r, m, n]), try tensors.output([r, m, n]))
        case .output:
          output = try tensors.updated(addend, [r, m, n])
          c = output
        }
        try backend.matmul(
          a, transposeLeft: sizes.transposeLeft, b, transposeRight: sizes.transposeRight,
          adding: c, precision: precision, into: output)
        func operand(_ values: [Float]) -> [Double] {
          (precision == .float32 ? values : values.map(Oracle.roundedToBFloat16)).doubles
        }
        var expected = Oracle.matmul(
          operand(left), operand(right), adding: adding == .nothing ? nil : addend.doubles, sizes)
        if precision == .bfloat16 { expected.bounds = expected.bounds.map { 2 * $0 } }
        expectWithin(try output.floats(), expected, "matmul", mostlyZero: m * n * r < 4)
        try tensors.verify()
      }
    }

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
