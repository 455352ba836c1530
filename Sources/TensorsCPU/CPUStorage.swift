internal import Foundation
public import Tensors

/// Memory of the CPU backend, aligned for vectors and cache lines, and returned to its pool.
public final class CPUStorage: Storage {
  public let byteCount: Int
  let address: UnsafeMutableRawPointer
  private let memory: AlignedMemory
  private let pool: StoragePool<AlignedMemory>

  init(byteCount: Int, pool: StoragePool<AlignedMemory>) throws {
    self.byteCount = byteCount
    self.pool = pool
    memory = try pool.take(byteCount).block
    address = memory.address
  }

  deinit { pool.give(memory, size: memory.byteCount) }

  func fill(bits: UInt32) {
    address.initializeMemory(
      as: UInt32.self, repeating: bits, count: memory.byteCount / MemoryLayout<UInt32>.stride)
  }
}

/// Memory of the process, aligned to a cache line.
final class AlignedMemory {
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  /// Nil if there is no memory.
  init?(byteCount: Int) {
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, byteCount) == 0, let memory else { return nil }
    address = memory
    self.byteCount = byteCount
  }

  deinit { free(address) }
}
