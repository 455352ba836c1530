/// Log-probabilities of tokens, the primitive of every objective.
///
/// A tensor (R, ...) of one number per row may also have live rows: its first numbers.
public protocol LossOperations: AnyObject {
  func computeTokenLogProbabilities(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor,
    logSumExp: Tensor) throws

  func computeTokenLogProbabilitiesInPlace(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, outputGradient: Tensor,
    into logProbabilities: Tensor) throws

  func computeTokenLogProbabilitiesGradient(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into gradient: Tensor) throws

  func computeWeightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws

  func computeWeightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor) throws
}

extension LossOperations {
  /// logProbabilities[r, i] = logits[r, i, targets[r, i]] - logSumExp[r, i].
  ///
  /// - Parameters:
  ///   - logits: (R, ..., V).
  ///   - targets: (R, ...) int32, each in 0 ..< V.
  ///   - logProbabilities: (R, ...).
  ///   - logSumExp: (R, ...): log Σ_v e^logits, kept for the gradient.
  /// - Throws: A failure of the device.
  public func tokenLogProbabilities(
    _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor, logSumExp: Tensor
  ) throws {
    let sizes = LossSizes(
      logits: logits, targets: targets, perRow: [logProbabilities, logSumExp],
      operation: "tokenLogProbabilities")
    try computeTokenLogProbabilities(
      sizes, logits, targets: targets, into: logProbabilities, logSumExp: logSumExp)
  }

  /// Log-probabilities, and in the same pass the logits' gradient in place of the logits. The numbers are those
  /// of `tokenLogProbabilities` and `tokenLogProbabilitiesGradient`.
  ///
  /// - Parameters:
  ///   - logits: (R, ..., V); its elements become the gradient.
  ///   - targets: (R, ...) int32, each in 0 ..< V.
  ///   - outputGradient: (R, ...): the gradient of the log-probabilities.
  ///   - logProbabilities: (R, ...).
  /// - Throws: A failure of the device.
  public func tokenLogProbabilitiesInPlace(
    _ logits: Tensor, targets: Tensor, outputGradient: Tensor,
    into logProbabilities: Tensor
  ) throws {
    let sizes = LossSizes(
      logits: logits, targets: targets, perRow: [logProbabilities, outputGradient],
      operation: "tokenLogProbabilitiesInPlace")
    try computeTokenLogProbabilitiesInPlace(
      sizes, logits, targets: targets, outputGradient: outputGradient,
      into: logProbabilities)
  }

  /// d logits[r, i, v] = g[r, i] · (1[v = target] - e^(logits[r, i, v] - logSumExp[r, i])).
  ///
  /// - Parameters:
  ///   - outputGradient: g, (R, ...), with arbitrary values: means, policy gradients and preference
  ///     losses are weights on this primitive. If g is 0 the row is exactly 0.
  ///   - gradient: (R, ..., V), may be `logits` itself.
  /// - Throws: A failure of the device.
  public func tokenLogProbabilitiesGradient(
    _ logits: Tensor, targets: Tensor, logSumExp: Tensor, outputGradient: Tensor,
    into gradient: Tensor
  ) throws {
    let name = "tokenLogProbabilitiesGradient"
    let sizes = LossSizes(
      logits: logits, targets: targets, perRow: [logSumExp, outputGradient], operation: name)
    require(
      gradient.shape == logits.shape, name,
      "gradient \(gradient.shape) is not the shape of \(logits.shape)")
    requireSameRows(logits, gradient, operation: name)
    try computeTokenLogProbabilitiesGradient(
      sizes, logits, targets: targets, logSumExp: logSumExp, outputGradient: outputGradient,
      into: gradient)
  }

  /// output[r] = Σ_i weights[r, i] · values[r, i], summed in a fixed order.
  ///
  /// - Parameter output: (R).
  /// - Throws: A failure of the device.
  public func weightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {
    require(
      values.shape == weights.shape, "weightedSum",
      "weights \(weights.shape) are not the shape of values \(values.shape)")
    requireOnePerReplica(of: values, output, operation: "weightedSum")
    requireSameRows(values, weights, operation: "weightedSum")
    try computeWeightedSum(values, weights: weights, into: output)
  }

  /// d values[r, i] = g[r] · weights[r, i].
  ///
  /// - Throws: A failure of the device.
  public func weightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let name = "weightedSumGradient"
    require(
      gradient.shape == weights.shape, name,
      "gradient \(gradient.shape) is not the shape of weights \(weights.shape)")
    requireOnePerReplica(of: weights, outputGradient, operation: name)
    requireSameRows(weights, gradient, operation: name)
    try computeWeightedSumGradient(
      weights: weights, outputGradient: outputGradient, into: gradient)
  }
}

/// The checked sizes of a log-probability call.
public struct LossSizes: Hashable, Sendable {
  public let replicas: Int
  public let rows: Int
  public let vocabulary: Int

  init(logits: Tensor, targets: Tensor, perRow: [Tensor], operation: String) {
    replicas = logits.shape.replicas
    rows = logits.shape.rowsPerReplica
    vocabulary = logits.shape.width
    require(
      targets.elementType == .int32 && targets.shape.replicas == replicas
        && targets.shape.elementsPerReplica == rows, operation,
      "targets \(targets.shape) are not one int32 per row of \(logits.shape)")
    requireSameRows(logits, targets, operation: operation)
    for tensor in perRow {
      requireSameRows(logits, tensor, operation: operation)
      require(
        tensor.shape.replicas == replicas && tensor.shape.elementsPerReplica == rows, operation,
        "\(tensor.shape) has not one value per row of \(logits.shape)")
    }
  }
}
