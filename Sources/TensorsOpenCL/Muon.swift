import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeMuonMomentum(
    _ sizes: MuonSizes, gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float,
    into direction: Tensor
  ) throws {
    try launch(.muonMomentum, sizes) {
      try $0.tensor(gradients)
      try $0.updated(momentum)
      try $0.tensors(control, direction)
      try $0.value(beta)
    }
  }

  public func computeNormalizeMatrices(
    _ matrices: Tensor, squaredNorm: Tensor, epsilon: Float
  ) throws {
    let shape = matrices.shape
    let count = shape.elementsPerReplica
    try launch(
      .normalizeMatrices, items: count.dividedRoundingUp(by: elementsPerItem),
      replicas: shape.replicas
    ) {
      try $0.updated(matrices)
      try $0.tensor(squaredNorm)
      try $0.value(epsilon)
      try $0.integers(count, elementsPerItem)
    }
  }

  public func computeAddPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float
  ) throws {
    let shape = gram.shape
    try launch(
      .addPolynomial, items: shape.elementsPerReplica.dividedRoundingUp(by: elementsPerItem),
      replicas: shape.replicas
    ) {
      try $0.tensor(gram)
      try $0.updated(square)
      try $0.value(a)
      try $0.value(b)
      try $0.value(c)
      try $0.integers(shape[1], elementsPerItem)
    }
  }

  public func computeMuonUpdate(
    _ sizes: MuonSizes, parameters: Tensor, direction: Tensor, control: Tensor, scale: Float,
    decay: Float
  ) throws {
    try launch(.muonUpdate, sizes) {
      try $0.updated(parameters)
      try $0.tensors(direction, control)
      try $0.value(scale)
      try $0.value(decay)
    }
  }

  /// Launches a kernel over the elements of a block; its last parameters are the block's sizes.
  private func launch(
    _ program: KernelProgram, _ sizes: MuonSizes, _ set: (inout Arguments) throws -> Void
  ) throws {
    let count = sizes.matrices * sizes.rows * sizes.columns
    try launch(
      program, items: count.dividedRoundingUp(by: elementsPerItem), replicas: sizes.replicas
    ) {
      try set(&$0)
      try $0.integers(
        sizes.matrices, sizes.rows, sizes.columns, sizes.transposed ? 1 : 0, elementsPerItem)
    }
  }
}
