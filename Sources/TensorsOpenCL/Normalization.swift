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
    let blocks = sizes.rows.dividedRoundingUp(by: Self.rowsPerBlock)
    let partial = try empty([sizes.replicas, blocks, sizes.channels])
    try launch(.rmsNormGradient, teams: blocks, replicas: sizes.replicas) {
      try $0.tensors(input, weight, scale, outputGradient)
      try $0.optional(adding, or: input)
      try $0.tensors(inputGradient, partial)
      try $0.live(of: input)
      try $0.integers(
        sizes.rows, sizes.channels, adding == nil ? 0 : 1, Self.rowsPerBlock)
    }
    try sumBlocks(partial, blocks: blocks, into: weightGradient)
  }
}
