import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeSumOfSquares(_ values: Tensor, into output: Tensor) throws {
    try sumOfProducts(values, values, into: output)
  }

  public func computeGateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {
    let replicas = control.shape.replicas
    try launch(.gateUpdate, items: replicas, replicas: 1) {
      try $0.tensors(loss, squaredNorm)
      // A row of the schedule.
      try $0.tensor(schedule, share: 1 / Double(schedule.shape[1]))
      try $0.updated(steps, active)
      try $0.tensor(control)
      try $0.integers(replicas, schedule.shape[1])
      try $0.value(clip)
    }
  }

  public func computeAdamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {
    let count = parameters.shape.elementsPerReplica
    try launch(
      .adamW, items: count.dividedRoundingUp(by: elementsPerItem),
      replicas: parameters.shape.replicas
    ) {
      try $0.updated(parameters)
      try $0.tensor(gradients)
      try $0.updated(firstMoment, secondMoment)
      try $0.tensor(control)
      try $0.value(UInt64(count))
      try $0.value(UInt64(decayed))
      try $0.value(settings.beta1)
      try $0.value(settings.beta2)
      try $0.value(settings.epsilon)
      try $0.integers(elementsPerItem)
    }
  }

  public func computeSGD(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor,
    settings: SGDSettings, decayed: Int
  ) throws {
    let shape = parameters.shape
    let count = shape.elementsPerReplica
    try launch(
      .sgd, items: count.dividedRoundingUp(by: elementsPerItem), replicas: shape.replicas
    ) {
      try $0.updated(parameters)
      try $0.tensor(gradients)
      try $0.updated(momentum)
      try $0.tensor(control)
      try $0.value(UInt64(count))
      try $0.value(UInt64(decayed))
      try $0.value(settings.momentum)
      try $0.integers(elementsPerItem)
    }
  }
}
