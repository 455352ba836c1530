/// Partial sums of gradients that wait in one block of memory until one command sums them all.
///
/// A gradient of few elements is a long sum over rows. A GPU computes parts of it side by side, and then sums the
/// parts. With a sum after each gradient a step of a small model has many short commands. Each element's parts
/// are summed in ascending order, now or later, so waiting does not change the bytes.
///
/// All outputs that wait together lie in one storage, such as the gradients of a model.
public final class WaitingSums {
  /// The partial sums of one output.
  public struct Segment {
    /// (R, parts, elements of an output).
    public let partial: Tensor
    public let parts: Int
    public let output: Tensor
    /// Whether the sum is added to the output.
    public let adds: Bool

    fileprivate var end: Int {
      partial.offset
        + WaitingSums.room(partial.shape.replicas, parts, output.shape.elementsPerReplica)
    }
  }

  private let limit: Int
  private var depth = 0
  private var capacity = 0
  private var used = 0
  private var memory: Tensor?
  public private(set) var segments: [Segment] = []

  /// - Parameter byteCount: The largest size of the memory.
  public init(byteCount: Int) { limit = min(byteCount / 4, Int(Int32.max)) }

  /// The limit for a device: a sixteenth of its memory, in one buffer.
  public convenience init(for device: DeviceDescription) {
    self.init(byteCount: min(device.memoryLimit / 16, device.largestBuffer ?? .max))
  }

  /// The elements of the memory that the parts of an output take.
  public static func room(_ replicas: Int, _ parts: Int, _ count: Int) -> Int {
    (replicas * parts * count + 63) / 64 * 64
  }

  /// Lets sums wait. Calls can be nested; the outermost one counts.
  ///
  /// - Parameter elements: The `room` of all sums that are expected. If there are more, they wait for less long.
  public func begin(elements: Int) {
    if depth == 0 { capacity = min(elements, limit) }
    depth += 1
  }

  /// Ends a call of `begin`. True if it was the outermost one: then the caller sums what waits.
  public func end() -> Bool {
    depth -= 1
    return depth == 0
  }

  /// Releases the memory.
  public func release() { (memory, used) = (nil, 0) }

  /// Room for the parts of an output; nil if they cannot wait, and must be summed at once.
  ///
  /// - Parameters:
  ///   - adding: A tensor that is added to the sum.
  ///   - sum: Sums what waits, to make room. It calls `take`.
  /// - Throws: A failure of the device.
  public func segment(
    parts: Int, into output: Tensor, adding: Tensor? = nil, on backend: any Backend,
    sum: () throws -> Void
  ) throws -> Segment? {
    let (replicas, count) = (output.shape.replicas, output.shape.elementsPerReplica)
    let room = Self.room(replicas, parts, count)
    guard depth > 0, room <= capacity, output.live == nil,
      adding.map({ $0.storage === output.storage && $0.offset == output.offset }) ?? true
    else { return nil }
    if let first = segments.first {
      guard first.output.storage === output.storage,
        first.output.replicaStride == output.replicaStride,
        first.output.shape.replicas == replicas
      else { return nil }
      if used + room > capacity || holds(output) { try sum() }
    }
    let memory = try memory ?? backend.empty([1, capacity])
    self.memory = memory
    return Segment(
      partial: Tensor(
        shape: [replicas, parts, count], elementType: .float32, storage: memory.storage,
        offset: used, backend: backend),
      parts: parts, output: output, adds: adding != nil)
  }

  /// Adds a segment, after the command that computes its parts.
  public func append(_ segment: Segment) {
    segments.append(segment)
    used = segment.end
  }

  /// Returns what waits, to be summed by the caller.
  public func take() -> [Segment] {
    defer { (segments, used) = ([], 0) }
    return segments
  }

  /// Whether a tensor has elements whose sums wait.
  public func holds(_ tensor: Tensor) -> Bool {
    guard let first = segments.first, first.output.storage === tensor.storage else { return false }
    let stride = first.output.replicaStride
    guard tensor.replicaStride == stride else { return true }
    let start = tensor.offset % stride
    let end = start + tensor.shape.elementsPerReplica
    return segments.contains {
      let other = $0.output.offset % stride
      return start < other + $0.output.shape.elementsPerReplica && other < end
    }
  }
}

extension Backend {
  public func beginSums(elements: Int) {}
  public func finishSums() throws {}

  /// Runs calls whose gradients may be summed together at their end.
  ///
  /// - Parameter elements: The `WaitingSums.room` of all sums that are expected.
  /// - Throws: A failure of the device, and what `body` throws.
  public func summingTogether(elements: Int, _ body: () throws -> Void) throws {
    beginSums(elements: elements)
    do {
      try body()
    } catch {
      // The first failure says more.
      try? finishSums()
      throw error
    }
    try finishSums()
  }
}
