public import Tensors

extension Oracle {
  /// output[r] = Σ_p values[r, p]², within (P + 8) u of itself: no term is negative.
  public static func sumOfSquares(_ values: [Double], replicas: Int) -> Expected {
    weightedSum(values, weights: values, replicas: replicas)
  }

  /// The outputs of `gateUpdate`.
  public struct Gate: Sendable {
    /// (R, 5). If a replica is not updated only the first of its five elements is specified.
    public var control: Expected
    public var steps: [Int32]
    public var active: [Int32]
  }

  /// A replica is updated when it is active, its schedule has a step left, and its numbers are
  /// finite; an active replica with numbers that are not finite is set to diverged.
  ///
  /// Bound of clip / √n: 6u of the root (3 ulp), 5u of the division (2.5 ulp), 1u for terms in u².
  public static func gateUpdate(
    loss: [Float], squaredNorm: [Float], schedule: [Float], clip: Float, steps: [Int32],
    active: [Int32]
  ) -> Gate {
    let replicas = loss.count
    let count = schedule.count / replicas / 4
    var gate = Gate(control: Expected(count: 5 * replicas), steps: steps, active: active)
    for r in 0..<replicas {
      let isFinite = loss[r].isFinite && squaredNorm[r].isFinite
      guard active[r] == 1, Int(steps[r]) < count, isFinite else {
        if active[r] == 1 && !isFinite { gate.active[r] = -1 }
        gate.control.values[5 * r] = -1
        for index in 1..<5 { gate.control.set(5 * r + index, 1, within: .infinity) }
        continue
      }
      let scale = min(1, Double(clip) / Double(squaredNorm[r]).squareRoot())
      gate.control.set(5 * r, scale, within: 12 * unitRoundoff * scale)
      for index in 0..<4 {
        gate.control.values[5 * r + 1 + index] =
          Double(schedule[(r * count + Int(steps[r])) * 4 + index])
      }
      gate.steps[r] += 1
    }
    return gate
  }

  /// Parameters and moments of all replicas, (R, P) each.
  public struct AdamWState<Value: Sendable>: Sendable {
    public var parameters: Value
    public var firstMoment: Value
    public var secondMoment: Value

    public init(parameters: Value, firstMoment: Value, secondMoment: Value) {
      self.parameters = parameters
      self.firstMoment = firstMoment
      self.secondMoment = secondMoment
    }
  }

  /// One step of AdamW; a replica whose control is negative keeps its values exactly.
  ///
  /// Bounds, with a = control · gradient (1 - β is exact in float32 for β in [1/2, 1]):
  /// m: 4u M̄ with M̄ = |β1 m| + |(1-β1) a| (three products and a sum on the longer path);
  /// v: 6u v, no cancellation; both may underflow. The root of v·c2 then errs by the factor
  /// (6 + 1)/2 + 6 u, with ε added and the quotient (5u) by 17u, and m·c1 by 4u M̄ c1 and one
  /// rounding; with the learning rate's product the step errs by 24u · lr M̄ c1 / (√(v c2) + ε).
  /// Decay and the two subtractions are at most 4u (|θ| + lr λ |θ|) and one rounding of the step.
  public static func adamW(
    _ state: AdamWState<[Double]>, gradients: [Double], control: [Double],
    settings: AdamWSettings, decayed: Int
  ) -> AdamWState<Expected> {
    let u = unitRoundoff
    let replicas = control.count / 5
    let count = gradients.count / replicas
    let (beta1, beta2) = (Double(settings.beta1), Double(settings.beta2))
    let epsilon = Double(settings.epsilon)
    var result = AdamWState(
      parameters: Expected(exactly: state.parameters),
      firstMoment: Expected(exactly: state.firstMoment),
      secondMoment: Expected(exactly: state.secondMoment))
    for index in 0..<gradients.count where control[5 * (index / count)] >= 0 {
      let r = index / count
      let (rate, c1, c2) = (control[5 * r + 1], control[5 * r + 2], control[5 * r + 3])
      let g = control[5 * r] * gradients[index]
      let m = beta1 * state.firstMoment[index] + (1 - beta1) * g
      let mMagnitude = abs(beta1 * state.firstMoment[index]) + abs((1 - beta1) * g)
      let v = beta2 * state.secondMoment[index] + (1 - beta2) * g * g
      result.firstMoment.set(index, m, within: 4 * u * mMagnitude + 2 * underflow)
      result.secondMoment.set(index, v, within: 6 * u * v + 2 * underflow)
      let theta = state.parameters[index]
      let decayStep = index % count < decayed ? rate * control[5 * r + 4] * theta : 0
      let denominator = (v * c2).squareRoot() + epsilon
      result.parameters.set(
        index, theta - decayStep - rate * (m * c1) / denominator,
        within: 4 * u * (abs(theta) + abs(decayStep))
          + 25 * u * rate * mMagnitude * c1 / denominator)
    }
    return result
  }

  /// One step of gradient descent with momentum; a replica whose control is negative keeps its values
  /// exactly.
  ///
  /// Bounds, with a = control · gradient: m: 3u M̄ with M̄ = |μ m| + |a| (two products, a sum).
  /// The step lr · m errs by 4u lr M̄, decay by 2u of itself, and each of the two subtractions by u of
  /// what it is given.
  public static func sgd(
    _ parameters: [Double], momentum: [Double], gradients: [Double], control: [Double],
    settings: SGDSettings, decayed: Int
  ) -> (parameters: Expected, momentum: Expected) {
    let u = unitRoundoff
    let count = gradients.count / (control.count / 5)
    var result = (parameters: Expected(exactly: parameters), momentum: Expected(exactly: momentum))
    for index in 0..<gradients.count where control[5 * (index / count)] >= 0 {
      let row = index / count * 5
      let (scale, rate) = (control[row], control[row + 1])
      let kept = Double(settings.momentum) * momentum[index]
      let m = kept + scale * gradients[index]
      let magnitude = abs(kept) + abs(scale * gradients[index])
      result.momentum.set(index, m, within: 3 * u * magnitude + 2 * underflow)
      let theta = parameters[index]
      let decay = index % count < decayed ? rate * control[row + 4] * theta : 0
      result.parameters.set(
        index, theta - decay - rate * m,
        within: u * (2 * abs(theta) + 5 * abs(decay) + 6 * rate * magnitude) + 4 * underflow)
    }
    return result
  }
}

extension OperationDescription {
  static let sumOfSquares = OperationDescription("sumOfSquares") { extent, numbers in
    parameterCounts(extent).map { r, count in
      let values = numbers.awkward(r * count)
      return OperationCase(
        "sumOfSquares", "R \(r), P \(count)", [.input(values, [r, count]), .output([r])],
        flops: 2 * Double(r * count),
        expected: { [.numbers(Oracle.sumOfSquares(values.doubles, replicas: r))] }
      ) { try $0.sumOfSquares($1[0], into: $1[1]) }
    }
  }

  /// Replicas: updated, clipped, inactive, diverged, exhausted, loss NaN, loss inf, norm NaN, norm
  /// inf, zero gradient, last step of the schedule, diverged before with bad numbers.
  static let gateUpdate = OperationDescription("gateUpdate") { extent, numbers in
    let infinity = Float.infinity
    let loss: [Float] = [1, 2, 3, 4, 5, .nan, infinity, 1, -1, 0, 7, .nan]
    let squaredNorm: [Float] = [0.25, 100, 1, 1, 1, 1, 1, .nan, infinity, 0, 4, infinity]
    let steps: [Int32] = [0, 1, 1, 0, 3, 0, 1, 2, 1, 1, 2, 1]
    let active: [Int32] = [1, 1, 0, -1, 1, 1, 1, 1, 1, 1, 1, -1]
    let schedule = numbers.uniforms(12 * 3 * 4)
    // The elements after the first of a row without an update are not specified.
    let before = [Float](repeating: 9, count: 12 * 5)
    return [
      OperationCase(
        "gateUpdate", "R 12, S 3",
        [
          .input(loss, [12]), .input(squaredNorm, [12]), .input(schedule, [12, 3, 4]),
          .updated(steps, [12]), .updated(active, [12]), .updated(before, [12, 5]),
        ], flops: 24,
        expected: {
          let gate = Oracle.gateUpdate(
            loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: 0.7, steps: steps,
            active: active)
          return [.exactly(gate.steps), .exactly(gate.active), .numbers(gate.control)]
        }
      ) { backend, tensors in
        try backend.gateUpdate(
          loss: tensors[0], squaredNorm: tensors[1], schedule: tensors[2], clip: 0.7,
          steps: tensors[3], active: tensors[4], control: tensors[5])
      }
    ]
  }

  /// Possible controls from `gateUpdate`: the second replica gets no update and keeps its bytes.
  static func control(_ replicas: Int) -> [Float] {
    (0..<replicas).flatMap { r -> [Float] in
      r == 1 ? [-1, .nan, .nan, .nan, .nan] : [r == 0 ? 1 : 0.3, 3e-3, 1.7, 4.2, 0.1]
    }
  }

  static let adamW = OperationDescription("adamW") { extent, numbers in
    updates(extent).enumerated().map { number, update in
      let (r, count, decayed) = update
      let shape: Shape = [r, count]
      let settings = AdamWSettings(
        beta1: number % 2 == 0 ? 0.9 : 0.8, beta2: number % 3 == 0 ? 0.95 : 0.999)
      let state = Oracle.AdamWState(
        parameters: numbers.normals(r * count),
        firstMoment: numbers.normals(r * count, scale: 0.1),
        secondMoment: numbers.normals(r * count, scale: 0.1).map { $0 * $0 })
      let (gradients, control) = (numbers.awkward(r * count), control(r))
      return OperationCase(
        "adamW", "R \(r), P \(count), \(decayed) decayed",
        [
          .updated(state.parameters, shape), .input(gradients, shape),
          .updated(state.firstMoment, shape), .updated(state.secondMoment, shape),
          .input(control, [r, 5]),
        ], flops: 16 * Double(r * count),
        expected: {
          let result = Oracle.adamW(
            Oracle.AdamWState(
              parameters: state.parameters.doubles, firstMoment: state.firstMoment.doubles,
              secondMoment: state.secondMoment.doubles),
            gradients: gradients.doubles, control: control.doubles, settings: settings,
            decayed: decayed)
          return [
            .numbers(result.parameters), .numbers(result.firstMoment),
            .numbers(result.secondMoment),
          ]
        }
      ) { backend, tensors in
        try backend.adamW(
          parameters: tensors[0], gradients: tensors[1], firstMoment: tensors[2],
          secondMoment: tensors[3], control: tensors[4], settings: settings, decayed: decayed)
      }
    }
  }

  static let sgd = OperationDescription("sgd") { extent, numbers in
    updates(extent).enumerated().map { number, update in
      let (r, count, decayed) = update
      let shape: Shape = [r, count]
      let settings = SGDSettings(momentum: number % 2 == 0 ? 0.9 : 0)
      let (parameters, momentum) = (numbers.normals(r * count), numbers.normals(r * count))
      let (gradients, control) = (numbers.awkward(r * count), control(r))
      return OperationCase(
        "sgd", "R \(r), P \(count), \(decayed) decayed",
        [
          .updated(parameters, shape), .input(gradients, shape), .updated(momentum, shape),
          .input(control, [r, 5]),
        ], flops: 6 * Double(r * count),
        expected: {
          let result = Oracle.sgd(
            parameters.doubles, momentum: momentum.doubles, gradients: gradients.doubles,
            control: control.doubles, settings: settings, decayed: decayed)
          return [.numbers(result.parameters), .numbers(result.momentum)]
        }
      ) { backend, tensors in
        try backend.sgd(
          parameters: tensors[0], gradients: tensors[1], momentum: tensors[2],
          control: tensors[3], settings: settings, decayed: decayed)
      }
    }
  }

  /// Replicas, parameters per replica, and the number of them with weight decay.
  private static func updates(_ extent: Extent) -> [(Int, Int, Int)] {
    guard extent == .every else {
      return parameterCounts(extent).map { ($0, $1, $1 == 65 ? 20 : $1 == 1 ? 1 : 17_001) }
    }
    return parameterCounts(extent).flatMap { r, count in
      Set([0, count / 2, count]).sorted().map { (r, count, $0) }
    }
  }

  /// Replicas and parameters per replica.
  private static func parameterCounts(_ extent: Extent) -> [(Int, Int)] {
    switch extent {
    case .cohort: [(5, 40_009)]
    case .small: [(3, 65)]
    case .device: [(3, 1), (3, 65), (3, 40_009)]
    case .every:
      [
        (1, 1), (2, 2), (3, 7), (1, 8), (2, 15), (3, 17), (1, 33), (2, 64), (3, 129), (2, 257),
        (1, 4099), (2, 70001),
      ]
    }
  }
}
