import Tensors

/// A backend with one kernel broken on purpose.
final class FaultyBackend: ForwardingBackend {
  enum Fault: CaseIterable {
    /// Every number is one per cent too large, every integer too large by one.
    case wrongValue
    /// A number is written after the last replica's block.
    case outOfBounds
    case notANumber
    /// The last bit of a number of the last replica differs where there are several replicas.
    case dependentOnCohort
    /// The last bit of a number differs in every second call.
    case unsteady
    /// Nothing is written.
    case nothingWritten
    /// A number is written after a replica's live rows.
    case pastLiveRows
  }

  private let fault: Fault
  private let operation: String
  private var calls = 0

  init(_ original: any Backend, _ fault: Fault, in operation: String) {
    self.fault = fault
    self.operation = operation
    super.init(original)
  }

  override func forward(
    _ operation: String, writing written: [Tensor], _ body: () throws -> Void
  ) throws {
    guard operation == self.operation else { return try body() }
    if fault == .nothingWritten { return }
    try body()
    calls += 1
    let tensor = written[0]
    let last = tensor.shape.replicas - 1
    switch fault {
    case .nothingWritten: break
    case .wrongValue:
      if tensor.elementType == .float32 {
        try tensor.assign(tensor.floats().map { $0 * 1.01 })
      } else {
        try tensor.assign(tensor.integers().map { $0 + 1 })
      }
    case .outOfBounds:
      try change(tensor, last, tensor.shape.elementsPerReplica) { _ in 0 }
    case .notANumber: try change(tensor, last, 0) { _ in Float.nan.bitPattern }
    case .dependentOnCohort: if last > 0 { try change(tensor, last, 0) { $0 ^ 1 } }
    case .unsteady: if calls % 2 == 0 { try change(tensor, last, 0) { $0 ^ 1 } }
    case .pastLiveRows:
      guard let counts = try tensor.live?.counts.integers() else { return }
      let width = tensor.shape.elementsPerReplica / tensor.shape[1]
      for (replica, count) in counts.enumerated() where count < tensor.shape[1] {
        try change(tensor, replica, Int(count) * width) { _ in 0 }
      }
    }
  }

  /// Changes the bits of an element at a distance from a replica's first.
  private func change(
    _ tensor: Tensor, _ replica: Int, _ element: Int, _ body: (UInt32) -> UInt32
  ) throws {
    let place = tensor.offset + replica * tensor.replicaStride + element
    guard 4 * (place + 1) <= tensor.storage.byteCount else { return }
    let one = Tensor(
      shape: [1, 1], elementType: .int32, storage: tensor.storage, offset: place, backend: self)
    try one.assign([Int32(bitPattern: body(UInt32(bitPattern: one.integers()[0])))])
  }
}
