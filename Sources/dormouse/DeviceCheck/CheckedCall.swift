import Tensors

/// One call of one operation, with its inputs and with what it must write.
struct CheckedCall {
  /// What the call does to a tensor.
  enum Role {
    case input
    /// An input that all replicas share.
    case shared
    case output
    /// Read, and changed.
    case updated
  }

  /// A tensor of the call, as bits.
  struct Operand {
    let role: Role
    let elementType: ElementType
    let shape: Shape
    let bits: [UInt32]

    var isWritten: Bool { role == .output || role == .updated }

    static func floats(_ role: Role, _ values: [Float], _ shape: Shape) -> Self {
      Self(role: role, elementType: .float32, shape: shape, bits: values.map(\.bitPattern))
    }

    static func integers(_ role: Role, _ values: [Int32], _ shape: Shape) -> Self {
      Self(
        role: role, elementType: .int32, shape: shape,
        bits: values.map { UInt32(bitPattern: $0) })
    }

    static func input(_ values: [Float], _ shape: Shape) -> Self { floats(.input, values, shape) }

    static func input(_ values: [Int32], _ shape: Shape) -> Self {
      integers(.input, values, shape)
    }

    static func updated(_ values: [Float], _ shape: Shape) -> Self {
      floats(.updated, values, shape)
    }

    static func output(_ shape: Shape, _ elementType: ElementType = .float32) -> Self {
      Self(
        role: .output, elementType: elementType, shape: shape,
        bits: [UInt32](repeating: CheckedCall.unwrittenBits, count: shape.elementCount))
    }
  }

  /// What a written tensor must hold.
  enum Expectation {
    case numbers([BoundedNumber])
    /// Integers, one of several where rounding decides between them.
    case choices([Set<Int32>])

    static func exactly(_ values: [Float]) -> Self {
      .numbers(values.map { BoundedNumber(Double($0)) })
    }

    static func exactly(_ values: [Int32]) -> Self { .choices(values.map { [$0] }) }
  }

  /// What a run left in the written tensors, and what it did that it may not.
  struct Outcome {
    var written: [[UInt32]] = []
    var violation: String?
  }

  /// Quiet NaNs that no operation makes: what outputs hold before, and what lies between tensors.
  static let unwrittenBits: UInt32 = 0x7FD2_BAD0
  static let guardBits: UInt32 = 0x7FD1_5EA5

  let operation: String
  let sizes: String
  let operands: [Operand]
  /// The definition in plain loops: one expectation for each written tensor.
  let expected: () -> [Expectation]
  let call: (any Backend, [Tensor]) throws -> Void

  var replicas: Int { operands.first { $0.role != .shared }?.shape.replicas ?? 1 }

  /// Runs the call on some of the replicas. Every replica's block lies at an odd element between
  /// bands of NaN, as a named parameter among others may.
  func run(_ replicas: Range<Int>, on backend: any Backend) throws -> Outcome {
    let (band, lead) = (65, 67)
    var (tensors, storages, befores) = ([Tensor](), [Tensor](), [[Int32]]())
    for operand in operands {
      let block = operand.shape.elementsPerReplica
      let range = operand.role == .shared ? 0..<1 : replicas
      var words = [UInt32](repeating: Self.guardBits, count: lead)
      for r in range {
        words += operand.bits[r * block..<(r + 1) * block]
        words += [UInt32](repeating: Self.guardBits, count: band)
      }
      let before = words.map { Int32(bitPattern: $0) }
      let storage = try backend.tensor(before, [1, before.count])
      tensors.append(
        Tensor(
          shape: Shape([range.count] + operand.shape.dimensions.dropFirst()),
          elementType: operand.elementType, storage: storage.storage, offset: lead,
          replicaStride: block + band, backend: backend))
      storages.append(storage)
      befores.append(before)
    }
    try call(backend, tensors)
    var outcome = Outcome()
    for (number, operand) in operands.enumerated() {
      let after = try storages[number].integers()
      var block: [UInt32] = []
      for (index, (now, before)) in zip(after, befores[number]).enumerated() {
        let place = index - lead
        let element = place >= 0 ? place % (operand.shape.elementsPerReplica + band) : place
        if element < 0 || element >= operand.shape.elementsPerReplica {
          if now != before { outcome.violation = "tensor \(number): written outside, at \(place)" }
        } else if !operand.isWritten {
          if now != before { outcome.violation = "tensor \(number): input changed at \(place)" }
        } else {
          block.append(UInt32(bitPattern: now))
          if block.last == Self.unwrittenBits {
            outcome.violation = "tensor \(number): not written at \(place)"
          }
        }
      }
      if operand.isWritten { outcome.written.append(block) }
    }
    return outcome
  }
}

extension CheckedCall.Expectation {
  /// The largest error over its bound, and the place where it is above 1.
  func compare(_ bits: [UInt32]) -> (ratio: Double, note: String?) {
    var worst: (ratio: Double, note: String?) = (0, nil)
    func record(_ ratio: Double, _ note: @autoclosure () -> String) {
      guard ratio > worst.ratio else { return }
      worst = (min(ratio, CheckResult.largestRatio), ratio > 1 ? note() : nil)
    }
    switch self {
    case .numbers(let numbers):
      for (index, number) in numbers.enumerated() where !number.value.isNaN {
        let got = Float(bitPattern: bits[index])
        let error = abs(Double(got) - number.value)
        if error == 0 { continue }
        // A bound that is not finite would let anything pass.
        let ratio = number.error.isFinite && error.isFinite ? error / number.error : .infinity
        record(
          ratio,
          "element \(index) is \(got), not \(Float(number.value)) within \(Float(number.error))")
      }
    case .choices(let choices):
      for (index, choice) in choices.enumerated() {
        let got = Int32(bitPattern: bits[index])
        if choice.contains(got) { continue }
        let wanted = choice.sorted().map(String.init).joined(separator: " or ")
        record(.infinity, "element \(index) is \(got), not \(wanted)")
      }
    }
    return worst
  }
}
