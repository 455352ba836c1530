public import Tensors

extension CPUBackend {
  public func computeSumOfSquares(_ values: Tensor, into output: Tensor) throws {
    let (x, y) = (floats(values), floats(output))
    sumOfBlocks(
      replicas: values.shape.replicas, count: values.shape.elementsPerReplica, into: y
    ) { replica, range in
      squares(x[replica] + range.lowerBound, count: range.count)
    }
  }

  public func computeGateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {
    let replicas = control.shape.replicas
    let (losses, norms, table) = (floats(loss), floats(squaredNorm), floats(schedule))
    let (step, running, result) = (integers(steps), integers(active), floats(control))
    let scheduled = schedule.shape[1]
    for replica in 0..<replicas {
      let decision = result[replica]
      decision.update(repeating: 0, count: 5)
      decision[0] = -1
      guard running[replica][0] == 1 else { continue }
      let norm = norms[replica][0]
      guard losses[replica][0].isFinite, norm.isFinite else {
        running[replica][0] = -1
        continue
      }
      let index = Int(step[replica][0])
      guard index >= 0, index < scheduled else { continue }
      decision[0] = min(1, clip / norm.squareRoot())
      (decision + 1).update(from: table[replica] + index * 4, count: 4)
      step[replica][0] += 1
    }
  }

  public func computeAdamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {
    let shape = parameters.shape
    let (theta, g) = (floats(parameters), floats(gradients))
    let (m, v, controls) = (floats(firstMoment), floats(secondMoment), floats(control))
    update(shape, decayed: decayed, controls) { replica, part, decay in
      let start = part.lowerBound
      AdamWStep(settings, control: controls[replica]).update(
        theta[replica] + start, g[replica] + start, m[replica] + start, v[replica] + start,
        count: part.count, decay: decay)
    }
  }

  public func computeSGD(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor,
    settings: SGDSettings, decayed: Int
  ) throws {
    let shape = parameters.shape
    let (theta, g) = (floats(parameters), floats(gradients))
    let (m, controls) = (floats(momentum), floats(control))
    let kept = settings.momentum
    update(shape, decayed: decayed, controls) { replica, part, decay in
      let start = part.lowerBound
      let (theta, g, m) = (theta[replica] + start, g[replica] + start, m[replica] + start)
      let (clip, rate) = (controls[replica][0], controls[replica][1])
      for i in 0..<part.count {
        let sum = m[i] * kept + g[i] * clip
        let value = theta[i]
        m[i] = sum
        theta[i] = value - value * decay - sum * rate
      }
    }
  }

  /// Calls `body` with parts of the updated replicas. In each part either all parameters decay, by
  /// lr · λ, or none.
  private func update(
    _ shape: Shape, decayed: Int, _ controls: Blocks<Float>,
    _ body: (_ replica: Int, _ part: Range<Int>, _ decay: Float) -> Void
  ) {
    let count = shape.elementsPerReplica
    workers.split(replicas: shape.replicas, count: count, grain: 1 << 13) { replica, range in
      let factors = controls[replica]
      guard factors[0] >= 0 else { return }
      let boundary = min(max(decayed, range.lowerBound), range.upperBound)
      body(replica, range.lowerBound..<boundary, factors[1] * factors[4])
      body(replica, boundary..<range.upperBound, 0)
    }
  }
}

/// One replica's factors of one AdamW step.
private struct AdamWStep {
  let settings: AdamWSettings
  let clip: Float
  let learningRate: Float
  let correction1: Float
  let correction2: Float

  init(_ settings: AdamWSettings, control: UnsafePointer<Float>) {
    self.settings = settings
    clip = control[0]
    learningRate = control[1]
    correction1 = control[2]
    correction2 = control[3]
  }

  func update(
    _ theta: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    _ m: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>, count: Int, decay: Float
  ) {
    // Local constants: if they were read from memory, a store could change them, and the compiler
    // would not vectorise the loop.
    let (clip, rate, c1, c2) = (clip, learningRate, correction1, correction2)
    let (beta1, beta2, epsilon) = (settings.beta1, settings.beta2, settings.epsilon)
    let (rest1, rest2) = (1 - beta1, 1 - beta2)
    for i in 0..<count {
      let gradient = g[i] * clip
      let first = m[i] * beta1 + gradient * rest1
      let second = v[i] * beta2 + gradient * gradient * rest2
      let direction = first * c1 / ((second * c2).squareRoot() + epsilon)
      let value = theta[i]
      m[i] = first
      v[i] = second
      theta[i] = value - value * decay - direction * rate
    }
  }
}
