import Tensors
import TestSupport
import Testing

/// One call of one operation with its inputs, so that what every operation owes can be tested on all
/// of them by one body.
struct OperationCase: Sendable, CustomStringConvertible {
  /// What the call does to a tensor.
  enum Role: Sendable {
    case input
    case output
    case updated
    /// An input that all replicas share.
    case shared
  }

  /// A tensor of the call; bits, so that floats and integers are one.
  struct Argument: Sendable {
    let role: Role
    let elementType: ElementType
    let shape: Shape
    var bits: [UInt32]
  }

  let description: String
  var arguments: [Argument]
  let call: @Sendable (any Backend, [Tensor]) throws -> Void

  static let replicas = 5

  /// Runs the call on some of the replicas in guarded tensors.
  ///
  /// - Returns: the bits of every written tensor, one array per replica.
  func run(
    _ replicas: Range<Int> = 0..<Self.replicas, layout: GuardedTensors.Layout = .banded,
    on backend: any Backend
  ) throws -> [[[UInt32]]] {
    let tensors = GuardedTensors(backend, layout: layout)
    let made = try arguments.map { argument in
      let dimensions = argument.shape.dimensions
      let isShared = argument.role == .shared
      let shape = isShared ? argument.shape : Shape([replicas.count] + dimensions.dropFirst())
      let block = argument.shape.elementsPerReplica
      let bits =
        isShared || argument.role == .output
        ? argument.bits
        : Array(argument.bits[replicas.lowerBound * block..<replicas.upperBound * block])
      switch (argument.role, argument.elementType) {
      case (.output, let type): return try tensors.output(shape, type)
      case (.updated, .float32):
        return try tensors.updated(bits.map { Float(bitPattern: $0) }, shape)
      case (.updated, .int32):
        return try tensors.updated(bits.map { Int32(bitPattern: $0) }, shape)
      case (_, .float32): return try tensors.input(bits.map { Float(bitPattern: $0) }, shape)
      case (_, .int32): return try tensors.input(bits.map { Int32(bitPattern: $0) }, shape)
      }
    }
    try call(backend, made)
    try tensors.verify()
    return try zip(arguments, made).filter { $0.0.isWritten }.map { argument, tensor in
      let bits =
        argument.elementType == .float32
        ? try tensor.floats().map(\.bitPattern)
        : try tensor.integers().map { UInt32(bitPattern: $0) }
      let block = argument.shape.elementsPerReplica
      return replicas.indices.map { r in
        let start = (r - replicas.lowerBound) * block
        return Array(bits[start..<start + block])
      }
    }
  }

  /// The same call with every float that a replica reads turned into NaN.
  func poisoning(replica: Int) -> OperationCase {
    var result = self
    for (number, argument) in arguments.enumerated()
    where argument.elementType == .float32 && [.input, .updated].contains(argument.role) {
      let block = argument.shape.elementsPerReplica
      for index in replica * block..<(replica + 1) * block {
        result.arguments[number].bits[index] = Float.nan.bitPattern
      }
    }
    return result
  }
}

extension OperationCase.Argument {
  var isWritten: Bool { role == .output || role == .updated }

  static func input(_ values: [Float], _ shape: Shape) -> Self {
    Self(role: .input, elementType: .float32, shape: shape, bits: values.map(\.bitPattern))
  }

  static func input(_ values: [Int32], _ shape: Shape) -> Self {
    Self(
      role: .input, elementType: .int32, shape: shape,
      bits: values.map { UInt32(bitPattern: $0) })
  }

  static func shared(_ values: [Float], _ shape: Shape) -> Self {
    Self(role: .shared, elementType: .float32, shape: shape, bits: values.map(\.bitPattern))
  }

  static func updated(_ values: [Float], _ shape: Shape) -> Self {
    Self(role: .updated, elementType: .float32, shape: shape, bits: values.map(\.bitPattern))
  }

  static func updated(_ values: [Int32], _ shape: Shape) -> Self {
    Self(
      role: .updated, elementType: .int32, shape: shape,
      bits: values.map { UInt32(bitPattern: $0) })
  }

  static func output(_ shape: Shape, _ elementType: ElementType = .float32) -> Self {
    Self(role: .output, elementType: elementType, shape: shape, bits: [])
  }
}
