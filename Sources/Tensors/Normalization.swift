/// Root-mean-square normalisation of rows (Zhang & Sennrich 2019, arXiv:1910.07467).
public protocol NormalizationOperations: AnyObject {
  func computeRMSNorm(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, epsilon: Float,
    into output: Tensor, scale: Tensor) throws

  func computeRMSNormGradient(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, scale: Tensor,
    outputGradient: Tensor, adding: Tensor?, into inputGradient: Tensor, weightGradient: Tensor)
    throws
}

extension NormalizationOperations {
  /// y_c = x_c · s · w_c with s = 1 / √(mean_c x_c² + ε).
  ///
  /// - Parameters:
  ///   - input: (R, ..., C); rows are everything between R and C.
  ///   - weight: (R, C).
  ///   - output: the input's shape.
  ///   - scale: (R, rows): s, kept for the gradient.
  ///
  /// Error: (C + 16) · 2⁻²⁴ · |y_c| per element (the sum of squares has no cancellation).
  ///
  /// - Throws: A failure of the device.
  public func rmsNorm(
    _ input: Tensor, weight: Tensor, epsilon: Float, into output: Tensor, scale: Tensor
  ) throws {
    let sizes = NormalizationSizes(
      input, weight: weight, scale: scale, output: output, operation: "rmsNorm")
    try computeRMSNorm(
      sizes, input, weight: weight, epsilon: epsilon, into: output, scale: scale)
  }

  /// dx_c = s (w_c g_c - x_c · s²/C · Σ_j w_j g_j x_j) (+ adding_c);  dw_c = Σ_rows g_c x_c s.
  ///
  /// - Parameters:
  ///   - outputGradient: g, the input's shape.
  ///   - adding: a gradient that reached the input by another path (the residual), or nil; may be
  ///     `inputGradient` itself.
  ///   - weightGradient: (R, C), overwritten. Rows are summed in a fixed order.
  /// - Throws: A failure of the device.
  public func rmsNormGradient(
    _ input: Tensor, weight: Tensor, scale: Tensor, outputGradient: Tensor, adding: Tensor?,
    into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    let name = "rmsNormGradient"
    let sizes = NormalizationSizes(
      input, weight: weight, scale: scale, output: outputGradient, operation: name)
    for tensor in [inputGradient, adding ?? inputGradient] {
      require(
        tensor.shape == input.shape, name,
        "\(tensor.shape) is not the shape of input \(input.shape)")
    }
    require(
      weightGradient.shape == weight.shape, name,
      "weight gradient \(weightGradient.shape) is not the shape of \(weight.shape)")
    requireSameRows(input, inputGradient, adding, operation: name)
    try computeRMSNormGradient(
      sizes, input, weight: weight, scale: scale, outputGradient: outputGradient, adding: adding,
      into: inputGradient, weightGradient: weightGradient)
  }
}

/// The checked sizes of a normalisation call.
public struct NormalizationSizes: Hashable, Sendable {
  public let replicas: Int
  public let rows: Int
  public let channels: Int

  /// Rows of a part of the weight's gradient on processors, and on GPUs: there a part has one wave, and many waves
  /// hide the latency of the memory. These are constants, because they decide the order of summation.
  public static let (rowsPerPart, rowsPerPartOnGPUs) = (64, 16)

  init(
    _ input: Tensor, weight: Tensor, scale: Tensor, output: Tensor, operation: String
  ) {
    replicas = input.shape.replicas
    rows = input.shape.rowsPerReplica
    channels = input.shape.width
    require(
      weight.shape == [replicas, channels], operation,
      "weight \(weight.shape) does not fit \(input.shape)")
    require(
      output.shape == input.shape, operation, "\(output.shape) is not the shape of \(input.shape)")
    requireSameRows(input, output, operation: operation)
    require(
      scale.shape.replicas == replicas && scale.shape.elementsPerReplica == rows, operation,
      "scale \(scale.shape) has not one value per row of \(input.shape)")
  }
}
