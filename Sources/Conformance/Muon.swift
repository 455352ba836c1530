import Tensors

extension Oracle {
  /// The running mean and the direction, (R, n, M, N) each, the direction transposed if asked for; a
  /// replica whose control is negative keeps its mean exactly and has a direction of zeros.
  ///
  /// Bounds, with p = (1-β) · control · gradient: m: 4u M̄ with M̄ = |β m| + |p| (two products and one, a
  /// sum; 1 - β is exact for β in [1/2, 1]). The direction β m + p errs by β times that, 2u |p|, and
  /// one rounding each of a product and of the sum.
  public static func muonMomentum(
    gradients: [Double], momentum: [Double], control: [Double], beta: Float, shape: [Int],
    transposed: Bool
  ) -> (momentum: Expected, direction: Expected) {
    let (u, beta) = (unitRoundoff, Double(beta))
    let count = shape[1] * shape[2] * shape[3]
    var mean = Expected(exactly: momentum)
    var direction = Expected(count: gradients.count)
    for index in gradients.indices where control[index / count * 5] >= 0 {
      let part = (1 - beta) * control[index / count * 5] * gradients[index]
      let m = beta * momentum[index] + part
      let magnitude = abs(beta * momentum[index]) + abs(part)
      mean.set(index, m, within: 4 * u * magnitude + 2 * underflow)
      direction.set(
        place(of: index, shape, transposed), beta * m + part,
        within: 6 * u * (beta * magnitude + abs(part)) + 4 * underflow)
    }
    return (mean, direction)
  }

  /// The index in (R, n, N, M) of an element of (R, n, M, N).
  public static func place(of index: Int, _ shape: [Int], _ transposed: Bool) -> Int {
    guard transposed else { return index }
    let (rows, columns) = (shape[2], shape[3])
    let (matrix, row, column) = (
      index / (rows * columns), index / columns % rows, index % columns
    )
    return (matrix * columns + column) * rows + row
  }

  /// X / (√s + ε): 6u of the root (3 ulp), 1u of the sum, 5u of the division, 1u of the product, 1u for
  /// terms in u².
  public static func normalizeMatrices(
    _ matrices: [Double], squaredNorm: [Double], epsilon: Float
  ) -> Expected {
    let count = matrices.count / squaredNorm.count
    var result = Expected(count: matrices.count)
    for index in matrices.indices {
      let value = matrices[index] / (squaredNorm[index / count].squareRoot() + Double(epsilon))
      result.set(index, value, within: 14 * unitRoundoff * abs(value) + underflow)
    }
    return result
  }

  /// a I + b · gram + c · square: two products and two sums, at most 3 roundings of a term.
  public static func addPolynomial(
    _ gram: [Double], _ square: [Double], rows: Int, a: Float, b: Float, c: Float
  ) -> Expected {
    var result = Expected(count: gram.count)
    for index in gram.indices {
      let diagonal = index % (rows * rows) % (rows + 1) == 0 ? Double(a) : 0
      let (first, second) = (Double(b) * gram[index], Double(c) * square[index])
      result.set(
        index, diagonal + first + second,
        within: 4 * unitRoundoff * (diagonal + abs(first) + abs(second)) + 2 * underflow)
    }
    return result
  }

  /// One step along a direction; a replica whose control is negative keeps its values exactly.
  ///
  /// Both factors of θ's terms are products of two or three, the subtractions round what they are
  /// given: within 2u |θ| + 6u |decay| + 4u |step|.
  public static func muonUpdate(
    _ parameters: [Double], direction: [Double], control: [Double], scale: Float, decay: Float,
    shape: [Int], transposed: Bool
  ) -> Expected {
    let count = shape[1] * shape[2] * shape[3]
    var result = Expected(exactly: parameters)
    for index in parameters.indices where control[index / count * 5] >= 0 {
      let row = index / count * 5
      let theta = parameters[index]
      let shrinking = control[row + 1] * Double(decay) * control[row + 4] * theta
      let step =
        control[row + 1] * Double(scale) * direction[place(of: index, shape, transposed)]
      result.set(
        index, theta - shrinking - step,
        within: unitRoundoff * (2 * abs(theta) + 6 * abs(shrinking) + 4 * abs(step))
          + 3 * underflow)
    }
    return result
  }

  /// The bound on the error of an element of an orthogonalized (M, K) matrix, against the same five
  /// steps in double precision: 33 · (√K + 8) · 2⁻²⁴.
  ///
  /// With p(x) = a x + b x³ + c x⁵ a step turns a perturbation E into one of at most 3.97 |E|, the
  /// largest of |p'(x)| and p(x)/x for the singular values that occur, 0 to max p = 1.2025. The
  /// products of a step add an error of (√K + 8) 2⁻²⁴ of an element's terms, because roundings are
  /// independent, and the terms of an element sum to less than 1. The sum over five steps is 1 +
  /// 3.97 + ... + 3.97⁴ = 331. A tenth of it is allowed, because no direction grows at that rate in
  /// every step.
  static func orthogonalizeError(columns: Int) -> Double {
    33 * (Double(columns).squareRoot() + 8) * unitRoundoff
  }

  /// Five Newton-Schulz steps of one (M, K) matrix with M <= K, in the form of the reference: B = b
  /// A + c A A with A = X Xᵀ, X = a X + B X.
  public static func orthogonalize(_ matrix: [Double], rows: Int) -> [Double] {
    let columns = matrix.count / rows
    let norm = matrix.reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-7
    var x = matrix.map { $0 / norm }
    for _ in 0..<5 {
      var gram = [Double](repeating: 0, count: rows * rows)
      for i in 0..<rows {
        for j in 0..<rows {
          for k in 0..<columns { gram[i * rows + j] += x[i * columns + k] * x[j * columns + k] }
        }
      }
      var polynomial = gram.map { -4.7750 * $0 }
      for i in 0..<rows {
        for j in 0..<rows {
          for k in 0..<rows {
            polynomial[i * rows + j] += 2.0315 * gram[i * rows + k] * gram[k * rows + j]
          }
        }
      }
      var next = x.map { 3.4445 * $0 }
      for i in 0..<rows {
        for k in 0..<rows {
          for j in 0..<columns {
            next[i * columns + j] += polynomial[i * rows + k] * x[k * columns + j]
          }
        }
      }
      x = next
    }
    return x
  }
}

extension OperationDescription {
  static let muonMomentum = OperationDescription("muonMomentum") { extent, numbers in
    blocks(extent).map { block, transposed in
      let direction = transposed ? turned(block) : block
      let (gradients, momentum) = (
        numbers.awkward(block.elementCount), numbers.normals(block.elementCount)
      )
      let (beta, control): (Float, [Float]) = (0.95, control(block.replicas))
      return OperationCase(
        "muonMomentum", text(block, transposed),
        [
          .input(gradients, block), .updated(momentum, block),
          .input(control, [block.replicas, 5]), .output(direction),
        ], flops: 7 * Double(block.elementCount),
        expected: {
          let result = Oracle.muonMomentum(
            gradients: gradients.doubles, momentum: momentum.doubles, control: control.doubles,
            beta: beta, shape: block.dimensions, transposed: transposed)
          return [.numbers(result.momentum), .numbers(result.direction)]
        }
      ) { backend, tensors in
        try backend.muonMomentum(
          gradients: tensors[0], momentum: tensors[1], control: tensors[2], beta: beta,
          into: tensors[3])
      }
    }
  }

  static let muonUpdate = OperationDescription("muonUpdate") { extent, numbers in
    blocks(extent).map { block, transposed in
      let (parameters, direction) = (
        numbers.normals(block.elementCount), numbers.normals(block.elementCount)
      )
      let control = control(block.replicas)
      let (scale, decay): (Float, Float) = (1.7, 3)
      return OperationCase(
        "muonUpdate", text(block, transposed),
        [
          .updated(parameters, block), .input(direction, transposed ? turned(block) : block),
          .input(control, [block.replicas, 5]),
        ], flops: 4 * Double(block.elementCount),
        expected: {
          [
            .numbers(
              Oracle.muonUpdate(
                parameters.doubles, direction: direction.doubles, control: control.doubles,
                scale: scale, decay: decay, shape: block.dimensions, transposed: transposed))
          ]
        }
      ) { backend, tensors in
        try backend.muonUpdate(
          parameters: tensors[0], direction: tensors[1], control: tensors[2], scale: scale,
          decay: decay)
      }
    }
  }

  static let addPolynomial = OperationDescription("addPolynomial") { extent, numbers in
    let sizes: [(Int, Int)] =
      switch extent {
      case .cohort: [(5, 95)]
      case .small: [(3, 19)]
      case .device: [(3, 1), (3, 9), (3, 70)]
      case .every: [(1, 1), (3, 2), (2, 7), (2, 8), (5, 17), (1, 95)]
      }
    return sizes.map { count, rows in
      let shape: Shape = [count, rows, rows]
      let (gram, square) = (
        numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount)
      )
      let (a, b, c): (Float, Float, Float) = (3.4445, -4.775, 2.0315)
      return OperationCase(
        "addPolynomial", "R \(count), M \(rows)", [.input(gram, shape), .updated(square, shape)],
        flops: 3 * Double(shape.elementCount),
        expected: {
          [
            .numbers(
              Oracle.addPolynomial(gram.doubles, square.doubles, rows: rows, a: a, b: b, c: c))
          ]
        }
      ) { try $0.addPolynomial($1[0], into: $1[1], a: a, b: b, c: c) }
    }
  }

  static let normalizeMatrices = OperationDescription("normalizeMatrices") { extent, numbers in
    let shapes: [Shape] =
      extent == .device ? [[3, 1], [3, 65], [3, 40_009]] : blocks(extent).map(\.0)
    return shapes.map { shape in
      let matrices = numbers.normals(shape.elementCount)
      // A matrix of zeros has a norm of zero.
      let squares = (0..<shape.replicas).map { $0 == 1 ? 0 : Float(4 + $0) * 1e-3 }
      let epsilon: Float = 1e-7
      return OperationCase(
        "normalizeMatrices", "R \(shape.replicas), \(shape.elementsPerReplica) elements",
        [.updated(matrices, shape), .input(squares, [shape.replicas])],
        flops: Double(shape.elementCount),
        expected: {
          [
            .numbers(
              Oracle.normalizeMatrices(
                matrices.doubles, squaredNorm: squares.doubles, epsilon: epsilon))
          ]
        }
      ) { try $0.normalizeMatrices($1[0], squaredNorm: $1[1], epsilon: epsilon) }
    }
  }

  /// Five Newton-Schulz steps: products and the operations above.
  static let orthogonalize = OperationDescription("orthogonalize") { extent, numbers in
    let sizes: [(Int, Int, Int)] =
      switch extent {
      case .cohort: [(5, 40, 66)]
      case .small: [(3, 9, 17)]
      case .device: [(3, 1, 9), (3, 24, 24), (3, 31, 80)]
      case .every:
        [
          (1, 1, 1), (3, 1, 9), (2, 2, 2), (4, 7, 11), (3, 24, 24), (2, 31, 80), (1, 65, 130),
        ]
      }
    return sizes.map { count, rows, columns in
      let shape: Shape = [count, rows, columns]
      let block = rows * columns
      var values = numbers.normals(shape.elementCount, scale: 0.01)
      // The last row of the last matrix repeats its first: a singular value of zero.
      if rows > 1 {
        let last = values.count - block
        values.replaceSubrange((values.count - columns)..., with: values[last..<last + columns])
      }
      let products = 2 * block * rows + rows * rows * rows
      return OperationCase(
        "orthogonalize", "R \(count), M \(rows), K \(columns)",
        [.input(values, shape), .output(shape)], flops: 10 * Double(count * products),
        expected: { [values] in
          let matrices = (0..<count).flatMap { matrix in
            Oracle.orthogonalize(
              values[matrix * block..<(matrix + 1) * block].map { Double($0) }, rows: rows)
          }
          var result = Expected(exactly: matrices)
          let bound = Oracle.orthogonalizeError(columns: columns)
          result.bounds = result.bounds.map { _ in bound }
          return [.numbers(result)]
        }
      ) { backend, tensors in
        let matrices = try backend.empty(tensors[0].shape)
        try backend.copy(tensors[0], to: matrices)
        try backend.copy(try backend.orthogonalize(matrices), to: tensors[1])
      }
    }
  }

  /// Blocks (R, n, M, N): single elements, rows and columns, wide and tall matrices, sizes above a
  /// vector and above the elements of one work-item; and whether the direction is transposed.
  private static func blocks(_ extent: Extent) -> [(Shape, Bool)] {
    switch extent {
    case .cohort: [([5, 3, 70, 130], true), ([5, 3, 70, 130], false)]
    case .small: [([3, 1, 19, 35], true), ([3, 1, 19, 35], false)]
    case .device: [([3, 1, 1, 1], false), ([3, 3, 9, 17], true), ([3, 2, 90, 70], false)]
    case .every:
      ([
        [1, 1, 1, 1], [2, 3, 1, 5], [2, 2, 5, 1], [3, 1, 7, 7], [2, 4, 8, 16], [2, 3, 17, 9],
        [2, 2, 33, 40], [1, 3, 130, 71],
      ] as [Shape]).flatMap { shape in
        (shape[2] == shape[3] ? [false] : [false, true]).map { (shape, $0) }
      }
    }
  }

  private static func turned(_ block: Shape) -> Shape { [block[0], block[1], block[3], block[2]] }

  private static func text(_ block: Shape, _ transposed: Bool) -> String {
    "R \(block[0]), n \(block[1]), M \(block[2]), N \(block[3])"
      + (transposed ? ", transposed" : "")
  }
}
