/// Clipping by global norm and the steps of optimizers, per replica. All changing numbers are on
/// the device.
public protocol OptimizerOperations: AnyObject {
  func computeSumOfSquares(_ values: Tensor, into output: Tensor) throws

  func computeGateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor) throws

  func computeAdamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int) throws

  func computeSGD(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor,
    settings: SGDSettings, decayed: Int) throws
}

extension OptimizerOperations {
  /// output[r] = Σ_p values[r, p]², summed in a fixed order.
  ///
  /// - Parameters:
  ///   - values: (R, ...).
  ///   - output: (R).
  /// - Throws: A failure of the device.
  public func sumOfSquares(_ values: Tensor, into output: Tensor) throws {
    requireOnePerReplica(of: values, output, operation: "sumOfSquares")
    try computeSumOfSquares(values, into: output)
  }

  /// Decides each replica's update and advances its step.
  ///
  /// Replica r at step i = steps[r] (0-based) is updated when active[r] = 1, i < S, and both
  /// loss[r] and squaredNorm[r] are finite; then control[r] = (min(1, clip/√squaredNorm),
  /// schedule[r, i, 0...3]) and steps[r] += 1. Otherwise control[r] = (-1, 0, 0, 0, 0), which means
  /// no update. If active[r] was 1 and loss[r] or squaredNorm[r] is not finite, active[r] becomes
  /// -1 for good, also after the last step: the replica has diverged.
  ///
  /// - Parameters:
  ///   - loss, squaredNorm: (R).
  ///   - schedule: (R, S, 4): learning rate, 1/(1 - beta1^t), 1/(1 - beta2^t) with t = i + 1, and
  ///     weight decay.
  ///   - steps, active: (R) int32, updated.
  ///   - control: (R, 5).
  /// - Throws: A failure of the device.
  public func gateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {
    let name = "gateUpdate"
    let replicas = control.shape.replicas
    require(
      control.shape == [replicas, 5] && schedule.shape.rank == 3 && schedule.shape[0] == replicas
        && schedule.shape[2] == 4, name,
      "control \(control.shape) and schedule \(schedule.shape) are not (replicas, 5) and "
        + "(replicas, steps, 4)")
    requireOnePerReplica(of: control, loss, squaredNorm, steps, active, operation: name)
    require(
      steps.elementType == .int32 && active.elementType == .int32, name,
      "steps and active are \(steps.elementType.rawValue) and \(active.elementType.rawValue), "
        + "not int32")
    try computeGateUpdate(
      loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: clip, steps: steps,
      active: active, control: control)
  }

  /// One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) for replicas with control[r, 0]
  /// >= 0.
  ///
  /// g = control[r, 0] · gradient; m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²;
  /// θ = θ - lr·λ·θ (only the first `decayed` parameters) - lr · (m · c1) / (√(v · c2) + ε),
  /// with lr, c1, c2, λ = control[r, 1...4].
  ///
  /// - Parameters:
  ///   - parameters, gradients, firstMoment, secondMoment: (R, P).
  /// - Throws: A failure of the device.
  public func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {
    requireUpdate(
      of: parameters, [gradients, firstMoment, secondMoment], control: control, decayed: decayed,
      operation: "adamW")
    try computeAdamW(
      parameters: parameters, gradients: gradients, firstMoment: firstMoment,
      secondMoment: secondMoment, control: control, settings: settings, decayed: decayed)
  }

  /// One step of gradient descent with momentum for replicas with control[r, 0] >= 0. Momentum is
  /// as in PyTorch (heavy ball, without the learning rate), and weight decay is decoupled as in
  /// AdamW.
  ///
  /// g = control[r, 0] · gradient; m = μ m + g; θ = θ - lr·λ·θ (only the first `decayed`) - lr · m,
  /// with lr = control[r, 1] and λ = control[r, 4].
  ///
  /// - Parameters:
  ///   - parameters, gradients, momentum: (R, P).
  /// - Throws: A failure of the device.
  public func sgd(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor, settings: SGDSettings,
    decayed: Int
  ) throws {
    requireUpdate(
      of: parameters, [gradients, momentum], control: control, decayed: decayed, operation: "sgd")
    try computeSGD(
      parameters: parameters, gradients: gradients, momentum: momentum, control: control,
      settings: settings, decayed: decayed)
  }
}

/// Traps unless the tensors have one value per replica of another tensor.
func requireOnePerReplica(of tensor: Tensor, _ values: Tensor..., operation: String) {
  for value in values {
    require(
      value.shape.replicas == tensor.shape.replicas && value.shape.elementsPerReplica == 1,
      operation, "\(value.shape) is not one value per replica of \(tensor.shape)")
  }
}

/// Traps unless a tensor has the shape of `gateUpdate`'s control for parameters of a shape.
func requireControl(_ control: Tensor, of shape: Shape, operation: String) {
  require(
    control.shape == [shape.replicas, 5], operation,
    "control \(control.shape) is not (replicas, 5) for \(shape)")
}

/// Traps unless tensors fit the parameters that an optimizer updates.
private func requireUpdate(
  of parameters: Tensor, _ others: [Tensor], control: Tensor, decayed: Int, operation: String
) {
  let shape = parameters.shape
  for tensor in others {
    require(
      tensor.shape == shape, operation,
      "\(tensor.shape) is not the shape of parameters \(shape)")
  }
  requireControl(control, of: shape, operation: operation)
  require(
    decayed >= 0 && decayed <= shape.elementsPerReplica, operation,
    "\(decayed) of \(shape.elementsPerReplica) parameters cannot decay")
}
