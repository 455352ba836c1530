import Kernels
public import Tensors

extension OpenCLBackend {
  public func sumOfSquares(_ values: Tensor, into output: Tensor) throws {
    try weightedSum(values, weights: values, into: output)
  }

  public func gateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {
    let replicas = control.shape.replicas
    require(
      schedule.shape.rank == 3 && schedule.shape[2] == 4 && control.shape == [replicas, 5],
      "gateUpdate", "schedule \(schedule.shape) and control \(control.shape) do not fit")
    try launch(.gateUpdate, items: replicas, replicas: 1) {
      try $0.tensors(loss, squaredNorm, schedule, steps, active, control)
      try $0.integers(replicas, schedule.shape[1])
      try $0.value(clip)
    }
  }

  public func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {
    require(
      gradients.shape == parameters.shape && firstMoment.shape == parameters.shape
        && secondMoment.shape == parameters.shape, "adamW",
      "\(gradients.shape), \(firstMoment.shape), \(secondMoment.shape) are not \(parameters.shape)")
    let count = parameters.shape.elementsPerReplica
    try launch(
      .adamW, items: count.dividedRoundingUp(by: elementsPerItem),
      replicas: parameters.shape.replicas
    ) {
      try $0.tensors(parameters, gradients, firstMoment, secondMoment, control)
      try $0.value(UInt64(count))
      try $0.value(UInt64(decayed))
      try $0.value(settings.beta1)
      try $0.value(settings.beta2)
      try $0.value(settings.epsilon)
      try $0.integers(elementsPerItem)
    }
  }

  public func sgd(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor, settings: SGDSettings,
    decayed: Int
  ) throws {
    let shape = parameters.shape
    require(
      gradients.shape == shape && momentum.shape == shape, "sgd",
      "\(gradients.shape) and \(momentum.shape) are not the shape of \(shape)")
    let count = shape.elementsPerReplica
    try launch(
      .sgd, items: count.dividedRoundingUp(by: elementsPerItem), replicas: shape.replicas
    ) {
      try $0.tensors(parameters, gradients, momentum, control)
      try $0.value(UInt64(count))
      try $0.value(UInt64(decayed))
      try $0.value(settings.momentum)
      try $0.integers(elementsPerItem)
    }
  }
}
