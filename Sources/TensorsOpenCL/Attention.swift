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

  /// With `manyItems` kernels rotate what they load.
  public var rotatesInAttention: Bool { style == .manyItems }

  public func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    into output: Tensor, logSumExp: Tensor
  ) throws {
    let table = rotatesInAttention ? nil : rotaryTable
    let projection = try rotated(projection, sizes, by: table)
    try launchAttention(.attentionForward, .forward, sizes, products: 2) {
      try operands(&$0, projection, rotaryTable, lengths)
      try $0.tensors(output, logSumExp)
    }
  }

  public func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    output: Tensor, logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    let table = rotatesInAttention ? nil : rotaryTable
    let projection = try rotated(projection, sizes, by: table)
    let delta = try empty(logSumExp.shape)
    try launchAttention(.attentionGradientQuery, .gradientQuery, sizes, products: 3) {
      try operands(&$0, projection, rotaryTable, lengths)
      try $0.tensors(output, logSumExp, outputGradient)
      // Each of the two kernels writes its part of the three.
      try $0.tensor(projectionGradient, share: 1.0 / 3)
      try $0.tensor(delta)
    }
    try launchAttention(.attentionGradientKey, .gradientKey, sizes, products: 4) {
      try operands(&$0, projection, rotaryTable, lengths)
      try $0.tensors(logSumExp, outputGradient, delta)
      try $0.tensor(projectionGradient, share: 2.0 / 3)
    }
    try turnBack(projectionGradient, sizes, by: table)
  }

  /// Sets the projection, with `manyItems` the rotary table, and the sequences.
  private func operands(
    _ arguments: inout Arguments, _ projection: Tensor, _ table: Tensor?, _ lengths: Tensor
  ) throws {
    try arguments.tensor(projection)
    if rotatesInAttention {
      try arguments.optional(table, or: projection)
      try arguments.integers(table == nil ? 0 : 1)
    }
    try arguments.sequences(of: projection, lengths: lengths)
  }

  /// With `wideItems` a work-item computes all tiles of a head, grid (1, heads, rows). With
  /// `manyItems` a work-group computes a tile and an item 8 or 4 rows of the tile, grid (rows, heads,
  /// tiles): only the first dimension of a GPU's grid can exceed 65,535. Short sequences get
  /// smaller tiles, and so do devices that cannot build or launch a large one, or have too few registers
  /// for it: their sums have another order, within the same bounds.
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
    let shape = attentionShape(of: many.program, tile, headWidth: sizes.headWidth)
    try launch(
      many.program, constants: shape.constants,
      global: (
        rows * 16, sizes.heads * shape.items, sizes.positions.dividedRoundingUp(by: tile)
      ), local: (16, shape.items, 1), operations: operations, set)
  }

  private func attentionShape(
    of program: KernelProgram, _ tile: Int, headWidth: Int
  ) -> AttentionTiles.Shape {
    AttentionTiles.shape(of: program, tile, headWidth: headWidth, isIntelGPU: build.isIntelGPU)
  }

  /// The tile of a kernel: the smallest one with all positions that this device can run, else the largest one, or
  /// a smaller one from tuning. A tuned tile is one for all numbers of positions. Up to its size there is one
  /// block, and the bytes of a sequence are those of every larger tile.
  package func attentionTile(
    _ kernel: AttentionKernel, headWidth: Int, positions: Int
  ) -> Int {
    if let forced = forcedAttentionTiles[kernel] { return forced }
    let tuned = tuning.changedTiles.first { $0.kernel == kernel && $0.headWidth == headWidth }
    let tiles = AttentionTiles.tiles(
      of: kernel.program, headWidth: headWidth, isIntelGPU: build.isIntelGPU
    ).filter { $0 <= tuned?.chosen ?? .max }
    let whole = tiles.filter { positions <= $0 }
    let key = "\(kernel.rawValue) \(headWidth) \(whole)"
    if let known = attentionTiles[key] { return known }
    let tile = (whole.reversed() + tiles.filter { positions > $0 }).first {
      isUsable($0, kernel.program, headWidth: headWidth)
    }
    attentionTiles[key] = tile ?? 16
    return tile ?? 16
  }

  /// The tiles that this device can run, the largest first. The smallest one is always among them.
  func usableTiles(of kernel: AttentionKernel, headWidth: Int) -> [Int] {
    AttentionTiles.tiles(
      of: kernel.program, headWidth: headWidth, isIntelGPU: build.isIntelGPU
    ).filter { isUsable($0, kernel.program, headWidth: headWidth) }
  }

  private func isUsable(_ tile: Int, _ program: KernelProgram, headWidth: Int) -> Bool {
    if tile == AttentionTiles.all.last { return true }
    let shape = attentionShape(of: program, tile, headWidth: headWidth)
    guard 16 * shape.items <= limits.workGroup else { return false }
    return rehearsed != nil
      || usableKernel(program, constants: shape.constants, items: 16 * shape.items) != nil
  }
}
