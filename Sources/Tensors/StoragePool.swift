/// The tensor memory of one device, whichever queue's pool it came from.
public final class MemoryLedger {
  public fileprivate(set) var use = MemoryUse()

  public init() {}
}

/// Blocks of device memory by size, handed out again in last-in, first-out order.
///
/// A step that allocates and frees the same sizes in the same order gets the same blocks every time.
/// Reuse needs no waiting where commands run in order: a later one cannot overtake an earlier one that
/// still reads the block. Sizes are rounded up so that batches of like length share blocks, and what
/// lies unused makes room for new sizes: a cohort's blocks go soon after it.
public final class StoragePool<Block> {
  private let ledger: MemoryLedger
  private let limit: Int
  private let make: (_ byteCount: Int) throws -> Block
  private var free: [Int: [Block]] = [:]
  /// The sizes that have free blocks, the one that was longest unused first.
  private var unused: [Int] = []
  private var freeBytes = 0

  /// - Parameters:
  ///   - limit: Bytes that should not be exceeded while free blocks can be dropped.
  ///   - make: A block from the device; it goes back when the pool drops it.
  public init(
    limit: Int, ledger: MemoryLedger, make: @escaping (_ byteCount: Int) throws -> Block
  ) {
    self.limit = limit
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

  /// A block of at least so many bytes, and its size.
  public func take(_ byteCount: Int) throws -> (block: Block, size: Int) {
    let size = Self.size(for: byteCount)
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
    return (block, size)
  }

  public func give(_ block: Block, size: Int) {
    ledger.use.current -= size
    freeBytes += size
    free[size, default: []].append(block)
    unused.removeAll { $0 == size }
    unused.append(size)
  }

  /// Drops all free blocks: between pieces of work whose sizes differ.
  public func trim() {
    ledger.use.allocated -= freeBytes
    (free, unused, freeBytes) = ([:], [], 0)
  }

  /// Drops free blocks, those of the size that was longest unused first, until they are no more than
  /// what is in use and a new one fits.
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
