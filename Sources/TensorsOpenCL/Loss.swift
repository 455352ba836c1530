import Kernels
public import Tensors

extension OpenCLBackend {
  public func tokenLogProbabilities(
    _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor, logSumExp: Tensor
  ) throws {
    let sizes = LossSizes(
      logits: logits, targets: targets, perRow: [logProbabilities, logSumExp],
      operation: "tokenLogProbabilities")
    try launch(
      .tokenLogProbabilities, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.replicas
    ) {
      try $0.tensors(logits, targets, logProbabilities, logSumExp)
      try $0.live(of: logits)
      try $0.integers(sizes.rows, sizes.vocabulary, rowsPerItem)
    }
  }

  public func tokenLogProbabilitiesGradient(
    _ logits: Tensor, targets: Tensor, logSumExp: Tensor, outputGradient: Tensor,
    into gradient: Tensor
  ) throws {
    let sizes = LossSizes(
      logits: logits, targets: targets, perRow: [logSumExp, outputGradient],
      operation: "tokenLogProbabilitiesGradient")
    require(
      gradient.shape == logits.shape, "tokenLogProbabilitiesGradient",
      "gradient \(gradient.shape) is not the shape of \(logits.shape)")
    requireSameRows(logits, gradient, operation: "tokenLogProbabilitiesGradient")
    try launch(
      .tokenLogProbabilitiesGradient, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.replicas
    ) {
      try $0.tensors(logits, targets, logSumExp, outputGradient, gradient)
      try $0.live(of: logits)
      try $0.integers(sizes.rows, sizes.vocabulary, rowsPerItem)
    }
  }

  public func weightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {
    require(
      values.shape == weights.shape
        && output.shape.elementCount == values.shape.replicas, "weightedSum",
      "\(values.shape), \(weights.shape) and \(output.shape) do not fit")
    requireSameRows(values, weights, operation: "weightedSum")
    let count = values.shape.elementsPerReplica
    let blocks = count.dividedRoundingUp(by: Self.elementsPerBlock)
    let partial = try empty([values.shape.replicas, blocks, 1])
    try launch(.weightedSum, teams: blocks, replicas: values.shape.replicas) {
      try $0.tensors(values, weights, partial)
      try $0.live(of: values)
      try $0.value(UInt64(count))
      try $0.integers(Self.elementsPerBlock)
    }
    try sumBlocks(partial, blocks: blocks, into: output)
  }

  public func weightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    require(
      gradient.shape == weights.shape
        && outputGradient.shape.elementCount == weights.shape.replicas, "weightedSumGradient",
      "\(weights.shape), \(outputGradient.shape) and \(gradient.shape) do not fit")
    requireSameRows(weights, gradient, operation: "weightedSumGradient")
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
