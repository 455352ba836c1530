import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeMatmul(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    if precision == .bfloat16, let matrixUnits {
      // Matrix units' kernels round operands during the load.
      try multiplyByGroups(sizes, left, right, adding, output, on: matrixUnits)
      return
    }
    let (left, right) = (try operand(left, precision), try operand(right, precision))
    switch style {
    case .wideItems: try multiplyByTiles(sizes, left, right, adding, output)
    case .manyItems: try multiplyByGroups(sizes, left, right, adding, output, on: nil)
    }
  }

  private func multiplyByTiles(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let tiling = tiling(for: sizes, on: nil)
    let panels = sizes.columns.dividedRoundingUp(by: tiling.columns)
    // Sums of a part of k are stored in the output, unless the output is also the addend.
    let partial = sizes.inner > tiling.depth && sizes.adds ? try empty(output.shape) : output
    let rowsPerItem = rowsPerItem(sizes, tiling, panels: panels)
    try launch(
      .matmulTile,
      constants: [
        "BLOCK_INNER": tiling.depth, "ROWS": tiling.itemRows, "VECTORS": tiling.columns / lanes,
      ],
      global: (panels, sizes.rows.dividedRoundingUp(by: rowsPerItem), sizes.replicas),
      local: (1, 1, 1)
    ) {
      try $0.tensors(left, right, adding ?? output, output, partial)
      try setSizes(&$0, sizes, left)
      try $0.integers(sizes.adds ? 1 : 0, rowsPerItem)
    }
  }

  /// Sets the common arguments of the kernels: the limit by live rows (1 for rows, 2 for the sum
  /// over k, 0 for none), sizes, and strides.
  private func setSizes(
    _ arguments: inout Arguments, _ sizes: MatrixProduct, _ left: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    try arguments.tensor(left.live?.counts ?? left)
    try arguments.integers(left.live == nil ? 0 : sizes.transposeLeft ? 2 : 1, m, n, k)
    try arguments.integers(sizes.transposeLeft ? 1 : k, sizes.transposeLeft ? m : 1)
    try arguments.integers(sizes.transposeRight ? 1 : n, sizes.transposeRight ? k : 1)
  }

  /// Rows per work-item. They are many, because a work-item first copies its columns of `right`.
  /// They are at most the tiling's rows, which its neighbours read too. They are fewer if the
  /// device would have too few work-items.
  private func rowsPerItem(_ sizes: MatrixProduct, _ tiling: ProductTiling, panels: Int) -> Int {
    // If the sum is shorter than a block, more rows fit into the cache.
    let most = max(48, tiling.rows * tiling.depth / min(max(1, sizes.inner), tiling.depth))
    let blocks = max(
      sizes.rows.dividedRoundingUp(by: most),
      (8 * computeUnits).dividedRoundingUp(by: panels * sizes.replicas))
    return max(
      2 * tiling.itemRows,
      sizes.rows.dividedRoundingUp(by: blocks).roundedUp(to: tiling.itemRows))
  }

  /// Launches a product in tiles of work-groups, in local memory or on matrix units.
  private func multiplyByGroups(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor,
    on units: MatrixUnits?
  ) throws {
    let (m, n, parts) = (sizes.rows, sizes.columns, sizes.parts)
    let tiling = tiling(for: sizes, on: units)
    let product = parts > 1 ? try empty([sizes.replicas, parts, m, n]) : output
    let group =
      units == nil
      ? (tiling.columns / tiling.itemColumns, tiling.rows / tiling.itemRows, 1)
      : (tiling.lanesPerGroup, 1, 1)
    try launch(
      units == nil ? .matmulLocal : .matmulMatrixUnits, constants: tiling.constants(on: units),
      global: (
        n.dividedRoundingUp(by: tiling.columns) * m.dividedRoundingUp(by: tiling.rows)
          * sizes.replicas * parts * group.0, group.1, 1
      ), local: group
    ) {
      try $0.tensors(left, right, adding ?? output, product)
      try setSizes(&$0, sizes, left)
      try $0.integers(
        sizes.adds && parts == 1 ? 1 : 0, parts, sizes.inner.dividedRoundingUp(by: parts))
    }
    guard parts > 1 else { return }
    let sum = sizes.adds ? try empty(output.shape) : output
    try sumBlocks(product, blocks: parts, into: sum)
    if let adding { try add(sum, adding, into: output) }
  }
}
