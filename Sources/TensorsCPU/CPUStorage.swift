internal import Foundation
public import Tensors

/// Memory of the CPU backend, aligned for vectors and cache lines, and returned to its pool.
public final class CPUStorage: Storage {
  public let byteCount: Int
  let address: UnsafeMutableRawPointer
  private let capacity: Int
  private let pool: StoragePool

  init(byteCount: Int, pool: StoragePool) throws {
    self.byteCount = byteCount
    self.pool = pool
    capacity = StoragePool.capacity(for: byteCount)
    address = try pool.take(capacity: capacity, requested: byteCount)
  }

  deinit { pool.give(address, capacity: capacity) }
}

/// Blocks by size; what is given back is handed out again.
final class StoragePool {
  private(set) var use = MemoryUse()
  private var free: [Int: [UnsafeMutableRawPointer]] = [:]
  private var freeBytes = 0
  private let limit: Int
  private let fillsWithNaN: Bool

  init(limit: Int, fillsWithNaN: Bool) {
    self.limit = limit
    self.fillsWithNaN = fillsWithNaN
  }

  deinit { releaseFree() }

  /// The size class: the next of four steps per power of two, so that at most a fifth is unused.
  static func capacity(for byteCount: Int) -> Int {
    let size = max(byteCount, 256)
    let power = Int.bitWidth - 1 - size.leadingZeroBitCount
    let step = 1 << (power - 2)
    return (size + step - 1) / step * step
  }

  func take(capacity: Int, requested: Int) throws -> UnsafeMutableRawPointer {
    let block: UnsafeMutableRawPointer
    if let last = free[capacity]?.popLast() {
      freeBytes -= capacity
      block = last
    } else {
      if use.current + freeBytes + capacity > limit { releaseFree() }
      var fresh: UnsafeMutableRawPointer?
      guard use.current + capacity <= limit, posix_memalign(&fresh, 64, capacity) == 0,
        let fresh
      else {
        throw CPUBackendError.outOfMemory(requested: requested, held: use.current, limit: limit)
      }
      block = fresh
    }
    use.current += capacity
    use.peak = max(use.peak, use.current)
    if fillsWithNaN {
      block.initializeMemory(
        as: UInt32.self, repeating: 0x7fc0_dead, count: capacity / MemoryLayout<UInt32>.stride)
    }
    return block
  }

  func give(_ block: UnsafeMutableRawPointer, capacity: Int) {
    free[capacity, default: []].append(block)
    freeBytes += capacity
    use.current -= capacity
  }

  private func releaseFree() {
    for blocks in free.values {
      for block in blocks { Foundation.free(block) }
    }
    free = [:]
    freeBytes = 0
  }
}
