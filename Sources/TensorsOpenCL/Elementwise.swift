import Kernels
public import Tensors

extension OpenCLBackend {
  public func add(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    require(
      left.shape == right.shape && left.shape == output.shape, "add",
      "\(left.shape), \(right.shape) and \(output.shape) are not one shape")
    requireSameRows(left, right, output, operation: "add")
    let count = left.shape.elementsPerReplica
    // Only where rows are counted do they have to be known.
    let width = left.live == nil ? 1 : left.shape.width
    try launch(
      .add, items: count.dividedRoundingUp(by: elementsPerItem), replicas: left.shape.replicas
    ) {
      try $0.tensors(left, right, output)
      try $0.live(of: left)
      try $0.integers(count / width, width, elementsPerItem)
    }
  }

  public func roundToBFloat16(_ input: Tensor, into output: Tensor) throws {
    require(
      input.shape == output.shape, "roundToBFloat16", "\(input.shape) is not \(output.shape)")
    requireSameRows(input, output, operation: "roundToBFloat16")
    let count = input.shape.elementsPerReplica
    let width = input.shape.width
    try launch(
      .roundToBFloat16, items: count.dividedRoundingUp(by: elementsPerItem),
      replicas: input.shape.replicas
    ) {
      try $0.tensors(input, output)
      try $0.live(of: input)
      try $0.integers(count / width, width, elementsPerItem)
    }
  }

  public func swiGLU(_ gateAndUp: Tensor, into output: Tensor) throws {
    let sizes = SwiGLUSizes(gateAndUp, output: output, operation: "swiGLU")
    try launch(
      .swiGLU, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensors(gateAndUp, output)
      try $0.live(of: gateAndUp)
      try $0.integers(sizes.rows, sizes.width, rowsPerItem)
    }
  }

  public func swiGLUGradient(
    _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let sizes = SwiGLUSizes(gateAndUp, output: outputGradient, operation: "swiGLUGradient")
    require(
      gradient.shape == gateAndUp.shape, "swiGLUGradient",
      "gradient \(gradient.shape) is not the shape of \(gateAndUp.shape)")
    requireSameRows(gateAndUp, gradient, operation: "swiGLUGradient")
    try launch(
      .swiGLUGradient, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.replicas
    ) {
      try $0.tensors(gateAndUp, outputGradient, gradient)
      try $0.live(of: gateAndUp)
      try $0.integers(sizes.rows, sizes.width, rowsPerItem)
    }
  }
}
