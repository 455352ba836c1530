public import Tensors

/// Tensors of one call. Each is a view into a larger storage with guard bands of NaN around every
/// replica's block, so a write outside the tensor is detected.
public final class GuardedTensors {
  /// The layout of replicas' blocks in their storage.
  public enum Layout: CaseIterable, Sendable {
    /// Blocks at multiples of 64 elements plus the block's own size.
    case banded
    /// Blocks at odd elements, as a named parameter among others may be.
    case odd
    /// Blocks one after another, with one band at each end.
    case packed

    var lead: Int { self == .odd ? 67 : 64 }
    var gap: Int { self == .banded ? 64 : self == .odd ? 65 : 0 }
  }

  private struct Entry {
    let tensor: Tensor
    let storage: Tensor
    let role: OperationArgument.Role
    /// The number of elements of each replica that the operation may write. Elements after them are
    /// guards.
    let writable: [Int]
    let before: [Int32]
  }

  /// The value of guard bands: a quiet NaN that no operation produces.
  public static let guardBits: UInt32 = 0x7FD1_5EA5
  /// The value of output elements that have not been written: another such NaN.
  public static let unwrittenBits: UInt32 = 0x7FD2_BAD0
  static let bandWidth = 64

  public let backend: any Backend
  private let layout: Layout
  private var entries: [Entry] = []

  public init(_ backend: any Backend, layout: Layout = .odd) {
    self.backend = backend
    self.layout = layout
  }

  /// A tensor that must not change.
  ///
  /// - Throws: what the backend does.
  public func input(_ values: [Float], _ shape: Shape) throws -> Tensor {
    try tensor(.input(values, shape))
  }

  /// A tensor that must not change.
  ///
  /// - Throws: what the backend does.
  public func input(_ values: [Int32], _ shape: Shape) throws -> Tensor {
    try tensor(.input(values, shape))
  }

  /// A tensor of which every element must be written.
  ///
  /// - Throws: what the backend does.
  public func output(_ shape: Shape, _ elementType: ElementType = .float32) throws -> Tensor {
    try tensor(.output(shape, elementType))
  }

  /// A tensor that an operation reads and may change.
  ///
  /// - Throws: what the backend does.
  public func updated(_ values: [Float], _ shape: Shape) throws -> Tensor {
    try tensor(.updated(values, shape))
  }

  /// A tensor that an operation reads and may change.
  ///
  /// - Throws: what the backend does.
  public func updated(_ values: [Int32], _ shape: Shape) throws -> Tensor {
    try tensor(.updated(values, shape))
  }

  /// The tensor of an argument.
  ///
  /// - Parameters:
  ///   - live: the live rows. Nothing may be written past them.
  ///   - counts: the number of live rows per replica.
  /// - Throws: what the backend does.
  public func tensor(
    _ argument: OperationArgument, live: LiveRows? = nil, counts: [Int]? = nil
  ) throws -> Tensor {
    let shape = argument.shape
    let block = shape.elementsPerReplica
    let stride = block + layout.gap
    let total = layout.lead + (shape.replicas - 1) * stride + block + Self.bandWidth
    var before = [Int32](repeating: Int32(bitPattern: Self.guardBits), count: total)
    argument.bits.withUnsafeBufferPointer { bits in
      for r in 0..<shape.replicas {
        for i in 0..<block {
          before[layout.lead + r * stride + i] = Int32(bitPattern: bits[r * block + i])
        }
      }
    }
    let whole = try backend.empty([1, total], .int32)
    try whole.assign(before)
    let tensor = Tensor(
      shape: shape, elementType: argument.elementType, storage: whole.storage,
      offset: layout.lead, replicaStride: stride, live: live, backend: backend)
    let writable = (0..<shape.replicas).map { r in
      live == nil ? block : counts.map { $0[r] * argument.rowWidth } ?? block
    }
    entries.append(
      Entry(
        tensor: tensor, storage: whole, role: argument.role, writable: writable, before: before))
    return tensor
  }

  /// Waits, and lists changed guard bands, changed inputs and unwritten outputs.
  ///
  /// - Returns: one line per tensor with such an element.
  /// - Throws: what the backend does.
  public func problems() throws -> [String] { try contents().problems }

  /// Every tensor's elements, replica after replica, and the problems.
  func contents() throws -> (elements: [[UInt32]], problems: [String]) {
    var (elements, problems) = ([[UInt32]](), [String]())
    for (number, entry) in entries.enumerated() {
      let after = try entry.storage.integers()
      let (block, stride) = (entry.tensor.shape.elementsPerReplica, entry.tensor.replicaStride)
      elements.append(
        (0..<entry.tensor.shape.replicas).flatMap { r in
          let start = entry.tensor.offset + r * stride
          return after[start..<start + block].map { UInt32(bitPattern: $0) }
        })
      if let problem = Self.problem(of: entry, after) {
        problems.append("tensor \(number), \(entry.tensor.shape): \(problem)")
      }
    }
    return (elements, problems)
  }

  private static func problem(of entry: Entry, _ after: [Int32]) -> String? {
    let (block, stride) = (entry.tensor.shape.elementsPerReplica, entry.tensor.replicaStride)
    let unwritten = Int32(bitPattern: unwrittenBits)
    for index in 0..<after.count {
      let place = index - entry.tensor.offset
      let (replica, element) = (place / stride, place % stride)
      let isInside = place >= 0 && element < block && replica < entry.tensor.shape.replicas
      let isChanged = after[index] != entry.before[index]
      if !isInside {
        if isChanged { return "written outside, at element \(place) from its first" }
      } else if entry.role == .input || entry.role == .shared {
        if isChanged { return "input changed in replica \(replica) at element \(element)" }
      } else if element >= entry.writable[replica] {
        if isChanged {
          return "written past the live rows of replica \(replica), at element \(element)"
        }
      } else if entry.role == .output, after[index] == unwritten {
        return "not written in replica \(replica) at element \(element)"
      }
    }
    return nil
  }
}
