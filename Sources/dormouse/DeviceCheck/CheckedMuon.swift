import Tensors

extension CheckedCall {
  /// What Muon needs beside products: blocks of matrices as they are and transposed.
  static func matrixUpdates(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    var calls: [CheckedCall] = []
    for (block, transposed) in [([1, 1, 1], false), ([3, 9, 17], true), ([2, 90, 70], false)] {
      calls.append(muonMomentum(block, transposed, &numbers))
      calls.append(muonUpdate(block, transposed, &numbers))
    }
    for rows in [1, 9, 70] { calls.append(addPolynomial(rows, &numbers)) }
    for count in [1, 65, 40_009] { calls.append(normalizeMatrices(count, &numbers)) }
    return calls
  }

  /// (3, n, M, N), and the place of each of its elements in its direction.
  private struct Block {
    let shape: Shape
    let direction: Shape
    let sizes: String
    let places: [Int]

    init(_ block: [Int], _ transposed: Bool) {
      let (n, rows, columns) = (block[0], block[1], block[2])
      shape = Shape([3] + block)
      direction = transposed ? [3, n, columns, rows] : shape
      sizes = "R 3, n \(n), M \(rows), N \(columns)" + (transposed ? ", transposed" : "")
      places = (0..<shape.elementCount).map { index in
        let (row, column) = (index / columns, index % columns)
        return transposed ? (row / rows * columns + column) * rows + row % rows : index
      }
    }
  }

  private static func muonMomentum(
    _ sizes: [Int], _ transposed: Bool, _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let block = Block(sizes, transposed)
    let count = block.shape.elementCount
    let (gradients, momentum) = (numbers.awkward(count), numbers.normals(count))
    let beta: Float = 0.95
    return CheckedCall(
      operation: "muonMomentum", sizes: block.sizes,
      operands: [
        .input(gradients, block.shape), .updated(momentum, block.shape), .input(control, [3, 5]),
        .output(block.direction),
      ],
      expected: {
        var m = exact(momentum)
        var direction = [BoundedNumber](repeating: BoundedNumber(0), count: count)
        let (g, c, constants) = (exact(gradients), exact(control), exact([beta, 1]))
        for index in 0..<count where control[index / (count / 3) * 5] >= 0 {
          let part =
            (constants[1] - constants[0]) * (c[index / (count / 3) * 5] * g[index])
          m[index] = constants[0] * m[index] + part
          direction[block.places[index]] = constants[0] * m[index] + part
        }
        return [.numbers(m), .numbers(direction)]
      }
    ) { backend, tensors in
      try backend.muonMomentum(
        gradients: tensors[0], momentum: tensors[1], control: tensors[2], beta: beta,
        into: tensors[3])
    }
  }

  private static func muonUpdate(
    _ sizes: [Int], _ transposed: Bool, _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let block = Block(sizes, transposed)
    let count = block.shape.elementCount
    let (parameters, direction) = (numbers.normals(count), numbers.normals(count))
    let (scale, decay): (Float, Float) = (1.7, 3)
    return CheckedCall(
      operation: "muonUpdate", sizes: block.sizes,
      operands: [
        .updated(parameters, block.shape), .input(direction, block.direction),
        .input(control, [3, 5]),
      ],
      expected: {
        var theta = exact(parameters)
        let (d, c, factors) = (exact(direction), exact(control), exact([scale, decay]))
        for index in 0..<count where control[index / (count / 3) * 5] >= 0 {
          let row = index / (count / 3) * 5
          let kept = theta[index] - c[row + 1] * factors[1] * c[row + 4] * theta[index]
          theta[index] = kept - c[row + 1] * factors[0] * d[block.places[index]]
        }
        return [.numbers(theta)]
      }
    ) { backend, tensors in
      try backend.muonUpdate(
        parameters: tensors[0], direction: tensors[1], control: tensors[2], scale: scale,
        decay: decay)
    }
  }

  private static func addPolynomial(_ rows: Int, _ numbers: inout CheckNumbers) -> CheckedCall {
    let shape: Shape = [3, rows, rows]
    let (gram, square) = (numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount))
    let (a, b, c): (Float, Float, Float) = (3.4445, -4.775, 2.0315)
    return CheckedCall(
      operation: "addPolynomial", sizes: "R 3, M \(rows)",
      operands: [.input(gram, shape), .updated(square, shape)],
      expected: {
        let (x, y, constants) = (exact(gram), exact(square), exact([a, b, c]))
        return [
          .numbers(
            x.indices.map { index in
              let isDiagonal = index % (rows * rows) % (rows + 1) == 0
              let terms = [constants[1] * x[index], constants[2] * y[index]]
              return .sum(terms + (isDiagonal ? [constants[0]] : []))
            })
        ]
      }
    ) { backend, tensors in
      try backend.addPolynomial(tensors[0], into: tensors[1], a: a, b: b, c: c)
    }
  }

  private static func normalizeMatrices(
    _ count: Int, _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let matrices = numbers.normals(3 * count)
    let squares: [Float] = [1e-6, 0, 7]
    let epsilon: Float = 1e-7
    return CheckedCall(
      operation: "normalizeMatrices", sizes: "R 3, \(count) elements",
      operands: [.updated(matrices, [3, count]), .input(squares, [3])],
      expected: {
        let (x, s, constants) = (exact(matrices), exact(squares), exact([epsilon, 1]))
        return [
          .numbers(
            x.indices.map { index in
              x[index] * (constants[1] / (.squareRoot(s[index / count]) + constants[0]))
            })
        ]
      }
    ) { backend, tensors in
      try backend.normalizeMatrices(tensors[0], squaredNorm: tensors[1], epsilon: epsilon)
    }
  }
}
