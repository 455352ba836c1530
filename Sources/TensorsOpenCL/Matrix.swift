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
    case .manyItems:
      if multipliesByRows(sizes, left) {
        try multiplyByRows(sizes, left, right, adding: adding, into: output)
      } else {
        try multiplyByGroups(sizes, left, right, adding, output, on: nil)
      }
    }
  }

  private func multiplyByTiles(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let tiling = tiling(for: sizes, on: nil)
    // Sums of a part of k are stored in the output, unless the output is also the addend.
    let partial = sizes.inner > tiling.depth && sizes.adds ? try empty(output.shape) : output
    let item =
      tiling.packsRows || sizes.transposeLeft ? largeItem(sizes, tiling) : tallItem(sizes, tiling)
    try launch(
      .matmulTile, constants: tiling.constants(lanes: lanes),
      global: (
        sizes.columns.dividedRoundingUp(by: item.columns),
        sizes.rows.dividedRoundingUp(by: item.rows), sizes.replicas
      ),
      local: (1, 1, 1), counted: sizes.operations
    ) {
      try $0.tensors(left, right)
      try $0.optional(adding, or: output)
      try $0.tensor(output)
      // Sums of a part of k can stay in the cache.
      try $0.tensor(partial, share: 0)
      try setSizes(&$0, sizes, left)
      try $0.integers(sizes.adds ? 1 : 0, item.rows, item.columns)
      if tiling.packsRows {
        try $0.local(byteCount: 4 * item.rows * (min(sizes.inner, tiling.depth) + 1))
      }
    }
  }

  /// Sets the common arguments of the kernels: the limit by live rows (1 for rows, 2 for the sum
  /// over k, 0 for none), sizes, and strides.
  private func setSizes(
    _ arguments: inout Arguments, _ sizes: MatrixProduct, _ left: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    try arguments.optional(left.live?.counts, or: left)
    try arguments.integers(left.live == nil ? 0 : sizes.transposeLeft ? 2 : 1, m, n, k)
    try arguments.integers(sizes.transposeLeft ? 1 : k, sizes.transposeLeft ? m : 1)
    try arguments.integers(sizes.transposeRight ? 1 : n, sizes.transposeRight ? k : 1)
  }

  /// The part of the output of a work-item that copies its columns of `right`. It has many rows,
  /// because each uses the copy. It has at most the tiling's rows, which its neighbours read too. It
  /// has fewer if the device would have too few work-items.
  private func tallItem(_ sizes: MatrixProduct, _ tiling: ProductTiling) -> ProductItem {
    // If the sum is shorter than a block, more rows fit into the cache.
    let most = max(48, tiling.rows * tiling.depth / min(max(1, sizes.inner), tiling.depth))
    let panels = sizes.columns.dividedRoundingUp(by: tiling.columns)
    let blocks = max(
      sizes.rows.dividedRoundingUp(by: most),
      (8 * computeUnits).dividedRoundingUp(by: panels * sizes.replicas))
    let rows = max(
      2 * tiling.itemRows,
      sizes.rows.dividedRoundingUp(by: blocks).roundedUp(to: tiling.itemRows))
    return ProductItem(rows: rows, columns: tiling.columns)
  }

  /// The part of the output of a work-item that reads its rows of `left` once for all its columns: in a copy,
  /// or, if `left` is transposed, from the cache. It is the part with which all units end soonest. Beside its
  /// products an item costs its reads of both operands, which took the time of about 13 products per row and
  /// 16 per column (for each k).
  private func largeItem(_ sizes: MatrixProduct, _ tiling: ProductTiling) -> ProductItem {
    let key = ProductItem.Key(sizes, tiling)
    if let known = itemsInUse[key] { return known }
    func sides(_ size: Int, most: Int, step: Int) -> [Int] {
      let fewest = size.dividedRoundingUp(by: most)
      return (fewest..<fewest + 4 * computeUnits).map {
        min(most, size.dividedRoundingUp(by: $0).roundedUp(to: step))
      }
    }
    func cost(_ item: ProductItem) -> Int {
      let items =
        sizes.rows.dividedRoundingUp(by: item.rows)
        * sizes.columns.dividedRoundingUp(by: item.columns) * sizes.replicas
      return items.dividedRoundingUp(by: computeUnits)
        * (item.rows * item.columns + 13 * item.rows + 16 * item.columns)
    }
    let most = tiling.packsRows ? tiling.columns : sizes.columns.roundedUp(to: tiling.itemColumns)
    let columns = sides(sizes.columns, most: most, step: tiling.itemColumns)
    let all = sides(sizes.rows, most: tiling.rows, step: tiling.itemRows).flatMap { rows in
      columns.map { ProductItem(rows: rows, columns: $0) }
    }
    let best = all.min { cost($0) < cost($1) } ?? tallItem(sizes, tiling)
    itemsInUse[key] = best
    return best
  }

  /// Launches a product in tiles of work-groups, in local memory or on matrix units.
  ///
  /// - Parameter gate: `GATE` of matmul_local.cl, for a product that ends with SwiGLU or with its gradient.
  func multiplyByGroups(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor,
    on units: MatrixUnits?, gate: Gate? = nil
  ) throws {
    let (m, n) = (sizes.rows, sizes.columns)
    let tiling =
      gate.map { self.tiling(for: sizes, ending: $0) } ?? self.tiling(for: sizes, on: units)
    let tiles =
      n.dividedRoundingUp(by: tiling.columns) * m.dividedRoundingUp(by: tiling.rows)
      * sizes.replicas
    // Parts that a group adds by itself need no memory. A sum of fewer elements than a team has another order.
    let addsParts =
      units == nil && sizes.parts > 1 && adding == nil && tiling.canAddParts && m * n >= team
      && tiles >= 2 * computeUnits && isUsable(tiling, on: nil, addsParts: true)
    let parts = addsParts ? 1 : sizes.parts
    let waits = parts > 1 ? try waitingSum(parts: parts, into: output, adding: adding) : nil
    let product = parts > 1 ? try waits?.partial ?? empty([sizes.replicas, parts, m, n]) : output
    let group =
      units == nil
      ? (tiling.columns / tiling.itemColumns, tiling.rows / tiling.itemRows, 1)
      : (tiling.lanesPerGroup, 1, 1)
    try launch(
      units == nil ? .matmulLocal : .matmulMatrixUnits,
      constants: tiling.constants(on: units, gate: gate, addsParts: addsParts),
      global: (tiles * parts * group.0, group.1, 1), local: group,
      operations: sizes.operations
    ) {
      try $0.tensors(left, right)
      try $0.optional(parts == 1 ? adding : nil, or: product)
      try $0.tensor(product)
      try setSizes(&$0, sizes, left)
      try $0.integers(
        adding != nil && parts == 1 ? 1 : 0, parts,
        sizes.inner.dividedRoundingUp(by: sizes.parts))
      if units == nil { try $0.integers(sizes.parts) }
    }
    if let waits { return waiting.append(waits) }
    guard parts > 1 else { return }
    let sum = sizes.adds ? try empty(output.shape) : output
    try sumBlocks(product, blocks: parts, into: sum)
    if let adding { try add(sum, adding, into: output) }
  }
}

/// The part of a product's output that a wide work-item computes.
struct ProductItem {
  var rows: Int
  var columns: Int

  /// What decides the part on a device.
  struct Key: Hashable {
    private let sizes: [Int]
    private let tiling: ProductTiling

    init(_ product: MatrixProduct, _ tiling: ProductTiling) {
      sizes = [product.rows, product.columns, product.replicas]
      self.tiling = tiling
    }
  }
}
