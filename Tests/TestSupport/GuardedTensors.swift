public import Tensors
public import Testing

/// Tensors of one test, each a view into a larger storage with bands of NaN around every replica's
/// block, so that what an operation may not touch is seen to be untouched.
public final class GuardedTensors {
  /// How a block lies in its storage.
  public enum Layout: CaseIterable, Sendable {
    /// Blocks at multiples of 64 elements plus the block's own size.
    case banded
    /// Blocks at odd elements, as a named parameter among others may be.
    case odd
    /// Blocks one after another, one band at either end.
    case packed

    var lead: Int { self == .odd ? 67 : 64 }
    var gap: Int { self == .banded ? 64 : self == .odd ? 65 : 0 }
  }

  /// What an operation may do to a tensor.
  private enum Role {
    case input
    case output
    case updated
  }

  private struct Entry {
    let tensor: Tensor
    let storage: Tensor
    let role: Role
    var before: [Int32]
  }

  /// A quiet NaN that no operation makes: the bands.
  public static let guardBits: UInt32 = 0x7FD1_5EA5
  /// Another one: elements of an output that nobody has written yet.
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
  public func input(_ values: [Float], _ shape: Shape) throws -> Tensor {
    try add(shape, .float32, .input, values.map(\.bitPattern))
  }

  /// A tensor that must not change.
  public func input(_ values: [Int32], _ shape: Shape) throws -> Tensor {
    try add(shape, .int32, .input, values.map { UInt32(bitPattern: $0) })
  }

  /// A tensor of which every element must be written.
  public func output(_ shape: Shape, _ elementType: ElementType = .float32) throws -> Tensor {
    try add(
      shape, elementType, .output,
      [UInt32](repeating: Self.unwrittenBits, count: shape.elementCount))
  }

  /// A tensor that an operation reads and may change.
  public func updated(_ values: [Float], _ shape: Shape) throws -> Tensor {
    try add(shape, .float32, .updated, values.map(\.bitPattern))
  }

  /// A tensor that an operation reads and may change.
  public func updated(_ values: [Int32], _ shape: Shape) throws -> Tensor {
    try add(shape, .int32, .updated, values.map { UInt32(bitPattern: $0) })
  }

  private func add(
    _ shape: Shape, _ elementType: ElementType, _ role: Role, _ bits: [UInt32]
  ) throws -> Tensor {
    precondition(bits.count == shape.elementCount, "\(bits.count) values for \(shape)")
    let block = shape.elementsPerReplica
    let stride = block + layout.gap
    let total = layout.lead + (shape.replicas - 1) * stride + block + Self.bandWidth
    var words = [UInt32](repeating: Self.guardBits, count: total)
    for r in 0..<shape.replicas {
      let start = layout.lead + r * stride
      words.replaceSubrange(start..<start + block, with: bits[r * block..<(r + 1) * block])
    }
    let whole = try backend.empty([1, total], .int32)
    let before = words.map { Int32(bitPattern: $0) }
    try whole.assign(before)
    let tensor = Tensor(
      shape: shape, elementType: elementType, storage: whole.storage, offset: layout.lead,
      replicaStride: stride, backend: backend)
    entries.append(Entry(tensor: tensor, storage: whole, role: role, before: before))
    return tensor
  }

  /// Records an issue where a band was touched, an input changed or an output left unwritten.
  public func verify(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for (number, entry) in entries.enumerated() {
      let after = try entry.storage.integers()
      let problem = problem(of: entry, after)
      if let problem {
        report(
          "\(Trace.description): tensor \(number), \(entry.tensor.shape): \(problem)",
          sourceLocation: sourceLocation)
      }
    }
  }

  private func problem(of entry: Entry, _ after: [Int32]) -> String? {
    let block = entry.tensor.shape.elementsPerReplica
    for index in 0..<after.count {
      let place = index - entry.tensor.offset
      let (replica, element) = (
        place / entry.tensor.replicaStride, place % entry.tensor.replicaStride
      )
      let isInside = place >= 0 && element < block && replica < entry.tensor.shape.replicas
      let isChanged = after[index] != entry.before[index]
      if !isInside {
        if isChanged {
          return "guard at \(place) of replica stride \(entry.tensor.replicaStride) written"
        }
      } else if entry.role == .input {
        if isChanged { return "input changed in replica \(replica) at element \(element)" }
      } else if entry.role == .output, UInt32(bitPattern: after[index]) == Self.unwrittenBits {
        return "output not written in replica \(replica) at element \(element)"
      }
    }
    return nil
  }
}
