import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct MuonTests {
    /// Blocks (R, n, M, N): single elements, rows and columns, both ways of being oblong, sizes past a
    /// vector's and past what one work-item takes.
    static let shapes: [[Int]] = [
      [1, 1, 1, 1], [2, 3, 1, 5], [2, 2, 5, 1], [3, 1, 7, 7], [2, 4, 8, 16], [2, 3, 17, 9],
      [2, 2, 33, 40], [1, 3, 130, 71],
    ]

    /// The second replica is not updated.
    private static func control(_ replicas: Int) -> [Float] {
      (0..<replicas).flatMap { r -> [Float] in
        r == 1 ? [-1, .nan, .nan, .nan, .nan] : [r == 0 ? 1 : 0.3, 0.02, .nan, .nan, 0.1]
      }
    }

    /// Calls `body` with every shape, and with every oblong one a second time, transposed.
    private static func forEach(
      seed: Int, _ body: (Int, [Int], Bool, Shape, inout TestNumbers) throws -> Void
    ) throws {
      for (number, shape) in shapes.enumerated() {
        for transposed in shape[2] == shape[3] ? [false] : [false, true] {
          try Trace.with("seed = \(seed + number), \(shape), transposed \(transposed)") {
            var numbers = TestNumbers(seed: seed + number)
            let turned = transposed ? [shape[0], shape[1], shape[3], shape[2]] : shape
            try body(number, shape, transposed, Shape(turned), &numbers)
          }
        }
      }
    }

    @Test(arguments: availableBackends)
    func muonMomentum(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      try Self.forEach(seed: 8500) { number, shape, transposed, turned, numbers in
        let count = turned.elementCount
        let (gradients, momentum) = (numbers.awkward(count), numbers.normals(count))
        let control = Self.control(shape[0])
        let tensors = GuardedTensors(backend, layout: layout(number))
        let mean = try tensors.updated(momentum, Shape(shape))
        let direction = try tensors.output(turned)
        try backend.muonMomentum(
          gradients: try tensors.input(gradients, Shape(shape)), momentum: mean,
          control: try tensors.input(control, [shape[0], 5]), beta: 0.95, into: direction)
        let expected = Oracle.muonMomentum(
          gradients: gradients.doubles, momentum: momentum.doubles, control: control.doubles,
          beta: 0.95, shape: shape, transposed: transposed)
        expectWithin(try mean.floats(), expected.momentum, "momentum")
        // One of two replicas has a direction of zeros.
        expectWithin(try direction.floats(), expected.direction, "direction", mostlyZero: true)
        try tensors.verify()
      }
    }

    @Test(arguments: availableBackends)
    func normalizeMatrices(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      try Self.forEach(seed: 8600) { number, shape, _, turned, numbers in
        let matrices = numbers.normals(turned.elementCount)
        // A matrix of zeros has a norm of zero and stays as it is.
        let squares = (0..<shape[0]).map { $0 == 1 ? 0 : Float(4 + $0) * 1e-3 }
        let tensors = GuardedTensors(backend, layout: layout(number))
        let result = try tensors.updated(matrices, turned)
        try backend.normalizeMatrices(
          result, squaredNorm: try tensors.input(squares, [shape[0]]), epsilon: 1e-7)
        expectWithin(
          try result.floats(),
          Oracle.normalizeMatrices(matrices.doubles, squaredNorm: squares.doubles, epsilon: 1e-7),
          "normalizeMatrices")
        try tensors.verify()
      }
    }

    @Test(arguments: availableBackends)
    func addPolynomial(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (matrices, rows)) in [(1, 1), (3, 2), (2, 7), (2, 8), (5, 17), (1, 95)]
        .enumerated()
      {
        try Trace.with("seed = \(8700 + number), \(matrices) x \(rows)") {
          var numbers = TestNumbers(seed: 8700 + number)
          let shape: Shape = [matrices, rows, rows]
          let (gram, square) = (
            numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount)
          )
          let tensors = GuardedTensors(backend, layout: layout(number))
          let result = try tensors.updated(square, shape)
          try backend.addPolynomial(
            try tensors.input(gram, shape), into: result, a: 3.4445, b: -4.775, c: 2.0315)
          expectWithin(
            try result.floats(),
            Oracle.addPolynomial(
              gram.doubles, square.doubles, rows: rows, a: 3.4445, b: -4.775, c: 2.0315),
            "addPolynomial")
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func muonUpdate(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      try Self.forEach(seed: 8800) { number, shape, transposed, turned, numbers in
        let count = turned.elementCount
        let (start, direction) = (numbers.normals(count), numbers.normals(count))
        let control = Self.control(shape[0])
        let tensors = GuardedTensors(backend, layout: layout(number))
        let parameters = try tensors.updated(start, Shape(shape))
        try backend.muonUpdate(
          parameters: parameters, direction: try tensors.input(direction, turned),
          control: try tensors.input(control, [shape[0], 5]), scale: 1.7, decay: 3)
        expectWithin(
          try parameters.floats(),
          Oracle.muonUpdate(
            start.doubles, direction: direction.doubles, control: control.doubles, scale: 1.7,
            decay: 3, shape: shape, transposed: transposed), "muonUpdate")
        try tensors.verify()
      }
    }

    // MARK: Newton-Schulz

    /// How far an element of an orthogonalized (M, K) matrix may be from the same five steps in double
    /// precision: 33 · (√K + 8) · 2⁻²⁴.
    ///
    /// With p(x) = a x + b x³ + c x⁵ a step turns a perturbation E into one of at most 3.97 |E|, the
    /// largest of |p'(x)| and p(x)/x for the singular values that occur, 0 to max p = 1.2025. What a
    /// step's own products add is (√K + 8) 2⁻²⁴ of an element's terms, roundings being independent, and
    /// the terms of an element sum to less than 1. Added over five steps: 1 + 3.97 + ... + 3.97⁴ = 331.
    /// A tenth of it is allowed, since no direction grows at that rate in every step.
    private static func tolerance(_ columns: Int) -> Double {
      33 * (Double(columns).squareRoot() + 8) * 0x1p-24
    }

    @Test(arguments: availableBackends)
    func orthogonalize(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var worst = 0.0
      for (number, (matrices, rows, columns)) in [
        (1, 1, 1), (3, 1, 9), (2, 2, 2), (4, 7, 11), (3, 24, 24), (2, 31, 80), (1, 65, 130),
      ].enumerated() {
        var numbers = TestNumbers(seed: 8900 + number)
        var values = numbers.normals(matrices * rows * columns, scale: 0.01)
        // The last row of the last matrix repeats its first: a singular value of zero.
        if rows > 1 {
          let last = values.count - rows * columns
          values.replaceSubrange(
            (values.count - columns)..., with: values[last..<last + columns])
        }
        let result = try backend.orthogonalize(
          try backend.tensor(values, [matrices, rows, columns])
        ).floats()
        for matrix in 0..<matrices {
          let range = matrix * rows * columns..<(matrix + 1) * rows * columns
          let expected = Oracle.orthogonalize(Array(values[range]).doubles, rows: rows)
          for (value, wanted) in zip(result[range], expected) {
            let ratio = abs(Double(value) - wanted) / Self.tolerance(columns)
            #expect(ratio <= 1, "\(rows) x \(columns): \(value), not \(wanted)")
            worst = max(worst, ratio)
          }
        }
      }
      print("\(choice.name): orthogonalized matrices err by at most \(worst) of the tolerance")
    }

    /// Zeros stay zeros, and a matrix of any size has the direction of its multiples.
    @Test(arguments: availableBackends)
    func orthogonalizeHasNoScale(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var numbers = TestNumbers(seed: 8950)
      let values = numbers.normals(6 * 10)
      func result(_ factor: Float) throws -> [Float] {
        try backend.orthogonalize(try backend.tensor(values.map { $0 * factor }, [1, 6, 10]))
          .floats()
      }
      #expect(try result(0).allSatisfy { $0 == 0 })
      let whole = try result(1)
      for (value, scaled) in zip(whole, try result(1024)) { #expect(abs(value - scaled) < 1e-4) }
      // A row's length lies between the least and the largest singular value.
      for row in 0..<6 {
        let squares = whole[row * 10..<(row + 1) * 10].reduce(0) { $0 + $1 * $1 }
        #expect(squares > 0.68 * 0.68 && squares < 1.21 * 1.21, "row \(row): \(squares)")
      }
    }
  }
}
