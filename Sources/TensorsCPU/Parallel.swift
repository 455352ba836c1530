internal import Dispatch
internal import Synchronization

/// The threads that share an operation's pieces.
struct Workers {
  let count: Int

  /// Calls `body` once per item, on several threads. The order and the threads are not defined, so
  /// an item's result must depend on its number alone.
  func run(_ items: Int, _ body: (Int) -> Void) {
    let threads = min(count, items)
    if threads <= 1 {
      for item in 0..<items { body(item) }
      return
    }
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
      let shared = Shared(body: body)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while true {
          let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
          if item >= items { break }
          shared.body(item)
        }
      }
    }
  }

  /// Calls `body` with every replica and pieces of 0 ..< count of at most `grain` elements; one
  /// call per replica if there is too little work for more threads.
  ///
  /// For operations whose elements do not depend on the piece they are in.
  ///
  /// - Parameter limits: of each replica only the elements below its limit.
  func split(
    replicas: Int, count: Int, grain: Int, limits: [Int]? = nil,
    _ wholeBody: (Int, Range<Int>) -> Void
  ) {
    func body(_ replica: Int, _ range: Range<Int>) {
      let part = range.clamped(to: 0..<(limits?[replica] ?? count))
      if !part.isEmpty { wholeBody(replica, part) }
    }
    if replicas * count <= grain {
      for replica in 0..<replicas { body(replica, 0..<count) }
      return
    }
    let pieces = (count + grain - 1) / grain
    run(replicas * pieces) { item in
      let start = item % pieces * grain
      body(item / pieces, start..<min(start + grain, count))
    }
  }

  /// `split` over rows; `cost` is the work of one row in elements.
  func splitRows(
    replicas: Int, rows: Int, cost: Int, limits: [Int]? = nil, _ body: (Int, Range<Int>) -> Void
  ) {
    split(
      replicas: replicas, count: rows, grain: max(1, Self.pieceCost / max(1, cost)),
      limits: limits, body)
  }

  /// The number of elements of simple arithmetic that take several times as long as waking a
  /// thread.
  private static let pieceCost = 1 << 14

  /// The body is shared between threads for the duration of one call and not kept. No two items
  /// write the same memory.
  private struct Shared: @unchecked Sendable {
    let body: (Int) -> Void
  }
}

/// Calls `body` with uninitialised floats, aligned to a cache line.
@inline(__always)
func withScratch<Result>(
  _ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result
) -> Result {
  let raw = UnsafeMutableRawPointer.allocate(
    byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
  defer { raw.deallocate() }
  return body(raw.bindMemory(to: Float.self, capacity: count))
}
