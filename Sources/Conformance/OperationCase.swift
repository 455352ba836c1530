public import Tensors

/// One call of one operation: its inputs, the definition of its outputs, and its cost.
public struct OperationCase: Sendable, CustomStringConvertible {
  /// The operation's name, such as "adamW".
  public let operation: String
  /// The sizes of this call, as text.
  public let sizes: String
  public let arguments: [OperationArgument]
  /// Floating-point operations of the definition; a fused multiply-add counts as two.
  public let flops: Double
  private let definition: @Sendable () -> [Expectation]
  private let call: @Sendable (any Backend, [Tensor]) throws -> Void

  /// - Parameters:
  ///   - expected: the definition in plain loops: one expectation per written tensor.
  ///   - call: runs the operation on tensors of the arguments.
  init(
    _ operation: String, _ sizes: String, _ arguments: [OperationArgument], flops: Double,
    expected: @escaping @Sendable () -> [Expectation],
    call: @escaping @Sendable (any Backend, [Tensor]) throws -> Void
  ) {
    (self.operation, self.sizes, self.arguments) = (operation, sizes, arguments)
    self.flops = flops
    definition = expected
    self.call = call
  }

  public var description: String { "\(operation), \(sizes)" }

  public var replicas: Int { arguments.first { $0.role != .shared }?.shape.replicas ?? 1 }

  /// Bytes read plus bytes written, each tensor once.
  public var bytes: Double {
    arguments.reduce(0) {
      $0 + Double(4 * $1.shape.elementCount * ($1.role == .updated ? 2 : 1))
    }
  }

  /// Evaluates the definition: the expected content of every written tensor.
  public func expected() -> [Expectation] { definition() }

  /// Tensors of the arguments without guards, for measurements.
  ///
  /// - Throws: what the backend does.
  public func tensors(on backend: any Backend) throws -> [Tensor] {
    try arguments.map { argument in
      let tensor = try backend.empty(argument.shape, argument.elementType)
      if argument.role == .output {
        try backend.fill(tensor, bits: GuardedTensors.unwrittenBits)
      } else {
        try argument.bits.withUnsafeBytes { try backend.upload($0, to: tensor) }
      }
      return tensor
    }
  }

  /// Calls the operation on tensors that `tensors(on:)` made.
  ///
  /// - Throws: what the backend does.
  public func callAsFunction(on backend: any Backend, _ tensors: [Tensor]) throws {
    try call(backend, tensors)
  }

  /// The content of the written tensors after a run, and the violations of the run.
  public struct Outcome: Sendable {
    /// Bits by written tensor and replica.
    public var written: [[[UInt32]]]
    /// Changed guard bands, changed inputs and unwritten outputs.
    public var violations: [String]
  }

  /// Runs the call in guarded tensors.
  ///
  /// - Parameters:
  ///   - replicas: all unless given.
  ///   - rows: the number of first rows to run on; nil for all.
  ///   - live: the number of live rows per replica. Rows past them have values that must not be
  ///     read.
  /// - Throws: what the backend does.
  public func run(
    _ replicas: Range<Int>? = nil, rows: Int? = nil, live counts: [Int]? = nil,
    layout: GuardedTensors.Layout = .odd, on backend: any Backend
  ) throws -> Outcome {
    let replicas = replicas ?? 0..<self.replicas
    return try run(
      arguments.map { argument in
        let part = argument.part(replicas, rows: rows)
        return counts.map { part.filledWithNaN(pastRows: $0) } ?? part
      }, live: counts, layout: layout, on: backend)
  }

  private func run(
    _ arguments: [OperationArgument], live counts: [Int]? = nil, layout: GuardedTensors.Layout,
    on backend: any Backend
  ) throws -> Outcome {
    let tensors = GuardedTensors(backend, layout: layout)
    let live = try counts.map {
      LiveRows(counts: try backend.tensor($0.map { Int32($0) }, [$0.count]))
    }
    let made = try arguments.map { argument in
      try tensors.tensor(argument, live: argument.hasRows ? live : nil, counts: counts)
    }
    try call(backend, made)
    let (after, violations) = try tensors.contents()
    let written = zip(arguments, after).filter(\.0.isWritten).map { argument, bits in
      let block = argument.shape.elementsPerReplica
      return (0..<argument.shape.replicas).map { Array(bits[$0 * block..<($0 + 1) * block]) }
    }
    return Outcome(written: written, violations: violations)
  }

  // MARK: What a backend promises of every operation

  /// The largest ratio of error to bound over all replicas, and the failures in one line.
  public func deviation(of outcome: Outcome, from expected: [Expectation]) -> Deviation {
    var worst = Deviation()
    for (expectation, bits) in zip(expected, outcome.written) {
      let found = expectation.deviation(of: bits.flatMap { $0 })
      if found.ratio > worst.ratio || worst.first == nil && found.first != nil { worst = found }
    }
    return worst
  }

  /// Checks that some replicas alone give the same bytes as in `together`, a run of all replicas.
  ///
  /// - Returns: what is wrong, or nil.
  /// - Throws: what the backend does.
  public func cohortProblem(
    _ replicas: Range<Int>, _ together: Outcome, layout: GuardedTensors.Layout = .odd,
    on backend: any Backend
  ) throws -> String? {
    let part = try run(replicas, layout: layout, on: backend)
    for (number, r) in replicas.enumerated()
    where zip(part.written, together.written).contains(where: { $0[number] != $1[r] }) {
      return replicas.count == 1
        ? "replica \(r) gives different bytes alone than in a batch of replicas"
        : "replica \(r) gives different bytes in a smaller batch of replicas"
    }
    return part.violations.first
  }

  /// Checks that NaN in every number of one replica does not change the other replicas' bytes in
  /// `clean`.
  ///
  /// - Returns: what is wrong, or nil.
  /// - Throws: what the backend does.
  public func nanProblem(
    replica: Int, _ clean: Outcome, on backend: any Backend
  ) throws -> String? {
    let dirty = try run(
      arguments.map { $0.filledWithNaN(replica: replica) }, layout: .odd, on: backend)
    for r in 0..<replicas where r != replica {
      if zip(dirty.written, clean.written).contains(where: { $0[r] != $1[r] }) {
        return "NaN in replica \(replica) changes replica \(r)"
      }
    }
    return nil
  }

  /// Whether any of the arguments may have live rows.
  public var takesLiveRows: Bool { arguments.contains(where: \.hasRows) }

  /// Checks that live rows get the same bytes as the rows alone, and that nothing is read or
  /// written past them. All rows are live in replica 0, none in replica 1, and other numbers of
  /// rows in the following replicas.
  ///
  /// - Returns: what is wrong, or nil; nil too where nothing has rows.
  /// - Throws: what the backend does.
  public func liveRowsProblem(on backend: any Backend) throws -> String? {
    guard let rows = arguments.first(where: \.hasRows)?.shape[1] else { return nil }
    let counts = (0..<replicas).map { [rows, 0, (rows + 1) / 2, 1, rows * 3 / 4][$0 % 5] }
    let together = try run(live: counts, on: backend)
    if let violation = together.violations.first { return "live rows: \(violation)" }
    for (replica, count) in counts.enumerated() {
      let alone = count == 0 ? nil : try run(replica..<replica + 1, rows: count, on: backend)
      for (number, argument) in arguments.filter(\.isWritten).enumerated() {
        let bits = together.written[number][replica]
        if let alone = alone?.written[number][0] {
          // Rows past the live rows are unchanged, or there was a violation.
          if bits.prefix(alone.count) != alone[...] {
            return "\(count) live rows of replica \(replica) give different bytes than alone"
          }
        } else if argument.role == .output && !argument.hasRows && bits.contains(where: { $0 != 0 })
        {
          return "a sum over no live rows of replica \(replica) is not 0"
        }
      }
    }
    return nil
  }
}
