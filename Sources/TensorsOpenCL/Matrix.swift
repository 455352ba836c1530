import Kernels
public import Tensors

extension OpenCLBackend {
  public func matmul(
    _ left: Tensor, transposeLeft: Bool, _ right: Tensor, transposeRight: Bool, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    let (left, right) = (try operand(left, precision), try operand(right, precision))
    let sizes = MatrixProduct(
      left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: adding,
      into: output)
    switch style {
    case .wideItems: try multiplyByTiles(sizes, left, right, adding, output)
    case .manyItems: try multiplyThroughLocalMemory(sizes, left, right, adding, output)
    }
  }

  private func multiplyByTiles(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    let panels = n.dividedRoundingUp(by: 2 * lanes)
    // Sums of a part of k rest in the output, unless what is added to them lies there.
    let partial = k > Self.tileInner && sizes.adds ? try empty(output.shape) : output
    let rowsPerItem = rowsPerItem(sizes, panels: panels)
    try launch(
      .matmulTile, global: (panels, m.dividedRoundingUp(by: rowsPerItem), sizes.replicas),
      local: (1, 1, 1)
    ) {
      try $0.tensors(left, right, adding ?? output, output, partial)
      try setSizes(&$0, sizes, left)
      try $0.integers(rowsPerItem)
    }
  }

  /// What the kernels have in common: what live rows limit (1 rows, 2 the sum over k, 0 nothing),
  /// sizes, and steps from element to element.
  private func setSizes(
    _ arguments: inout Arguments, _ sizes: MatrixProduct, _ left: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    try arguments.tensor(left.live?.counts ?? left)
    try arguments.integers(left.live == nil ? 0 : sizes.transposeLeft ? 2 : 1, m, n, k)
    try arguments.integers(sizes.transposeLeft ? 1 : k, sizes.transposeLeft ? m : 1)
    try arguments.integers(sizes.transposeRight ? 1 : n, sizes.transposeRight ? k : 1)
    try arguments.integers(sizes.adds ? 1 : 0)
  }

  /// Rows of a work-item: many, since it copies its columns of `right` first, but not more than
  /// 128 KB of `left`, which its neighbours read as well; fewer where the device would lack
  /// work-items. It changes no byte.
  private func rowsPerItem(_ sizes: MatrixProduct, panels: Int) -> Int {
    let tile = lanes == 16 ? 12 : 6
    let most = max(48, 32_768 / min(sizes.inner, Self.tileInner))
    let blocks = max(
      sizes.rows.dividedRoundingUp(by: most),
      (4 * computeUnits).dividedRoundingUp(by: panels * sizes.replicas))
    return max(2 * tile, sizes.rows.dividedRoundingUp(by: blocks).roundedUp(to: tile))
  }

  /// `BLOCK_INNER` of matmul_tile.cl; `tile` above is its `ROWS`.
  private static let tileInner = 256

  private func multiplyThroughLocalMemory(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let (m, n) = (sizes.rows, sizes.columns)
    try launch(
      .matmulLocal,
      global: (
        n.dividedRoundingUp(by: 64) * 16, m.dividedRoundingUp(by: 64) * 16, sizes.replicas
      ), local: (16, 16, 1)
    ) {
      try $0.tensors(left, right, adding ?? output, output)
      try setSizes(&$0, sizes, left)
    }
  }
}
