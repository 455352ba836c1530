public import Tensors

extension Oracle {
  /// output[r] = Σ_p values[r, p]², within (P + 8) u of itself: no term is negative.
  public static func sumOfSquares(_ values: [Double], replicas: Int) -> Expected {
    weightedSum(values, weights: values, replicas: replicas)
  }

  /// What `gateUpdate` leaves behind.
  public struct Gate: Sendable {
    /// (R, 5). Where a replica is not updated only the first of its five is specified.
    public var control: Expected
    public var steps: [Int32]
    public var active: [Int32]
  }

  /// A replica is updated when it is active, its schedule has a step left, and its numbers are
  /// finite; an active replica whose numbers are not finite is latched.
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
