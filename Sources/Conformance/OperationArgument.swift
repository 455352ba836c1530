public import Tensors

/// A tensor of a call: its role, and its elements as bits, so that floats and integers have one
/// type.
public struct OperationArgument: Sendable {
  /// The role of a tensor in a call.
  public enum Role: Sendable {
    /// Read, never written.
    case input
    /// An input that all replicas share: (1, ...).
    case shared
    /// Written in every element, never read.
    case output
    /// Read, and changed.
    case updated
  }

  public let role: Role
  public let elementType: ElementType
  public private(set) var shape: Shape
  /// The elements, replica after replica. Elements of an output are `GuardedTensors.unwrittenBits`.
  public var bits: [UInt32]
  /// Whether the dimension after R is rows that can be limited by live rows.
  public private(set) var hasRows = false

  private init(_ role: Role, _ elementType: ElementType, _ shape: Shape, _ bits: [UInt32]) {
    precondition(bits.count == shape.elementCount, "\(bits.count) values for \(shape)")
    (self.role, self.elementType, self.shape, self.bits) = (role, elementType, shape, bits)
  }

  /// An input of floats.
  public static func input(_ values: [Float], _ shape: Shape) -> Self {
    Self(.input, .float32, shape, values.map(\.bitPattern))
  }

  /// An input of integers.
  public static func input(_ values: [Int32], _ shape: Shape) -> Self {
    Self(.input, .int32, shape, values.map { UInt32(bitPattern: $0) })
  }

  /// An input of floats that all replicas share.
  public static func shared(_ values: [Float], _ shape: Shape) -> Self {
    Self(.shared, .float32, shape, values.map(\.bitPattern))
  }

  /// Floats that the call reads and changes.
  public static func updated(_ values: [Float], _ shape: Shape) -> Self {
    Self(.updated, .float32, shape, values.map(\.bitPattern))
  }

  /// Integers that the call reads and changes.
  public static func updated(_ values: [Int32], _ shape: Shape) -> Self {
    Self(.updated, .int32, shape, values.map { UInt32(bitPattern: $0) })
  }

  /// A tensor that the call writes.
  public static func output(_ shape: Shape, _ elementType: ElementType = .float32) -> Self {
    Self(
      .output, elementType, shape,
      [UInt32](repeating: GuardedTensors.unwrittenBits, count: shape.elementCount))
  }

  /// The same tensor, marked as having rows in the dimension after R.
  func ofRows(_ hasRows: Bool = true) -> Self {
    var result = self
    result.hasRows = hasRows
    return result
  }

  /// Whether a call writes the tensor.
  public var isWritten: Bool { role == .output || role == .updated }

  /// Elements of one row.
  var rowWidth: Int { shape.elementsPerReplica / shape[1] }

  /// Some replicas, and for a tensor with rows only the first rows if a count is given.
  func part(_ replicas: Range<Int>, rows: Int? = nil) -> Self {
    if role == .shared { return self }
    var result = self
    var dimensions = [replicas.count] + shape.dimensions.dropFirst()
    let block = shape.elementsPerReplica
    var kept = block
    if hasRows, let rows {
      dimensions[1] = rows
      kept = rows * rowWidth
    }
    result.shape = Shape(dimensions)
    result.bits = replicas.flatMap { bits[$0 * block..<$0 * block + kept] }
    return result
  }

  /// The tensor with NaN in the rows past the live rows of every replica. No operation may read
  /// these rows.
  func filledWithNaN(pastRows counts: [Int]) -> Self {
    guard hasRows, role != .output else { return self }
    var result = self
    let block = shape.elementsPerReplica
    for (replica, count) in counts.enumerated() {
      for index in replica * block + count * rowWidth..<(replica + 1) * block {
        result.bits[index] = elementType == .int32 ? UInt32(Int32.max) : 0x7FC0_0BAD
      }
    }
    return result
  }

  /// The same tensor with NaN in every float that a replica reads.
  func filledWithNaN(replica: Int) -> Self {
    guard elementType == .float32, role == .input || role == .updated else { return self }
    var result = self
    let block = shape.elementsPerReplica
    for index in replica * block..<(replica + 1) * block {
      result.bits[index] = Float.nan.bitPattern
    }
    return result
  }
}
