import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeRMSNorm(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, epsilon: Float,
    into output: Tensor, scale: Tensor
  ) throws {
    try launch(
      .rmsNorm, teams: sizes.rows.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensors(input, weight, output, scale)
      try $0.live(of: input)
      try $0.integers(sizes.rows, sizes.channels)
      try $0.value(epsilon)
      try $0.integers(rowsPerItem)
    }
  }

  public func computeRMSNormGradient(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, scale: Tensor,
    outputGradient: Tensor, adding: Tensor?, into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    let height =
      style == .wideItems
      ? NormalizationSizes.rowsPerPart : NormalizationSizes.rowsPerPartOnGPUs
    let blocks = sizes.rows.dividedRoundingUp(by: height)
    let shape: Shape = [sizes.replicas, blocks, sizes.channels]
    // One part is the sum.
    let isWhole = blocks == 1 && style == .manyItems
    let waits = isWhole ? nil : try waitingSum(parts: blocks, into: weightGradient)
    let partial =
      isWhole ? weightGradient.reshaped(shape) : try waits?.partial ?? empty(shape)
    try launch(.rmsNormGradient, teams: blocks, replicas: sizes.replicas) {
      try $0.tensors(input, weight, scale, outputGradient)
      try $0.optional(adding, or: input)
      try $0.tensors(inputGradient, partial)
      try $0.live(of: input)
      try $0.integers(
        sizes.rows, sizes.channels, adding == nil ? 0 : 1, height)
    }
    if let waits { return waiting.append(waits) }
    if !isWhole { try sumBlocks(partial, blocks: blocks, into: weightGradient) }
  }
}
