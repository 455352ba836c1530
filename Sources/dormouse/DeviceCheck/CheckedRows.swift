import Tensors

extension CheckedCall {
  /// Rows and channels of operations on rows.
  private static let rowSizes = [(1, 1), (65, 33), (300, 64)]

  static func normalizations(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    rowSizes.flatMap { rows, c -> [CheckedCall] in
      let shape: Shape = [3, rows, c]
      let (input, upstream) = (numbers.awkward(3 * rows * c), numbers.normals(3 * rows * c))
      let (weight, adding) = (numbers.normals(3 * c), numbers.normals(3 * rows * c))
      let epsilon: Float = 1e-5
      let exactScale = (0..<3 * rows).map { row in
        let squares = input[row * c..<(row + 1) * c].reduce(0) { $0 + Double($1) * Double($1) }
        return 1 / (squares / Double(c) + Double(epsilon)).squareRoot()
      }
      let scale = exactScale.map { Float($0) }
      return [
        CheckedCall(
          operation: "rmsNorm", sizes: "R 3, \(rows) x \(c)",
          operands: [
            .input(input, shape), .input(weight, [3, c]), .output(shape), .output([3, rows]),
          ],
          // (C + 16) u of the value, as the contract says, and the same for the scale.
          expected: {
            let roundings = Double(c + 16)
            return [
              .numbers(
                input.indices.map { index in
                  let factor = Double(weight[index / (rows * c) * c + index % c])
                  return BoundedNumber(
                    Double(input[index]) * exactScale[index / c] * factor, roundings: roundings)
                }),
              .numbers(exactScale.map { BoundedNumber($0, roundings: roundings) }),
            ]
          }
        ) { backend, tensors in
          try backend.rmsNorm(
            tensors[0], weight: tensors[1], epsilon: epsilon, into: tensors[2], scale: tensors[3])
        },
        CheckedCall(
          operation: "rmsNormGradient", sizes: "R 3, \(rows) x \(c)",
          operands: [
            .input(input, shape), .input(weight, [3, c]), .input(scale, [3, rows]),
            .input(upstream, shape), .updated(adding, shape), .output([3, c]),
          ],
          expected: {
            let (x, g, w) = (exact(input), exact(upstream), exact(weight))
            let (s, a) = (exact(scale), exact(adding))
            var inputs: [BoundedNumber] = []
            for row in 0..<3 * rows {
              let (at, weights) = (row * c, row / rows * c)
              let total = BoundedNumber.sum(
                (0..<c).map { w[weights + $0] * g[at + $0] * x[at + $0] })
              let pull = total * s[row] * s[row] / BoundedNumber(Double(c))
              for i in 0..<c {
                inputs.append(
                  s[row] * (w[weights + i] * g[at + i] - x[at + i] * pull) + a[at + i])
              }
            }
            let weightGradient = (0..<3 * c).map { index in
              BoundedNumber.sum(
                (0..<rows).map { row in
                  let (all, channel) = (index / c * rows + row, index % c)
                  return g[all * c + channel] * x[all * c + channel] * s[all]
                })
            }
            return [.numbers(inputs), .numbers(weightGradient)]
          }
        ) { backend, tensors in
          try backend.rmsNormGradient(
            tensors[0], weight: tensors[1], scale: tensors[2], outputGradient: tensors[3],
            adding: tensors[4], into: tensors[4], weightGradient: tensors[5])
        },
      ]
    }
  }

  static func elementwise(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    rowSizes.flatMap { rows, f -> [CheckedCall] in
      let (narrow, wide): (Shape, Shape) = ([3, rows, f], [3, rows, 2 * f])
      let (left, right) = (numbers.awkward(3 * rows * f), numbers.awkward(3 * rows * f))
      let gateAndUp = numbers.normals(3 * rows * 2 * f, scale: 3)
      let sizes = "R 3, \(rows) x \(f)"
      func gateIndex(_ index: Int) -> Int { index / f * 2 * f + index % f }
      func sigma(_ x: BoundedNumber) -> BoundedNumber {
        BoundedNumber(1) / (BoundedNumber(1) + .exponential(-x))
      }
      return [
        CheckedCall(
          operation: "add", sizes: sizes,
          operands: [.input(left, narrow), .updated(right, narrow)],
          // Correctly rounded.
          expected: { [.exactly(zip(left, right).map { $0 + $1 })] }
        ) { try $0.add($1[0], $1[1], into: $1[1]) },
        CheckedCall(
          operation: "roundToBFloat16", sizes: sizes,
          operands: [.input(left, narrow), .output(narrow)],
          // Eight places: seven after the significand's first. The numbers are none too small for them.
          expected: {
            [
              .exactly(
                left.map { x in
                  if x == 0 { return x }
                  let significand = (x.significand * 128).rounded(.toNearestOrEven) / 128
                  return Float(sign: x.sign, exponent: x.exponent, significand: significand)
                })
            ]
          }
        ) { try $0.roundToBFloat16($1[0], into: $1[1]) },
        CheckedCall(
          operation: "swiGLU", sizes: sizes,
          operands: [.input(gateAndUp, wide), .output(narrow)],
          expected: {
            let x = exact(gateAndUp)
            return [
              .numbers(
                left.indices.map {
                  let gate = x[gateIndex($0)]
                  return gate * sigma(gate) * x[gateIndex($0) + f]
                })
            ]
          }
        ) { try $0.swiGLU($1[0], into: $1[1]) },
        CheckedCall(
          operation: "swiGLUGradient", sizes: sizes,
          operands: [.updated(gateAndUp, wide), .input(left, narrow)],
          expected: {
            let (x, g) = (exact(gateAndUp), exact(left))
            var result = x
            for index in g.indices {
              let place = gateIndex(index)
              let (gate, up, one) = (x[place], x[place + f], BoundedNumber(1))
              result[place] =
                g[index] * up * sigma(gate) * (one + gate * (one - sigma(gate)))
              result[place + f] = g[index] * gate * sigma(gate)
            }
            return [.numbers(result)]
          }
        ) { try $0.swiGLUGradient($1[0], outputGradient: $1[1], into: $1[0]) },
      ]
    }
  }

  /// Indices of -1 among the others.
  static func embeddings(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    [(1, 3, 1), (65, 3, 33), (300, 272, 64)].flatMap { count, v, c -> [CheckedCall] in
      let (rows, tableShape): (Shape, Shape) = ([3, count, c], [3, v, c])
      let indices = numbers.integers(3 * count, in: -1..<v)
      let (table, upstream) = (numbers.awkward(3 * v * c), numbers.awkward(3 * count * c))
      let sizes = "R 3, \(count) of V \(v), C \(c)"
      let gathers = CheckedCall(
        operation: "embedding", sizes: sizes,
        operands: [.input(indices, [3, count]), .input(table, tableShape), .output(rows)],
        expected: {
          [
            .exactly(
              indices.enumerated().flatMap { position, index in
                (0..<c).map {
                  index < 0 ? 0 : table[(position / count * v + Int(index)) * c + $0]
                }
              })
          ]
        }
      ) { try $0.embedding($1[0], table: $1[1], into: $1[2]) }
      let sums = [false, true].map { accumulate in
        CheckedCall(
          operation: "embeddingGradient", sizes: sizes + (accumulate ? ", onto" : ""),
          operands: [
            .input(indices, [3, count]), .input(upstream, rows),
            accumulate ? .updated(table, tableShape) : .output(tableShape),
          ],
          expected: {
            var terms = table.map { accumulate ? [BoundedNumber(Double($0))] : [] }
            for (position, index) in indices.enumerated() where index >= 0 {
              let first = (position / count * v + Int(index)) * c
              for i in 0..<c {
                terms[first + i].append(BoundedNumber(Double(upstream[position * c + i])))
              }
            }
            // What nothing is added to is exact.
            return [
              .numbers(terms.map { $0.count > 1 ? .sum($0) : $0.first ?? BoundedNumber(0) })
            ]
          }
        ) {
          try $0.embeddingGradient(
            $1[0], outputGradient: $1[1], accumulate: accumulate, into: $1[2])
        }
      }
      return [gathers] + sums
    }
  }

  static func exact(_ values: [Float]) -> [BoundedNumber] {
    values.map { BoundedNumber(Double($0)) }
  }
}
