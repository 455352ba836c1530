import Kernels
public import Tensors

extension OpenCLBackend {
  public func rotary(
    _ projection: Tensor, heads: Int, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {
    let sizes = AttentionSizes(projection: projection, heads: heads, operation: "rotary")
    require(
      output.shape == projection.shape && table.shape.rank == 4
        && table.shape[1] >= sizes.positions && table.shape[2] == sizes.headWidth / 2, "rotary",
      "table \(table.shape) and output \(output.shape) do not fit \(projection.shape)")
    requireSameRows(projection, output, operation: "rotary")
    let rows = sizes.batch * sizes.positions
    let positions = projection.live?.positions
    try launch(
      .rotary, teams: rows.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensors(projection, table, positions ?? start ?? table, output)
      try $0.live(of: projection)
      try $0.integers(
        rows, sizes.positions, heads, sizes.headWidth, positions != nil ? 2 : start != nil ? 1 : 0)
      try $0.value(inverse ? Float(-1) : Float(1))
      try $0.integers(rowsPerItem)
    }
  }

  public func attention(
    _ projection: Tensor, lengths: Tensor, heads: Int, into output: Tensor, logSumExp: Tensor
  ) throws {
    let sizes = AttentionSizes(
      projection: projection, lengths: lengths, heads: heads, output: output,
      logSumExp: logSumExp, operation: "attention")
    try launchAttention(.attentionForward, sizes) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(output, logSumExp)
    }
  }

  public func attentionGradient(
    _ projection: Tensor, lengths: Tensor, heads: Int, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    let sizes = AttentionSizes(
      projection: projection, lengths: lengths, heads: heads, output: output,
      logSumExp: logSumExp, operation: "attentionGradient")
    require(
      outputGradient.shape == output.shape && projectionGradient.shape == projection.shape,
      "attentionGradient",
      "gradients \(outputGradient.shape) and \(projectionGradient.shape) do not fit "
        + "\(output.shape) and \(projection.shape)")
    requireSameRows(
      projection, outputGradient, projectionGradient, operation: "attentionGradient")
    let delta = try empty(logSumExp.shape)
    try launchAttention(.attentionGradientQuery, sizes) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(output, logSumExp, outputGradient, projectionGradient, delta)
    }
    try launchAttention(.attentionGradientKey, sizes) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(logSumExp, outputGradient, delta, projectionGradient)
    }
  }

  /// Grid (tiles, heads, rows): a wide work-item makes all tiles of a head, many make one query each.
  private func launchAttention(
    _ program: KernelProgram, _ sizes: AttentionSizes, _ tensors: (inout Arguments) throws -> Void
  ) throws {
    let width = style == .wideItems ? 1 : 32
    let items = style == .wideItems ? 1 : sizes.positions.roundedUp(to: width)
    try launch(
      program, constants: ["D": sizes.headWidth],
      global: (items, sizes.heads, sizes.replicas * sizes.batch), local: (width, 1, 1)
    ) {
      try tensors(&$0)
      try $0.integers(sizes.batch, sizes.positions, sizes.heads)
      try $0.value(1 / Float(sizes.headWidth).squareRoot())
    }
  }
}
