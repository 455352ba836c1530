import Conformance
import Tensors
import TensorsCPU
import Testing

/// The check of a device finds every kernel that is broken on purpose, under its operation's name.
@Suite struct PlantedFaultTests {
  typealias Fault = FaultyBackend.Fault

  /// Those that a backend computes itself: `orthogonalize` is made of others.
  static let operations = OperationDescription.all.filter { $0.name != "orthogonalize" }

  /// Ends a run at its first failure.
  private struct Found: Error { let result: CheckResult }

  private func firstFailure(
    of fault: Fault, in broken: String, _ operations: [OperationDescription],
    _ extent: OperationDescription.Extent = .cohort
  ) throws -> CheckResult? {
    let check = ConformanceCheck(
      device: FaultyBackend(CPUBackend(), fault, in: broken), reference: CPUBackend(), seed: 7)
    do {
      try check.run(operations, extent) { if !$0.passed { throw Found(result: $0) } }
      return nil
    } catch let found as Found { return found.result }
  }

  @Test(arguments: operations, Fault.allCases)
  func everyFaultIsFound(_ operation: OperationDescription, _ fault: Fault) throws {
    let writesRows = operation.cases(.cohort, seed: 7).contains { call in
      call.arguments.contains { $0.isWritten && $0.hasRows }
    }
    if fault == .pastLiveRows && !writesRows { return }
    let failure = try #require(
      try firstFailure(of: fault, in: operation.name, [operation]), "\(operation), \(fault)")
    #expect(failure.operation == operation.name)
    let note = failure.note ?? ""
    switch fault {
    case .wrongValue, .notANumber: #expect(note.hasPrefix("element "))
    case .outOfBounds: #expect(note.contains("written outside, at element "))
    case .nothingWritten:
      #expect(note.contains("not written in replica 0 at element 0") || note.hasPrefix("element "))
    case .unsteady: #expect(note == "two runs differ in bytes")
    case .dependentOnCohort:
      // Where a result is exact the last bit is a wrong value already.
      #expect(
        note.hasPrefix("element ")
          || note == "replica \(operation.name == "gateUpdate" ? 11 : 4) gives different bytes "
            + "alone than in a batch of replicas"
      )
    case .pastLiveRows: #expect(note.hasPrefix("live rows: ") && note.contains("written past"))
    }
  }

  /// The few calls of `check-device --small` find every fault too.
  @Test(arguments: operations, Fault.allCases)
  func smallCallsFindEveryFault(_ operation: OperationDescription, _ fault: Fault) throws {
    let calls = operation.cases(.small, seed: 7)
    let largest = calls.flatMap(\.arguments).map(\.shape.elementCount).max() ?? 0
    #expect(calls.count <= 5 && largest < 50_000, "\(operation): \(calls.count), \(largest)")
    let writesRows = calls.contains { call in
      call.arguments.contains { $0.isWritten && $0.hasRows }
    }
    if fault == .pastLiveRows && !writesRows { return }
    let failure = try #require(
      try firstFailure(of: fault, in: operation.name, [operation], .small),
      "\(operation), \(fault)")
    #expect(failure.operation == operation.name)
  }

  /// A last bit is within the bound of a sum, and still found.
  @Test(arguments: ["matmul", "attention", "sumOfSquares", "weightedSum", "tokenLogProbabilities"])
  func cohortDependenceWithinTheBoundIsFound(_ name: String) throws {
    let operations = OperationDescription.all.filter { $0.name == name }
    let failure = try firstFailure(of: .dependentOnCohort, in: name, operations)
    #expect(
      failure?.note == "replica 4 gives different bytes alone than in a batch of replicas")
  }

  /// What is made of a broken operation fails with it, and nothing else does.
  @Test func nothingElseIsReported() throws {
    let check = ConformanceCheck(
      device: FaultyBackend(CPUBackend(), .wrongValue, in: "addPolynomial"),
      reference: CPUBackend(), seed: 7)
    let failed = try check.run(OperationDescription.all, .cohort).filter { !$0.passed }
    #expect(Set(failed.map(\.operation)) == ["addPolynomial", "orthogonalize"])
  }

  /// A fault of the reference is told apart from the device's.
  @Test func theReferenceIsNamed() throws {
    let check = ConformanceCheck(
      device: CPUBackend(), reference: FaultyBackend(CPUBackend(), .notANumber, in: "swiGLU"),
      seed: 7)
    let failed = try check.run(OperationDescription.all, .cohort).filter { !$0.passed }
    #expect(failed.map(\.operation) == ["swiGLU"])
    #expect(failed.first?.note?.hasPrefix("reference: element ") == true)
  }

  @Test func aSoundDevicePasses() throws {
    let check = ConformanceCheck(device: CPUBackend(), reference: CPUBackend(), seed: 11)
    for result in try check.run() {
      #expect(result.passed, "\(result.line)")
    }
  }
}
