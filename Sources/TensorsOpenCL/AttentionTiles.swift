import Kernels

/// The tiles of attention's kernels with `manyItems`.
///
/// A work-item has sums for its rows and for every channel. What does not fit into registers makes a kernel many
/// times slower, so these are the tiles and rows for which the compilers of all known GPUs find room
/// (Results/gpu-code/table.csv).
enum AttentionTiles {
  /// The rows of a work-group's tile, the largest first.
  static let all = [64, 32, 16]

  /// The tiles of a program, the largest first.
  static func tiles(of program: KernelProgram, headWidth: Int, isIntelGPU: Bool) -> [Int] {
    switch program {
    case .attentionGradientKeyLocal where isIntelGPU && headWidth > 64: [32, 16]
    case .attentionForwardLocal where isIntelGPU && (33...64).contains(headWidth): [64, 16]
    default: all
    }
  }

  /// `ROWS` of attention_blocks.cl: the rows of a work-item. It does not change the bytes. Intel's GPUs have half of
  /// the registers of others, and the gradient of keys has sums for two gradients.
  private static func rows(of program: KernelProgram, headWidth: Int, isIntelGPU: Bool) -> Int {
    let isLarge = program == .attentionGradientKeyLocal && headWidth > 64
    return isIntelGPU || isLarge ? 4 : 8
  }

  /// How a program is built and launched in a tile.
  struct Shape {
    /// Work-items of a column of the group, whose rows have 16.
    let items: Int
    let constants: [String: Int]
  }

  static func shape(
    of program: KernelProgram, _ tile: Int, headWidth: Int, isIntelGPU: Bool
  ) -> Shape {
    let rows = rows(of: program, headWidth: headWidth, isIntelGPU: isIntelGPU)
    let constants = ["D": headWidth, "TILE": tile]
    return Shape(
      items: tile / rows,
      constants: rows == 8 ? constants : constants.merging(["ROWS": rows]) { $1 })
  }
}
