import Tensors

extension Tape {
  /// left + right, of one shape.
  ///
  /// - Throws: A failure of the device.
  public func add(_ left: Variable, _ right: Variable) throws -> Variable {
    let output = try backend.empty(left.value.shape, live: left.value.live)
    try backend.add(left.value, right.value, into: output)
    return record(output, from: [left, right]) { [unowned self] g in
      try contribute(g, to: left)
      try contribute(g, to: right)
    }
  }

  /// silu(gate) · up of (R, ..., 2F), gates first; (R, ..., F).
  ///
  /// - Throws: A failure of the device.
  public func swiGLU(_ gateAndUp: Variable) throws -> Variable {
    let x = gateAndUp.value
    let output = try backend.empty(
      Shape(x.shape.dimensions.dropLast() + [x.shape.width / 2]), live: x.live)
    try backend.swiGLU(x, into: output)
    return record(output, from: [gateAndUp]) { [unowned self] g in
      let gradient = try backend.empty(x.shape, live: x.live)
      try backend.swiGLUGradient(x, outputGradient: g, into: gradient)
      try contribute(gradient, to: gateAndUp)
    }
  }
}
