import Kernels
public import Tensors

extension OpenCLBackend {
  public func rmsNorm(
    _ input: Tensor, weight: Tensor, epsilon: Float, into output: Tensor, scale: Tensor
  ) throws {
    let sizes = NormalizationSizes(
      input, weight: weight, scale: scale, output: output, operation: "rmsNorm")
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

  public func rmsNormGradient(
    _ input: Tensor, weight: Tensor, scale: Tensor, outputGradient: Tensor, adding: Tensor?,
    into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    let sizes = NormalizationSizes(
      input, weight: weight, scale: scale, output: inputGradient, operation: "rmsNormGradient")
    require(
      outputGradient.shape == input.shape && weightGradient.shape == weight.shape
        && (adding.map { $0.shape == input.shape } ?? true), "rmsNormGradient",
      "gradients \(outputGradient.shape) and \(weightGradient.shape) do not fit \(input.shape)")
    requireSameRows(input, outputGradient, adding, operation: "rmsNormGradient")
    let blocks = sizes.rows.dividedRoundingUp(by: Self.rowsPerBlock)
    let partial = try empty([sizes.replicas, blocks, sizes.channels])
    try launch(.rmsNormGradient, teams: blocks, replicas: sizes.replicas) {
      try $0.tensors(
        input, weight, scale, outputGradient, adding ?? input, inputGradient, partial)
      try $0.live(of: input)
      try $0.integers(
        sizes.rows, sizes.channels, adding == nil ? 0 : 1, Self.rowsPerBlock)
    }
    try sumBlocks(partial, blocks: blocks, into: weightGradient)
  }
}
