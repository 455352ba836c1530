public import Tensors

extension Tape {
  /// Causal attention over queries and keys that are rotated by their positions.
  ///
  /// - Parameters:
  ///   - projection: (R, B, T, 3C), padded or with live rows: query | key | value of a linear
  ///     layer, not rotated. A backend that does not rotate in attention rotates it in place, because a
  ///     linear layer's gradient rule does not read its output.
  ///   - lengths: (R, B) int32.
  ///   - table: the rotary table.
  ///   - rotated: called with the rotated projection, so that a cache can be filled from it.
  /// - Returns: (R, B, T, C).
  /// - Throws: A failure of the device.
  public func attention(
    _ projection: Variable, lengths: Tensor, heads: Int, rotaryTable table: Tensor,
    rotated: ((Tensor) throws -> Void)? = nil
  ) throws -> Variable {
    let p = projection.value
    let (r, b, t) = (p.shape[0], p.shape[1], p.shape[2])
    // A cache needs the rotated keys in memory.
    let isFused = backend.rotatesInAttention && rotated == nil
    if !isFused {
      try backend.rotary(p, heads: heads, table: table, start: nil, inverse: false, into: p)
      try rotated?(p)
    }
    let output = try backend.empty([r, b, t, p.shape[3] / 3], live: p.live)
    let logSumExp = try backend.empty([r, b, heads, t])
    try backend.attention(
      p, rotaryTable: isFused ? table : nil, lengths: lengths, heads: heads, into: output,
      logSumExp: logSumExp)
    return record(output, from: [projection]) { [unowned self] g in
      let gradient = try backend.empty(p.shape, live: p.live)
      try backend.attentionGradient(
        p, rotaryTable: isFused ? table : nil, lengths: lengths, heads: heads, output: output,
        logSumExp: logSumExp, outputGradient: g, into: gradient)
      // The transpose of a rotation is the inverse rotation.
      if !isFused {
        try backend.rotary(
          gradient, heads: heads, table: table, start: nil, inverse: true, into: gradient)
      }
      try contribute(gradient, to: projection)
    }
  }
}
