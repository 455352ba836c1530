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
    expectSum(ofNorm: weight, rows: x.shape.rowsPerReplica)
    return record(output, from: [input, weight]) { [unowned self] g in
      // The first contribution is written to its place.
      let place = weight.isTracked && weight.gradient == nil ? weight.destination : nil
      let weightGradient = try place ?? backend.empty(weight.value.shape)
      let inputGradient = try input.destination ?? backend.empty(x.shape, live: x.live)
      try backend.rmsNormGradient(
        x, weight: weight.value, scale: scale, outputGradient: g, adding: input.gradient,
        into: inputGradient, weightGradient: weightGradient)
      if input.isTracked { input.gradient = inputGradient }
      if place != nil {
        weight.gradient = weightGradient
      } else {
        try contribute(weightGradient, to: weight)
      }
    }
  }
}
