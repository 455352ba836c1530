import OpenCL
public import Tensors

/// How a product is cut for a device. No cut changes a byte: a sum over k has one order whatever tile
/// it is made in.
public struct ProductTiling: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The tile of a work-group; where a work-item is wide, the most rows that it walks down.
  public var rows: Int
  public var columns: Int
  /// The block of k that is held close: in local memory, or in a core's first cache.
  public var depth: Int
  /// The part of the tile that one work-item has in registers; on matrix units, one warp.
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

  /// The constants that matmul_local.cl or matmul_matrix_units.cl is compiled with.
  func constants(on units: MatrixUnits?) -> [String: Int] {
    guard let units else {
      return [
        "TILE_M": rows, "TILE_N": columns, "DEPTH": depth, "ITEM_M": itemRows,
        "ITEM_N": itemColumns,
      ]
    }
    return units.constants.merging([
      "GROUP_M": rows, "GROUP_N": columns, "DEPTH": depth, "WARP_M": itemRows,
      "WARP_N": itemColumns,
    ]) { $1 }
  }

  /// From many sources (CLBlast's parameters by device, Boehm 2022): 8 x 8 outputs of a work-item where
  /// there is enough to do, depth 8 where registers or caches are small, as Intel's.
  static let throughLocalMemory = [
    ProductTiling(128, 128, depth: 16, item: 8, 8), ProductTiling(128, 128, depth: 8, item: 8, 8),
    ProductTiling(128, 64, depth: 16, item: 8, 4), ProductTiling(64, 64, depth: 16, item: 4, 4),
    ProductTiling(64, 64, depth: 8, item: 8, 8), ProductTiling(32, 64, depth: 16, item: 4, 4),
    ProductTiling(32, 32, depth: 16, item: 4, 4),
  ]

  // MARK: On matrix units

  /// 32 lanes for every warp of the group.
  var lanesPerGroup: Int { 32 * itemsPerGroup }

  /// The two buffers of matmul_matrix_units.cl, and what an emulation exchanges through.
  var unitBytes: Int { 4 * depth * (rows + columns) + 768 * itemsPerGroup }

  /// Warps of 64 x 32 and 64 x 64 read least from local memory; smaller ones let more warps take turns.
  static let onMatrixUnits = [
    ProductTiling(128, 128, depth: 32, item: 64, 32),
    ProductTiling(128, 128, depth: 16, item: 64, 64),
    ProductTiling(128, 64, depth: 32, item: 32, 32), ProductTiling(64, 64, depth: 32, item: 32, 32),
    ProductTiling(32, 32, depth: 32, item: 16, 16),
  ]

  // MARK: By wide items

  /// Two vectors of columns and many rows, or three and fewer: both fill the registers. Three read less
  /// of `left`, and fewer of its rows at a time: rows a power of two apart fall on the same lines of the
  /// cache. A block of k has its columns in a core's first or second cache; many rows of `left` share it.
  static func byWideItems(lanes: Int) -> [ProductTiling] {
    [(12, 2, 256, 512), (8, 3, 256, 1024), (12, 2, 256, 128), (12, 2, 512, 128)].map {
      rows, vectors, depth, most in
      ProductTiling(
        most, vectors * lanes, depth: depth, item: lanes == 16 ? rows : rows / 2, vectors * lanes)
    }
  }
}

extension OpenCLBackend {
  /// The tilings that this device can run, the best guess for a large product first.
  package func tilings(for precision: Precision) -> [ProductTiling] {
    tilings(on: precision == .bfloat16 ? matrixUnits : nil)
  }

  func tilings(on units: MatrixUnits?) -> [ProductTiling] {
    if units != nil {
      return ProductTiling.onMatrixUnits.filter {
        $0.lanesPerGroup <= limits.workGroup && $0.unitBytes <= limits.localMemory
      }
    }
    switch style {
    case .wideItems: return ProductTiling.byWideItems(lanes: lanes)
    case .manyItems:
      return ProductTiling.throughLocalMemory.filter {
        $0.itemsPerGroup <= limits.workGroup && $0.localBytes <= limits.localMemory
      }
    }
  }

  package func tiling(for product: MatrixProduct, on units: MatrixUnits?) -> ProductTiling {
    if let forcedTiling { return forcedTiling }
    let shape = ProductShape(product, units == nil ? .float32 : .bfloat16)
    if let known = tilingsInUse[shape] { return known }
    // A record is a file: what it names must be one of these.
    let tuned = tuning.entry(for: shape)?.chosen
    let tiling =
      tuned.flatMap { tilings(on: units).contains($0) ? $0 : nil } ?? guess(for: product, on: units)
    tilingsInUse[shape] = tiling
    return tiling
  }

  /// Without tuning: the largest square tile that leaves no part of the device idle.
  package func guess(for product: MatrixProduct, on units: MatrixUnits?) -> ProductTiling {
    let tilings = tilings(on: units)
    if style == .wideItems {
      // Three vectors of 16, where the last columns leave little of them unused: in measurements of the
      // shapes of models of 0.03M to 25M. Nobody has measured those of 8.
      func padded(_ tiling: ProductTiling) -> Double {
        Double(product.columns.roundedUp(to: tiling.columns))
      }
      let most = product.columns < 1024 ? 1.02 : 1.04
      let isWorthIt =
        lanes == 16 && product.columns >= 300 && padded(tilings[1]) <= most * padded(tilings[0])
      return tilings[isWorthIt ? 1 : 0]
    }
    let depth = units == nil && prefersShallowBlocks ? 8 : tilings[0].depth
    func groups(_ tiling: ProductTiling) -> Int {
      product.rows.dividedRoundingUp(by: tiling.rows)
        * product.columns.dividedRoundingUp(by: tiling.columns) * product.replicas * product.parts
    }
    return tilings.first {
      $0.rows == $0.columns && $0.depth == depth && groups($0) >= 2 * computeUnits
    } ?? tilings[tilings.count - 1]
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
  /// bfloat16 on matrix units alone: elsewhere operands are rounded before the same product.
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

  /// What it has in common with products that are cut alike: its sizes rounded up to powers of two.
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
