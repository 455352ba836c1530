import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeAdd(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    let count = left.shape.elementsPerReplica
    // The width of rows is needed only for live rows.
    let width = left.live == nil ? 1 : left.shape.width
    try launch(
      .add, items: count.dividedRoundingUp(by: elementsPerItem), replicas: left.shape.replicas
    ) {
      try $0.tensors(left, right, output)
      try $0.live(of: left)
      try $0.integers(count / width, width, elementsPerItem)
    }
  }

  public func computeRoundToBFloat16(_ input: Tensor, into output: Tensor) throws {
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

  public func computeSwiGLU(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, into output: Tensor
  ) throws {
    try launch(
      .swiGLU, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensors(gateAndUp, output)
      try $0.live(of: gateAndUp)
      try $0.integers(sizes.rows, sizes.width, rowsPerItem)
    }
  }

  public func computeSwiGLUGradient(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
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
