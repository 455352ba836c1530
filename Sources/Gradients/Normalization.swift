import Tensors

extension Tape {
  /// Root-mean-square normalisation of rows.
  ///
  /// - Parameters:
  ///   - input: (R, ..., C).
  ///   - weight: (R, C).
  /// - Throws: A failure of the device.
  public func rmsNorm(_ input: Variable, weight: Variable, epsilon: Float) throws -> Variable {
    let x = input.value
    let output = try backend.empty(x.shape, live: x.live)
    let scale = try backend.empty([x.shape.replicas, x.shape.rowsPerReplica])
    try backend.rmsNorm(x, weight: weight.value, epsilon: epsilon, into: output, scale: scale)
    return record(output, from: [input, weight]) { [unowned self] g in
      let weightGradient = try backend.empty(weight.value.shape)
      let inputGradient = try input.destination ?? backend.empty(x.shape, live: x.live)
      try backend.rmsNormGradient(
        x, weight: weight.value, scale: scale, outputGradient: g, adding: input.gradient,
        into: inputGradient, weightGradient: weightGradient)
      if input.isTracked { input.gradient = inputGradient }
      try contribute(weightGradient, to: weight)
    }
  }
}
