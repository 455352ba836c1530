import Kernels
import OpenCL
import Tensors

extension OpenCLBackend {
  /// Sums wait with `manyItems` only: there products of gradients have parts.
  public func beginSums(elements: Int) {
    if style == .manyItems { waiting.begin(elements: elements) }
  }

  public func finishSums() throws {
    guard style == .manyItems, waiting.end() else { return }
    defer { waiting.release() }
    try sumWaiting()
  }

  /// Sums what waits before a command that reads or writes elements of a tensor whose sums wait.
  func settle(_ tensor: Tensor) throws {
    if waiting.holds(tensor) { try sumWaiting() }
  }

  /// The parts of an output that may wait for their sum; nil if they must be summed at once.
  func waitingSum(
    parts: Int, into output: Tensor, adding: Tensor? = nil
  ) throws -> WaitingSums.Segment? {
    try waiting.segment(parts: parts, into: output, adding: adding, on: self) { try sumWaiting() }
  }

  /// Sums all that waits in one launch.
  private func sumWaiting() throws {
    let segments = waiting.take()
    guard let first = segments.first else { return }
    var table: [Int32] = []
    var teams = 0
    for segment in segments {
      let count = segment.output.shape.elementsPerReplica
      let values = [
        teams, segment.parts, count, segment.adds ? 1 : 0, segment.partial.offset,
        segment.output.offset - first.output.offset,
      ]
      table += values.map { Int32($0) }
      teams += count < team ? count : count.dividedRoundingUp(by: 4 * team)
    }
    let place = try self.table(table)
    try launch(
      .sumParts, global: (teams * team, first.output.shape.replicas, 1), local: (team, 1, 1),
      counted: segments.reduce(0) { $0 + Double($1.partial.shape.elementCount) }
    ) {
      try $0.buffer(place, byteCount: 4 * table.count)
      // All places count from the begin of the memory.
      try $0.tensor(
        Tensor(
          shape: [1, 1], elementType: .float32, storage: first.partial.storage, backend: self),
        share: 0)
      try $0.tensor(first.output, share: 0)
      try $0.integers(segments.count)
      for segment in segments {
        $0.count(segment.partial)
        $0.count(segment.output, share: segment.adds ? 2 : 1)
      }
    }
  }

  /// A table on the device. A step makes the same tables each time, so only the first step uploads them. Nil in a
  /// rehearsal.
  private func table(_ values: [Int32]) throws -> Buffer? {
    if let known = tables[values] { return known }
    // Other work has other tables.
    if tables.count >= 64 { tables = [:] }
    var buffer: Buffer?
    if !rehearses(CommandCounts.upload, bytes: 4 * values.count) {
      let made = try context.makeBuffer(byteCount: 4 * values.count)
      try values.withUnsafeBytes { try queue.write(made, from: $0, blocking: false) }
      buffer = made
    }
    tables.updateValue(buffer, forKey: values)
    return buffer
  }
}
