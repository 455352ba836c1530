/// The count of one device's tensor memory, over the pools of all its queues.
public final class MemoryLedger {
  public fileprivate(set) var use = MemoryUse()

  public init() {}
}

/// A pool of device memory. Blocks are reused by size in last-in, first-out order.
///
/// A step that allocates and frees the same sizes in the same order gets the same blocks every
/// time. Commands run in order, so reuse needs no waiting: a later command cannot overtake an
/// earlier command that still reads the block. Sizes are rounded up, so batches of similar length
/// share blocks. Unused blocks are released when new sizes are needed, so a cohort's blocks are
/// released soon after its end.
public final class StoragePool<Block> {
  private let ledger: MemoryLedger
  private let limit: Int
  private let largest: Int
  private let make: (_ byteCount: Int) throws -> Block
  private var free: [Int: [Block]] = [:]
  /// The sizes with free blocks, the longest unused first.
  private var unused: [Int] = []
  private var freeBytes = 0

  /// - Parameters:
  ///   - limit: The largest number of bytes, as long as free blocks can be released.
  ///   - largest: The bytes of the largest block that the device makes.
  ///   - make: Allocates a block on the device. The block is freed when the pool releases it.
  public init(
    limit: Int, largest: Int = .max, ledger: MemoryLedger,
    make: @escaping (_ byteCount: Int) throws -> Block
  ) {
    self.limit = limit
    self.largest = largest / 256 * 256
    self.ledger = ledger
    self.make = make
  }

  deinit { ledger.use.allocated -= freeBytes }

  /// Rounds up to one of eight sizes per power of two, at least 256 bytes apart.
  public static func size(for byteCount: Int) -> Int {
    let bytes = max(byteCount, 4)
    let bits = Int.bitWidth - bytes.leadingZeroBitCount
    let step = max(256, 1 << max(0, bits - 4))
    return (bytes + step - 1) / step * step
  }

  /// The size of a new block: rounded up, unless only the rounded size is too large for the device.
  public func size(for byteCount: Int) -> Int {
    min(Self.size(for: byteCount), max(largest, byteCount))
  }

  /// A block of at least `byteCount` bytes, and its size.
  ///
  /// - Throws: A failure of the device.
  public func take(_ byteCount: Int) throws -> (block: Block, size: Int) {
    let size = size(for: byteCount)
    let block: Block
    if let kept = free[size]?.popLast() {
      freeBytes -= size
      block = kept
    } else {
      makeRoom(for: size)
      block = try make(size)
      ledger.use.allocated += size
      ledger.use.peakAllocated = max(ledger.use.peakAllocated, ledger.use.allocated)
    }
    ledger.use.current += size
    ledger.use.peak = max(ledger.use.peak, ledger.use.current)
    ledger.use.largest = max(ledger.use.largest, byteCount)
    return (block, size)
  }

  /// Returns a block of `size` bytes to the pool.
  public func give(_ block: Block, size: Int) {
    ledger.use.current -= size
    freeBytes += size
    free[size, default: []].append(block)
    unused.removeAll { $0 == size }
    unused.append(size)
  }

  /// Releases all free blocks. Call it between pieces of work with different sizes.
  public func trim() {
    ledger.use.allocated -= freeBytes
    (free, unused, freeBytes) = ([:], [], 0)
  }

  /// Releases free blocks, the longest unused sizes first, until they are at most as large as the
  /// blocks in use and a new block fits.
  private func makeRoom(for size: Int) {
    let held = ledger.use.current
    let allowed = max(0, min(max(held, 64 << 20), limit - held - size))
    while freeBytes > allowed, let first = unused.first {
      if free[first]?.popLast() != nil {
        freeBytes -= first
        ledger.use.allocated -= first
      } else {
        unused.removeFirst()
      }
    }
  }
}
