import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeRotary(
    _ sizes: AttentionSizes, _ projection: Tensor, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {
    let rows = sizes.batch * sizes.positions
    let positions = projection.live?.positions
    try launch(
      .rotary, teams: rows.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensors(projection, table, positions ?? start ?? table, output)
      try $0.live(of: projection)
      try $0.integers(
        rows, sizes.positions, sizes.heads, sizes.headWidth,
        positions != nil ? 2 : start != nil ? 1 : 0)
      try $0.value(inverse ? Float(-1) : Float(1))
      try $0.integers(rowsPerItem)
    }
  }

  public func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, lengths: Tensor, into output: Tensor,
    logSumExp: Tensor
  ) throws {
    try launchAttention(.attentionForward, .forward, sizes, products: 2) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(output, logSumExp)
    }
  }

  public func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, lengths: Tensor, output: Tensor,
    logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    let delta = try empty(logSumExp.shape)
    try launchAttention(.attentionGradientQuery, .gradientQuery, sizes, products: 3) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(output, logSumExp, outputGradient)
      // Each of the two kernels writes its part of the three.
      try $0.tensor(projectionGradient, share: 1.0 / 3)
      try $0.tensor(delta)
    }
    try launchAttention(.attentionGradientKey, .gradientKey, sizes, products: 4) {
      try $0.tensors(projection)
      try $0.sequences(of: projection, lengths: lengths)
      try $0.tensors(logSumExp, outputGradient, delta)
      try $0.tensor(projectionGradient, share: 2.0 / 3)
    }
  }

  /// With `wideItems` a work-item computes all tiles of a head, grid (1, heads, rows). With
  /// `manyItems` a work-group computes a tile and an item 8 rows of the tile, grid (rows, heads,
  /// tiles): only the first dimension of a GPU's grid can exceed 65,535. Short sequences get
  /// smaller tiles, and so do devices that cannot build or launch a large one: their sums have
  /// another order, within the same bounds.
  ///
  /// - Parameter products: the number of products of T x T pairs and D channels, half of which are seen.
  private func launchAttention(
    _ wide: KernelProgram, _ many: AttentionKernel, _ sizes: AttentionSizes, products: Double,
    _ tensors: (inout Arguments) throws -> Void
  ) throws {
    let rows = sizes.replicas * sizes.batch
    func set(_ arguments: inout Arguments) throws {
      try tensors(&arguments)
      try arguments.integers(sizes.batch, sizes.positions, sizes.heads)
      try arguments.value(1 / Float(sizes.headWidth).squareRoot())
    }
    let pairs = Double(sizes.positions) * Double(sizes.positions)
    let operations = products * pairs * Double(rows * sizes.heads * sizes.headWidth)
    if style == .wideItems {
      return try launch(
        wide, constants: ["D": sizes.headWidth], global: (1, sizes.heads, rows), local: (1, 1, 1),
        counted: operations, set)
    }
    let tile = attentionTile(many, headWidth: sizes.headWidth, positions: sizes.positions)
    try launch(
      many.program, constants: ["D": sizes.headWidth, "TILE": tile],
      global: (
        rows * 16, sizes.heads * (tile / 8), sizes.positions.dividedRoundingUp(by: tile)
      ), local: (16, tile / 8, 1),
      operations: operations, set)
  }

  /// The rows of a work-group's tile of attention, the largest first.
  static let attentionTiles = [64, 32, 16]

  /// The tile of a kernel: the largest one that this device can run and that the positions need, or a
  /// smaller one from tuning. A tuned tile is one for all numbers of positions. Up to its size there is one
  /// block, and the bytes of a sequence are those of every larger tile.
  package func attentionTile(
    _ kernel: AttentionKernel, headWidth: Int, positions: Int
  ) -> Int {
    if let forced = forcedAttentionTiles[kernel] { return forced }
    let tuned = tuning.changedTiles.first { $0.kernel == kernel && $0.headWidth == headWidth }
    let largest = min(
      Self.attentionTiles.last { positions <= $0 } ?? Self.attentionTiles[0], tuned?.chosen ?? .max)
    let key = "\(kernel.rawValue) \(headWidth) \(largest)"
    if let known = attentionTiles[key] { return known }
    let tile = Self.attentionTiles.first {
      $0 <= largest && isUsable($0, kernel, headWidth: headWidth)
    }
    attentionTiles[key] = tile ?? 16
    return tile ?? 16
  }

  /// The tiles that this device can run, the largest first. The smallest one is always among them.
  func usableTiles(of kernel: AttentionKernel, headWidth: Int) -> [Int] {
    Self.attentionTiles.filter { isUsable($0, kernel, headWidth: headWidth) }
  }

  private func isUsable(_ tile: Int, _ kernel: AttentionKernel, headWidth: Int) -> Bool {
    if tile == Self.attentionTiles.last { return true }
    guard 2 * tile <= limits.workGroup else { return false }
    return rehearsed != nil
      || usableKernel(
        kernel.program, constants: ["D": headWidth, "TILE": tile], items: 2 * tile) != nil
  }
}
