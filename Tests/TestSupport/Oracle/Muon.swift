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

  /// Where an element of (R, n, M, N) is in (R, n, N, M).
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

  /// Five Newton-Schulz steps of one (M, K) matrix with M <= K, as the reference writes them:
  /// B = b A + c A A with A = X Xᵀ, X = a X + B X.
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
