/// Operations on single elements, or on single pairs of gate and value.
public protocol ElementwiseOperations: AnyObject {
  func computeAdd(_ left: Tensor, _ right: Tensor, into output: Tensor) throws

  func computeRoundToBFloat16(_ input: Tensor, into output: Tensor) throws

  func computeSwiGLU(_ sizes: SwiGLUSizes, _ gateAndUp: Tensor, into output: Tensor) throws

  func computeSwiGLUGradient(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor) throws
}

extension ElementwiseOperations {
  /// output = left + right, of one shape; `output` may be `left` or `right`.
  ///
  /// Error: correctly rounded.
  ///
  /// - Throws: A failure of the device.
  public func add(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    require(
      left.shape == right.shape && left.shape == output.shape, "add",
      "\(left.shape), \(right.shape) and \(output.shape) are not one shape")
    requireSameRows(left, right, output, operation: "add")
    try computeAdd(left, right, into: output)
  }

  /// Rounds every element to the nearest bfloat16, ties to even; `output` may be `input`.
  ///
  /// Error: none. NaN stays NaN and infinities stay infinite. A number that rounds above the
  /// largest bfloat16 becomes infinite.
  ///
  /// - Throws: A failure of the device.
  public func roundToBFloat16(_ input: Tensor, into output: Tensor) throws {
    require(
      input.shape == output.shape, "roundToBFloat16",
      "output \(output.shape) is not the shape of \(input.shape)")
    requireSameRows(input, output, operation: "roundToBFloat16")
    try computeRoundToBFloat16(input, into: output)
  }

  /// y_f = silu(gate_f) · up_f, silu(x) = x / (1 + e^-x) (Shazeer 2020, arXiv:2002.05202).
  ///
  /// - Parameters:
  ///   - gateAndUp: (R, ..., 2F): F gates, then F values.
  ///   - output: (R, ..., F).
  ///
  /// Error: 16 · 2⁻²⁴ · |y_f| + 2⁻¹²⁵ · |gate_f · up_f| + 2⁻¹²⁶: σ underflows for gates below -88.
  ///
  /// - Throws: A failure of the device.
  public func swiGLU(_ gateAndUp: Tensor, into output: Tensor) throws {
    let sizes = SwiGLUSizes(gateAndUp, output: output, operation: "swiGLU")
    try computeSwiGLU(sizes, gateAndUp, into: output)
  }

  /// With σ = 1/(1 + e^-gate): d gate = g · up · σ (1 + gate (1 - σ)); d up = g · gate · σ.
  ///
  /// - Parameters:
  ///   - outputGradient: g, (R, ..., F).
  ///   - gradient: (R, ..., 2F), may be `gateAndUp` itself.
  /// - Throws: A failure of the device.
  public func swiGLUGradient(
    _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let name = "swiGLUGradient"
    let sizes = SwiGLUSizes(gateAndUp, output: outputGradient, operation: name)
    require(
      gradient.shape == gateAndUp.shape, name,
      "gradient \(gradient.shape) is not the shape of \(gateAndUp.shape)")
    requireSameRows(gateAndUp, gradient, operation: name)
    try computeSwiGLUGradient(sizes, gateAndUp, outputGradient: outputGradient, into: gradient)
  }
}

/// The checked sizes of a SwiGLU call.
public struct SwiGLUSizes: Hashable, Sendable {
  public let replicas: Int
  public let rows: Int
  public let width: Int

  init(_ gateAndUp: Tensor, output: Tensor, operation: String) {
    replicas = gateAndUp.shape.replicas
    rows = gateAndUp.shape.rowsPerReplica
    width = output.shape.width
    require(
      gateAndUp.shape.width == 2 * width && output.shape.replicas == replicas
        && output.shape.rowsPerReplica == rows, operation,
      "\(gateAndUp.shape) is not \(output.shape) with gate and value side by side")
    requireSameRows(gateAndUp, output, operation: operation)
  }
}
