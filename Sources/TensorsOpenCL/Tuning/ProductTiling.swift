import Kernels
import OpenCL
public import Tensors

/// The tiling of a product on a device. A tiling does not change the bytes: a sum over k has the
/// same order in every tile.
public struct ProductTiling: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The rows and columns of a work-group's tile. With `wideItems`, they are the largest numbers of
  /// rows and columns per work-item.
  public var rows: Int
  public var columns: Int
  /// The size of a block of k, which is in local memory or in a core's L1 cache.
  public var depth: Int
  /// The part of the tile in the registers of one work-item, or on matrix units of one warp.
  public var itemRows: Int
  public var itemColumns: Int

  init(_ rows: Int, _ columns: Int, depth: Int, item itemRows: Int, _ itemColumns: Int) {
    (self.rows, self.columns, self.depth) = (rows, columns, depth)
    (self.itemRows, self.itemColumns) = (itemRows, itemColumns)
  }

  public var description: String {
    "\(rows) x \(columns) x \(depth), \(itemRows) x \(itemColumns)"
  }

  // MARK: Through local memory

  var itemsPerGroup: Int { rows / itemRows * (columns / itemColumns) }

  /// The two blocks of matmul_local.cl, whose rows are four elements longer than the tile.
  var localBytes: Int { 4 * depth * (rows + columns + 8) }

  /// Whether a work-item has registers for a second set of sums, of the parts of k that are done. Items of
  /// 8 x 8 spill on some GPUs then.
  var canAddParts: Bool { itemRows * itemColumns <= 32 }

  /// An estimate of the time of a product in tiles through local memory: elements of the padded output times
  /// the cost of one. An item of 8 x 8 reads 0.25 floats of local memory per product, of 8 x 4 0.375, of
  /// 4 x 4 0.5. Half of the time is taken to be these reads with 8 x 8.
  func cost(of product: MatrixProduct) -> Double {
    let padded =
      product.rows.roundedUp(to: rows) * product.columns.roundedUp(to: columns)
    return Double(padded)
      * (0.5 + 2 * (1 / Double(itemRows) + 1 / Double(itemColumns)))
  }

  /// The constants that matmul_local.cl or matmul_matrix_units.cl is compiled with.
  func constants(
    on units: MatrixUnits?, gate: Gate? = nil, addsParts: Bool = false
  ) -> [String: Int] {
    guard let units else {
      var tile = [
        "TILE_M": rows, "TILE_N": columns, "DEPTH": depth, "ITEM_M": itemRows,
        "ITEM_N": itemColumns,
      ]
      if let gate { tile["GATE"] = gate.rawValue }
      if addsParts { tile["ADDS_PARTS"] = 1 }
      return tile
    }
    return units.constants.merging([
      "GROUP_M": rows, "GROUP_N": columns, "DEPTH": depth, "WARP_M": itemRows,
      "WARP_N": itemColumns,
    ]) { $1 }
  }

  /// From many sources (CLBlast's parameters by device, Boehm 2022): 8 x 8 outputs per work-item
  /// for large products, and depth 8 for devices with few registers or small caches, such as
  /// Intel's.
  static let throughLocalMemory = [
    ProductTiling(128, 128, depth: 16, item: 8, 8), ProductTiling(128, 128, depth: 8, item: 8, 8),
    ProductTiling(128, 64, depth: 16, item: 8, 4), ProductTiling(64, 64, depth: 16, item: 4, 4),
    ProductTiling(64, 64, depth: 8, item: 8, 8), ProductTiling(32, 64, depth: 16, item: 4, 4),
    ProductTiling(32, 32, depth: 16, item: 4, 4),
  ]

  /// The tilings of a product with this end. Intel's GPUs have no registers for SwiGLU's gradient beside the sums
  /// of the largest tile.
  static func throughLocalMemory(ending gate: Gate?, isIntelGPU: Bool) -> [ProductTiling] {
    guard gate == .swiGLUGradient, isIntelGPU else { return throughLocalMemory }
    return throughLocalMemory.filter { $0.rows * $0.columns < 128 * 128 }
  }

  // MARK: On matrix units

  /// 32 lanes per warp of the group.
  var lanesPerGroup: Int { 32 * itemsPerGroup }

  /// Bytes of the two buffers of matmul_matrix_units.cl and of the scratch memory of the emulation.
  var unitBytes: Int { 4 * depth * (rows + columns) + 768 * itemsPerGroup }

  /// Warps of 64 x 32 and 64 x 64 read the least local memory. With smaller tiles more warps fit on
  /// a compute unit.
  static let onMatrixUnits = [
    ProductTiling(128, 128, depth: 32, item: 64, 32),
    ProductTiling(128, 128, depth: 16, item: 64, 64),
    ProductTiling(128, 64, depth: 32, item: 32, 32), ProductTiling(64, 64, depth: 32, item: 32, 32),
    ProductTiling(32, 32, depth: 32, item: 16, 16),
  ]

  // MARK: By wide items

  /// Whether a work-item copies its rows of `left`, which all its columns use.
  var packsRows: Bool { columns > itemColumns }

  /// The constants that matmul_tile.cl is compiled with.
  func constants(lanes: Int) -> [String: Int] {
    [
      "BLOCK_INNER": depth, "ROWS": itemRows, "VECTORS": itemColumns / lanes,
      "PACKED": packsRows ? 1 : 0,
    ]
  }

  /// Tiles of two vectors of columns with many rows, or of three vectors with fewer rows: both use
  /// all registers. Without a copy of `left` the block of a few columns is in a core's L1 or L2
  /// cache, and many rows of `left` use it. With a copy, an item has many rows and many columns.
  ///
  /// - Parameter localMemory: bytes for the copy of a block of rows of `left`. A device with too
  ///   little of it has no tilings with a copy, because each copy needs many rows.
  static func byWideItems(lanes: Int, localMemory: Int) -> [ProductTiling] {
    func tiling(_ rows: Int, _ vectors: Int, depth: Int, most: Int, columns: Int? = nil)
      -> ProductTiling
    {
      let itemRows = lanes == 16 ? rows : rows / 2
      let width = vectors * lanes
      let copied = min(most, localMemory / (4 * (depth + 1))) / itemRows * itemRows
      return ProductTiling(
        columns == nil ? most : copied, columns ?? width, depth: depth, item: itemRows, width)
    }
    let all = [
      tiling(12, 2, depth: 256, most: 512),
      tiling(12, 2, depth: 256, most: 768, columns: 1024),
      tiling(8, 3, depth: 256, most: 1024),
      tiling(8, 3, depth: 256, most: 768, columns: 1536),
      tiling(12, 2, depth: 512, most: 384, columns: 1024),
    ]
    return all.filter { !$0.packsRows || $0.rows >= 128 }
  }
}

extension OpenCLBackend {
  /// The tilings that this device can run, the best guess for a large product first.
  ///
  /// Their kernels are built.
  package func tilings(for precision: Precision) -> [ProductTiling] {
    let units = precision == .bfloat16 ? matrixUnits : nil
    let all = tilings(on: units)
    let usable = all.filter { isUsable($0, on: units) }
    // Without any, the last one says why.
    return usable.isEmpty ? Array(all.suffix(1)) : usable
  }

  /// The tilings that this device's limits allow and that did not fail, the largest tile first. Empty
  /// if matrix units have none; without matrix units the smallest tiling is always left.
  func tilings(on units: MatrixUnits?) -> [ProductTiling] {
    if units != nil {
      return ProductTiling.onMatrixUnits.filter {
        $0.lanesPerGroup <= limits.workGroup && $0.unitBytes <= limits.localMemory
          && !unusableTilings.contains($0)
      }
    }
    if style == .wideItems {
      return ProductTiling.byWideItems(lanes: lanes, localMemory: limits.localMemory)
    }
    let all = ProductTiling.throughLocalMemory
    let left = all.filter {
      $0.itemsPerGroup <= limits.workGroup && $0.localBytes <= limits.localMemory
        && !unusableTilings.contains($0)
    }
    return left.isEmpty ? [all[all.count - 1]] : left
  }

  func isUsable(
    _ tiling: ProductTiling, on units: MatrixUnits?, addsParts: Bool = false
  ) -> Bool {
    guard style == .manyItems, rehearsed == nil else { return true }
    return usableKernel(
      units == nil ? .matmulLocal : .matmulMatrixUnits,
      constants: tiling.constants(on: units, addsParts: addsParts),
      items: units == nil ? tiling.itemsPerGroup : tiling.lanesPerGroup) != nil
  }

  package func tiling(for product: MatrixProduct, on units: MatrixUnits?) -> ProductTiling {
    if let forcedTiling { return forcedTiling }
    let shape = ProductShape(product, units == nil ? .float32 : .bfloat16)
    if let known = tilingsInUse[shape] { return known }
    // A record is a file that may have any content, so its tiling must be one of these.
    let tuned = tuning.entry(for: shape)?.chosen
    func choice() -> ProductTiling {
      tuned.flatMap { tilings(on: units).contains($0) ? $0 : nil } ?? guess(for: product, on: units)
    }
    var tiling = choice()
    while tilings(on: units).count > 1, !isUsable(tiling, on: units) {
      unusableTilings.insert(tiling)
      tiling = choice()
    }
    tilingsInUse[shape] = tiling
    return tiling
  }

  /// The tiling without tuning, of those with which no part of the device is idle: on matrix units the largest
  /// square tile, through local memory the tile of least cost.
  package func guess(for product: MatrixProduct, on units: MatrixUnits?) -> ProductTiling {
    let tilings = tilings(on: units)
    if style == .wideItems {
      let packed = tilings.filter(\.packsRows)
      guard isWorthPacking(product), !packed.isEmpty else { return tilings[0] }
      // Rows that are whole in one block are copied while sums hide the time of it.
      let depth = lanes == 8 && !product.transposeLeft ? 512 : 256
      return packed.first { $0.depth == depth } ?? packed[0]
    }
    let depth = units == nil && prefersShallowBlocks ? 8 : tilings[0].depth
    func groups(_ tiling: ProductTiling) -> Int {
      product.rows.dividedRoundingUp(by: tiling.rows)
        * product.columns.dividedRoundingUp(by: tiling.columns) * product.replicas * product.parts
    }
    let busy = tilings.filter { $0.depth == depth && groups($0) >= 2 * computeUnits }
    let best =
      units == nil
      ? busy.min { $0.cost(of: product) < $1.cost(of: product) }
      : busy.first { $0.rows == $0.columns }
    return best ?? tilings[tilings.count - 1]
  }

  /// Whether a copy of rows of `left` costs less than it saves. Measured with 16 lanes, and with 8 on a
  /// processor that has no more, on the products of models of 0.1M to 25M and on squares: Results/performance.md.
  private func isWorthPacking(_ product: MatrixProduct) -> Bool {
    let (rows, columns) = (product.rows, product.columns)
    if lanes == 8 { return rows >= 64 }
    guard product.transposeLeft else { return rows >= 64 && columns >= 320 }
    return rows * columns >= 1 << 17
  }
}

/// The form and sizes of a product.
public struct ProductShape: Codable, Hashable, Sendable, CustomStringConvertible {
  /// "NN", "NT" or "TN": which operands are transposed.
  public var form: String
  public var rows: Int
  public var columns: Int
  public var inner: Int
  public var replicas: Int
  /// The precision is bfloat16 only on matrix units. On other devices operands are rounded first
  /// and the product is the float32 product.
  public var precision: Precision

  public init(
    form: String, rows: Int, columns: Int, inner: Int, replicas: Int,
    precision: Precision = .float32
  ) {
    (self.form, self.precision) = (form, precision)
    (self.rows, self.columns, self.inner, self.replicas) = (rows, columns, inner, replicas)
  }

  public init(_ product: MatrixProduct, _ precision: Precision) {
    self.init(
      form: product.form, rows: product.rows, columns: product.columns, inner: product.inner,
      replicas: product.replicas, precision: precision)
  }

  /// The sizes of a product of this shape.
  var product: MatrixProduct {
    MatrixProduct(
      replicas: replicas, rows: rows, columns: columns, inner: inner,
      transposeLeft: form.hasPrefix("T"), transposeRight: form.hasSuffix("T"))
  }

  /// The shape with sizes rounded up to powers of two. All products of a bucket use the same
  /// tiling.
  public var bucket: ProductShape {
    func powerOfTwo(_ size: Int) -> Int {
      size <= 1 ? 1 : 1 << (Int.bitWidth - (size - 1).leadingZeroBitCount)
    }
    return ProductShape(
      form: form, rows: powerOfTwo(rows), columns: powerOfTwo(columns), inner: powerOfTwo(inner),
      replicas: powerOfTwo(replicas), precision: precision)
  }

  public var description: String {
    "\(form) \(rows) x \(columns) x \(inner), R \(replicas)"
      + (precision == .float32 ? "" : ", \(precision.rawValue)")
  }
}
