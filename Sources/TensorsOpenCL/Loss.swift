import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeTokenLogProbabilities(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor,
    logSumExp: Tensor
  ) throws {
    try takeLogProbabilities(sizes, logits, targets, logProbabilities, logSumExp: logSumExp)
  }

  public func computeTokenLogProbabilitiesInPlace(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, outputGradient: Tensor,
    into logProbabilities: Tensor
  ) throws {
    try takeLogProbabilities(
      sizes, logits, targets, logProbabilities, outputGradient: outputGradient)
  }

  private func takeLogProbabilities(
    _ sizes: LossSizes, _ logits: Tensor, _ targets: Tensor, _ logProbabilities: Tensor,
    logSumExp: Tensor? = nil, outputGradient: Tensor? = nil
  ) throws {
    try launch(
      .tokenLogProbabilities, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.replicas
    ) {
      // The gradient is written over the logits.
      try $0.tensor(logits, share: outputGradient == nil ? 1 : 2)
      try $0.tensors(targets, logProbabilities)
      try $0.optional(logSumExp, or: logProbabilities)
      try $0.optional(outputGradient, or: logProbabilities)
      try $0.integers(outputGradient == nil ? 0 : 1)
      try $0.live(of: logits)
      try $0.integers(sizes.rows, sizes.vocabulary, rowsPerItem)
    }
  }

  public func computeTokenLogProbabilitiesGradient(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into gradient: Tensor
  ) throws {
    try launch(
      .tokenLogProbabilitiesGradient, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.replicas
    ) {
      try $0.tensors(logits, targets, logSumExp, outputGradient, gradient)
      try $0.live(of: logits)
      try $0.integers(sizes.rows, sizes.vocabulary, rowsPerItem)
    }
  }

  public func computeWeightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {
    try sumOfProducts(values, weights, into: output)
  }

  /// Sums products of numbers, which may be products of the numbers with themselves.
  func sumOfProducts(_ values: Tensor, _ weights: Tensor, into output: Tensor) throws {
    let isSquare = values.storage === weights.storage && values.offset == weights.offset
    let count = values.shape.elementsPerReplica
    let blocks = count.dividedRoundingUp(by: Self.elementsPerBlock)
    let shape: Shape = [values.shape.replicas, blocks, 1]
    // One part is the sum.
    let partial = try blocks == 1 ? output.reshaped(shape) : empty(shape)
    try launch(.weightedSum, teams: blocks, replicas: values.shape.replicas) {
      try $0.tensor(values)
      try $0.tensor(weights, share: isSquare ? 0 : 1)
      try $0.tensor(partial)
      try $0.live(of: values)
      try $0.value(UInt64(count))
      try $0.integers(Self.elementsPerBlock)
    }
    if blocks > 1 { try sumBlocks(partial, blocks: blocks, into: output) }
  }

  public func computeWeightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let count = weights.shape.elementsPerReplica
    try launch(
      .weightedSumGradient, items: count.dividedRoundingUp(by: elementsPerItem),
      replicas: weights.shape.replicas
    ) {
      try $0.tensors(weights, outputGradient, gradient)
      try $0.live(of: weights)
      try $0.value(UInt64(count))
      try $0.integers(elementsPerItem)
    }
  }
}
