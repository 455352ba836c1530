import Tensors

extension CheckedCall {
  static func updates(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    var calls = [gates(&numbers)]
    for (count, decayed) in [(1, 1), (65, 20), (40_009, 17_001)] {
      let values = numbers.awkward(3 * count)
      calls.append(
        CheckedCall(
          operation: "sumOfSquares", sizes: "R 3, P \(count)",
          operands: [.input(values, [3, count]), .output([3])],
          expected: { [.numbers(dots(values, values, count: count))] }
        ) { try $0.sumOfSquares($1[0], into: $1[1]) })
      calls.append(adamW(count: count, decayed: decayed, &numbers))
      calls.append(sgd(count: count, decayed: decayed, &numbers))
    }
    return calls
  }

  /// Replicas: updated, clipped, stopped, latched, at the end of the schedule, with a loss that is not
  /// a number, with an infinite norm, and updated at the last step.
  private static func gates(_ numbers: inout CheckNumbers) -> CheckedCall {
    let loss: [Float] = [1, 2, 3, 4, 5, .nan, 7, 8]
    let squaredNorm: [Float] = [0.25, 100, 1, 1, 1, 1, .infinity, 3]
    let steps: [Int32] = [0, 1, 1, 0, 3, 0, 1, 2]
    let active: [Int32] = [1, 1, 0, -1, 1, 1, 1, 1]
    let schedule = numbers.normals(8 * 3 * 4)
    let clip: Float = 0.7
    // What a refused row holds behind its first element is open, and may be what it held before.
    let before = [Float](repeating: 9, count: 8 * 5)
    let updated = [true, true, false, false, false, false, false, true]
    return CheckedCall(
      operation: "gateUpdate", sizes: "R 8, S 3",
      operands: [
        .input(loss, [8]), .input(squaredNorm, [8]), .input(schedule, [8, 3, 4]),
        .integers(.updated, steps, [8]), .integers(.updated, active, [8]),
        .updated(before, [8, 5]),
      ],
      expected: {
        let control = (0..<8).flatMap { r -> [BoundedNumber] in
          guard updated[r] else { return [BoundedNumber(-1), .open, .open, .open, .open] }
          let norm = BoundedNumber.squareRoot(BoundedNumber(Double(squaredNorm[r])))
          let scale = BoundedNumber(Double(clip)) / norm
          let rates = schedule[(r * 3 + Int(steps[r])) * 4..<(r * 3 + Int(steps[r]) + 1) * 4]
          return [scale.value < 1 ? scale : BoundedNumber(1)] + exact(Array(rates))
        }
        return [
          .exactly([1, 2, 1, 0, 3, 0, 1, 3] as [Int32]),
          .exactly([1, 1, 0, -1, 1, -1, -1, 1] as [Int32]), .numbers(control),
        ]
      }
    ) { backend, tensors in
      try backend.gateUpdate(
        loss: tensors[0], squaredNorm: tensors[1], schedule: tensors[2], clip: clip,
        steps: tensors[3], active: tensors[4], control: tensors[5])
    }
  }

  /// Scale, learning rate, corrections and decay; replica 1 is refused its update and keeps its bytes.
  static let control: [Float] = [
    1, 3e-3, 1.7, 4.2, 0.1, -1, .nan, .nan, .nan, .nan, 0.3, 1e-3, 10, 20, 0.2,
  ]

  private static func adamW(
    count: Int, decayed: Int, _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let shape: Shape = [3, count]
    let settings = AdamWSettings()
    let (parameters, gradients) = (numbers.normals(3 * count), numbers.awkward(3 * count))
    let first = numbers.normals(3 * count, scale: 0.1)
    let second = numbers.normals(3 * count, scale: 0.1).map { $0 * $0 }
    return CheckedCall(
      operation: "adamW", sizes: "R 3, P \(count), \(decayed) decayed",
      operands: [
        .updated(parameters, shape), .input(gradients, shape), .updated(first, shape),
        .updated(second, shape), .input(control, [3, 5]),
      ],
      expected: {
        var (theta, m, v) = (exact(parameters), exact(first), exact(second))
        let (g, c) = (exact(gradients), exact(control))
        let constants = exact([settings.beta1, settings.beta2, settings.epsilon, 1])
        let (beta1, beta2, epsilon) = (constants[0], constants[1], constants[2])
        let one = constants[3]
        for index in theta.indices where control[index / count * 5] >= 0 {
          let row = index / count * 5
          let (scale, rate, decay) = (c[row], c[row + 1], c[row + 4])
          let scaled = scale * g[index]
          m[index] = beta1 * m[index] + (one - beta1) * scaled
          v[index] = beta2 * v[index] + (one - beta2) * (scaled * scaled)
          let step =
            rate * (m[index] * c[row + 2]) / (.squareRoot(v[index] * c[row + 3]) + epsilon)
          let kept =
            index % count < decayed ? theta[index] - rate * decay * theta[index] : theta[index]
          theta[index] = kept - step
        }
        return [.numbers(theta), .numbers(m), .numbers(v)]
      }
    ) { backend, tensors in
      try backend.adamW(
        parameters: tensors[0], gradients: tensors[1], firstMoment: tensors[2],
        secondMoment: tensors[3], control: tensors[4], settings: settings, decayed: decayed)
    }
  }

  private static func sgd(
    count: Int, decayed: Int, _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let shape: Shape = [3, count]
    let settings = SGDSettings()
    let (parameters, gradients) = (numbers.normals(3 * count), numbers.awkward(3 * count))
    let momentum = numbers.normals(3 * count)
    return CheckedCall(
      operation: "sgd", sizes: "R 3, P \(count), \(decayed) decayed",
      operands: [
        .updated(parameters, shape), .input(gradients, shape), .updated(momentum, shape),
        .input(control, [3, 5]),
      ],
      expected: {
        var (theta, m) = (exact(parameters), exact(momentum))
        let (g, c, kept) = (exact(gradients), exact(control), exact([settings.momentum])[0])
        for index in theta.indices where control[index / count * 5] >= 0 {
          let row = index / count * 5
          m[index] = kept * m[index] + c[row] * g[index]
          if index % count < decayed {
            theta[index] = theta[index] - c[row + 1] * c[row + 4] * theta[index]
          }
          theta[index] = theta[index] - c[row + 1] * m[index]
        }
        return [.numbers(theta), .numbers(m)]
      }
    ) { backend, tensors in
      try backend.sgd(
        parameters: tensors[0], gradients: tensors[1], momentum: tensors[2], control: tensors[3],
        settings: settings, decayed: decayed)
    }
  }
}
