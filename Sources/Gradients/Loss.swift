public import Tensors

extension Tape {
  /// The log-probability of each row's target token.
  ///
  /// - Parameters:
  ///   - logits: (R, ..., V).
  ///   - targets: (R, ...) int32.
  ///   - expected: (R, ...): the gradient of the result, if it is known. Then the gradient of the logits is
  ///     computed in the same pass and replaces the logits, which nothing else may use, and the backward pass
  ///     must give this tensor.
  /// - Returns: (R, ...).
  /// - Throws: A failure of the device.
  public func tokenLogProbabilities(
    _ logits: Variable, targets: Tensor, expecting expected: Tensor? = nil
  ) throws -> Variable {
    let x = logits.value
    let shape = Shape(x.shape.dimensions.dropLast().map { $0 })
    let output = try backend.empty(shape, live: x.live)
    if let expected, records, logits.isTracked {
      try backend.tokenLogProbabilitiesInPlace(
        x, targets: targets, outputGradient: expected, into: output)
      return record(output, from: [logits]) { [unowned self] g in
        precondition(
          g.storage === expected.storage && g.offset == expected.offset,
          "tokenLogProbabilities: the gradient is not the expected one")
        try contribute(x, to: logits)
      }
    }
    let logSumExp = try backend.empty(shape, live: x.live)
    try backend.tokenLogProbabilities(x, targets: targets, into: output, logSumExp: logSumExp)
    return record(output, from: [logits]) { [unowned self] g in
      let gradient = try backend.empty(x.shape, live: x.live)
      try backend.tokenLogProbabilitiesGradient(
        x, targets: targets, logSumExp: logSumExp, outputGradient: g, into: gradient)
      try contribute(gradient, to: logits)
    }
  }

  /// Σ_i weights[r, i] · values[r, i] for every replica: (R).
  ///
  /// - Throws: A failure of the device.
  public func weightedSum(_ values: Variable, weights: Tensor) throws -> Variable {
    let output = try backend.empty([values.value.shape.replicas])
    try backend.weightedSum(values.value, weights: weights, into: output)
    return record(output, from: [values]) { [unowned self] g in
      let gradient = try backend.empty(values.value.shape, live: values.value.live)
      try backend.weightedSumGradient(weights: weights, outputGradient: g, into: gradient)
      try contribute(gradient, to: values)
    }
  }
}
