import Tensors

extension CheckedCall {
  /// Products of every size with both operands transposed or not, of float32 and of bfloat16 operands;
  /// every other one adds its output. The long inner size is a weight gradient's.
  static func products(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    Precision.allCases.flatMap { products(of: $0, &numbers) }
  }

  private static func products(
    of precision: Precision, _ numbers: inout CheckNumbers
  ) -> [CheckedCall] {
    let sizes = [(1, 1, 1), (7, 31, 65), (97, 129, 33), (256, 192, 64), (48, 64, 1030)]
    var calls: [CheckedCall] = []
    for (m, n, k) in sizes {
      for form in 0..<4 {
        let (transposeLeft, transposeRight) = (form & 1 != 0, form & 2 != 0)
        let adds = form == 0 || form == 3
        // bfloat16 operands that need no rounding: what rounds them is checked by itself.
        let rounding: (Float) -> Float = {
          precision == .float32 ? $0 : Float(bitPattern: $0.bitPattern & 0xffff_0000)
        }
        let left = numbers.awkward(3 * m * k).map(rounding)
        let right = numbers.awkward(3 * k * n).map(rounding)
        let adding = numbers.awkward(3 * m * n)
        calls.append(
          CheckedCall(
            operation: precision == .float32 ? "matmul" : "matmul of bfloat16",
            sizes: "R 3, \(m) x \(n) x \(k), \(transposeLeft ? "T" : "N")"
              + "\(transposeRight ? "T" : "N")\(adds ? ", adding" : "")",
            operands: [
              .input(left, transposeLeft ? [3, k, m] : [3, m, k]),
              .input(right, transposeRight ? [3, n, k] : [3, k, n]),
              adds ? .updated(adding, [3, m, n]) : .output([3, m, n]),
            ],
            expected: {
              [
                .numbers(
                  product(
                    left, transposeLeft: transposeLeft, right, transposeRight: transposeRight,
                    adding: adds ? adding : nil, precision: precision, replicas: 3, m, n, k))
              ]
            }
          ) { backend, tensors in
            try backend.matmul(
              tensors[0], transposeLeft: transposeLeft, tensors[1],
              transposeRight: transposeRight, adding: adds ? tensors[2] : nil, precision: precision,
              into: tensors[2])
          })
      }
    }
    return calls
  }

  /// Σ_k a_mk b_kn (+ c_mn) within (K + 8) u (Σ_k |a_mk| |b_kn| + |c_mn|), of bfloat16 operands within
  /// twice that, as the contract says.
  private static func product(
    _ left: [Float], transposeLeft: Bool, _ right: [Float], transposeRight: Bool,
    adding: [Float]?, precision: Precision, replicas: Int, _ m: Int, _ n: Int, _ k: Int
  ) -> [BoundedNumber] {
    var result: [BoundedNumber] = []
    result.reserveCapacity(replicas * m * n)
    let (leftStep, rightStep) = (transposeLeft ? m : 1, transposeRight ? 1 : n)
    for r in 0..<replicas {
      for row in 0..<m {
        for column in 0..<n {
          let leftStart = r * m * k + row * (transposeLeft ? 1 : k)
          let rightStart = r * k * n + column * (transposeRight ? k : 1)
          var value = adding.map { Double($0[(r * m + row) * n + column]) } ?? 0
          var magnitude = abs(value)
          for i in 0..<k {
            let term =
              Double(left[leftStart + i * leftStep]) * Double(right[rightStart + i * rightStep])
            value += term
            magnitude += abs(term)
          }
          result.append(
            BoundedNumber(
              value,
              error: Double((k + 8) * (precision == .float32 ? 1 : 2))
                * BoundedNumber.unitRoundoff * magnitude))
        }
      }
    }
    return result
  }
}
