import Tensors
import Testing

/// Blocks by size, what is handed out again, and what is given back to the device.
@Suite struct StoragePoolTests {
  /// A block that counts how many of its kind exist.
  private final class Block {
    let live: Counter
    init(_ live: Counter) {
      self.live = live
      live.count += 1
    }
    deinit { live.count -= 1 }
  }

  private final class Counter { var count = 0 }

  private func pool(
    limit: Int = 1 << 40, largest: Int = .max
  ) -> (StoragePool<Block>, MemoryLedger, Counter) {
    let (ledger, counter) = (MemoryLedger(), Counter())
    return (
      StoragePool(limit: limit, largest: largest, ledger: ledger) { _ in Block(counter) }, ledger,
      counter
    )
  }

  /// A block that fits is not rounded up to one that does not.
  @Test func sizesAreRoundedUpToTheLargestAtMost() throws {
    let (pool, _, _) = pool(largest: (1 << 20) - 100)
    let largest = (1 << 20) - 256
    #expect(pool.size(for: 1 << 19) == 1 << 19)
    #expect(try pool.take(largest - 1000).size == largest)
    // The device refuses the others.
    #expect(pool.size(for: 1 << 20) == 1 << 20)
  }

  /// At most an eighth more than asked for, and never less.
  @Test func sizesAreRoundedUp() {
    for bytes in [1, 4, 255, 256, 257, 4096, 5000, 65_537, 1_000_000, 1 << 30, (1 << 30) + 1] {
      let size = StoragePool<Block>.size(for: bytes)
      #expect(size >= bytes && size % 256 == 0)
      #expect(size <= max(256 * ((bytes + 255) / 256), bytes + bytes / 8 + 1), "\(bytes): \(size)")
      #expect(StoragePool<Block>.size(for: size) == size)
    }
  }

  @Test func aFreedBlockIsHandedOutAgain() throws {
    let (pool, ledger, counter) = pool()
    let first = try pool.take(1000)
    let second = try pool.take(1000)
    pool.give(first.block, size: first.size)
    pool.give(second.block, size: second.size)
    #expect(try pool.take(900).block === second.block, "the last one first")
    #expect(try pool.take(1001).block === first.block)
    #expect(counter.count == 2)
    #expect(ledger.use.current == 2 * first.size && ledger.use.allocated == 2 * first.size)
  }

  /// Free blocks of old sizes go when they are more than what is in use, the longest unused first.
  @Test func unusedSizesMakeRoom() throws {
    let (pool, ledger, counter) = pool()
    let large = 48 << 20
    for bytes in [large, large + (8 << 20)] {
      let taken = try pool.take(bytes)
      pool.give(taken.block, size: taken.size)
    }
    // 104 MB lie free and nothing is in use: above the 64 MB that may.
    #expect(counter.count == 2)
    let small = try pool.take(1 << 20)
    #expect(counter.count == 2, "the size that was longest unused was dropped")
    #expect(ledger.use.allocated == small.size + large + (8 << 20))
    #expect(ledger.use.peakAllocated == 2 * large + (8 << 20))
    pool.trim()
    #expect(counter.count == 1 && ledger.use.allocated == small.size)
    withExtendedLifetime(small.block) {}
  }

  /// Where memory is short nothing lies free.
  @Test func theLimitIsKeptWhileItCanBe() throws {
    let (pool, ledger, _) = pool(limit: 10 << 20)
    let first = try pool.take(6 << 20)
    pool.give(first.block, size: first.size)
    let second = try pool.take(7 << 20)
    #expect(ledger.use.allocated == second.size)
    #expect(ledger.use.peakAllocated == second.size)
  }

  @Test func twoPoolsOfADeviceShareItsLedger() throws {
    let (ledger, counter) = (MemoryLedger(), Counter())
    let pools = (0..<2).map { _ in
      StoragePool(limit: 1 << 40, ledger: ledger) { _ in Block(counter) }
    }
    let taken = try pools.map { try $0.take(5000) }
    #expect(ledger.use.current == 2 * taken[0].size)
    pools[0].give(taken[0].block, size: taken[0].size)
    #expect(ledger.use.current == taken[1].size && ledger.use.allocated == 2 * taken[0].size)
    pools[0].trim()
    #expect(ledger.use.allocated == taken[1].size && ledger.use.peak == 2 * taken[0].size)
  }
}
