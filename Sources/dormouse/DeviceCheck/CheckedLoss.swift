import Tensors

extension CheckedCall {
  static func losses(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    [(1, 3), (65, 272), (300, 272)].flatMap { logProbabilities(rows: $0, vocabulary: $1, &numbers) }
      + [1, 65, 10_007].flatMap { sums(count: $0, &numbers) }
  }

  private static func logProbabilities(
    rows: Int, vocabulary v: Int, _ numbers: inout CheckNumbers
  ) -> [CheckedCall] {
    let (shape, perRow): (Shape, Shape) = ([3, rows, v], [3, rows])
    let sizes = "R 3, \(rows) rows, V \(v)"
    let logits = numbers.normals(shape.elementCount, scale: 3)
    let targets = numbers.integers(3 * rows, in: 0..<v)
    // One row in eight does not count.
    let upstream = numbers.normals(3 * rows).enumerated().map { $0 % 8 == 7 ? 0 : $1 }
    let logSumExp = (0..<3 * rows).map { row in
      let softmax = BoundedNumber.softmaxWeights(exact(Array(logits[row * v..<(row + 1) * v])))
      return BoundedNumber.logSumExp(maximum: softmax.maximum, total: softmax.total)
    }
    let given = logSumExp.map { Float($0.value) }
    return [
      CheckedCall(
        operation: "tokenLogProbabilities", sizes: sizes,
        operands: [
          .input(logits, shape), .input(targets, perRow), .output(perRow), .output(perRow),
        ],
        expected: {
          let chosen = (0..<3 * rows).map { row in
            BoundedNumber(Double(logits[row * v + Int(targets[row])])) - logSumExp[row]
          }
          return [.numbers(chosen), .numbers(logSumExp)]
        }
      ) { backend, tensors in
        try backend.tokenLogProbabilities(
          tensors[0], targets: tensors[1], into: tensors[2], logSumExp: tensors[3])
      },
      CheckedCall(
        operation: "tokenLogProbabilitiesGradient", sizes: sizes,
        operands: [
          .updated(logits, shape), .input(targets, perRow), .input(given, perRow),
          .input(upstream, perRow),
        ],
        expected: {
          [
            .numbers(
              logits.indices.map { index in
                let row = index / v
                guard upstream[row] != 0 else { return BoundedNumber(0) }
                let (x, lse) = (Double(logits[index]), Double(given[row]))
                var argument = BoundedNumber(x) - BoundedNumber(lse)
                // The exponential's argument in either base.
                argument.error += 2 * BoundedNumber.unitRoundoff * (abs(x) + abs(lse))
                let isTarget = index % v == Int(targets[row])
                return BoundedNumber(Double(upstream[row]))
                  * (BoundedNumber(isTarget ? 1 : 0) - .exponential(argument))
              })
          ]
        }
      ) { backend, tensors in
        try backend.tokenLogProbabilitiesGradient(
          tensors[0], targets: tensors[1], logSumExp: tensors[2], outputGradient: tensors[3],
          into: tensors[0])
      },
    ]
  }

  private static func sums(count: Int, _ numbers: inout CheckNumbers) -> [CheckedCall] {
    let (values, weights) = (numbers.awkward(3 * count), numbers.awkward(3 * count))
    let upstream = numbers.normals(3)
    return [
      CheckedCall(
        operation: "weightedSum", sizes: "R 3, \(count)",
        operands: [.input(values, [3, count]), .input(weights, [3, count]), .output([3])],
        expected: { [.numbers(dots(values, weights, count: count))] }
      ) { try $0.weightedSum($1[0], weights: $1[1], into: $1[2]) },
      CheckedCall(
        operation: "weightedSumGradient", sizes: "R 3, \(count)",
        operands: [.input(weights, [3, count]), .input(upstream, [3]), .output([3, count])],
        expected: {
          let (w, g) = (exact(weights), exact(upstream))
          return [.numbers(w.indices.map { g[$0 / count] * w[$0] })]
        }
      ) { try $0.weightedSumGradient(weights: $1[0], outputGradient: $1[1], into: $1[2]) },
    ]
  }

  /// Σ left · right of each of three replicas.
  static func dots(_ left: [Float], _ right: [Float], count: Int) -> [BoundedNumber] {
    (0..<3).map { r in
      let range = r * count..<(r + 1) * count
      return .dot(left[range].map { Double($0) }, right[range].map { Double($0) })
    }
  }
}
