public import Tensors

/// A check of every operation of a device against its definition and against the requirements of
/// `Backend`.
///
/// Each call runs on random inputs, with outputs filled with NaN before. The written values must be
/// within a bound of the definition, which plain loops in double precision evaluate. The reference
/// backend must meet the same bounds. Further checks are: the same bytes from a second run, the
/// same bytes for a replica alone and in a cohort, the same bytes for live rows and for the rows
/// alone, no NaN left, and nothing written outside the outputs.
public struct ConformanceCheck {
  public let device: any Backend
  public let reference: any Backend
  /// The seed of all inputs.
  public let seed: UInt64

  public init(device: any Backend, reference: any Backend, seed: UInt64) {
    self.device = device
    self.reference = reference
    self.seed = seed
  }

  /// Runs every check of some operations. A failure, also an error of the device, is a result, and
  /// the checks continue.
  ///
  /// - Parameters:
  ///   - extent: the extent of the calls per operation.
  ///   - report: called with every result.
  /// - Throws: what `report` throws, which ends the run.
  @discardableResult
  public func run(
    _ operations: [OperationDescription] = OperationDescription.all,
    _ extent: OperationDescription.Extent = .device, report: (CheckResult) throws -> Void = { _ in }
  ) throws -> [CheckResult] {
    try operations.flatMap { $0.cases(extent, seed: seed) }.map { call in
      let result = measured(call.operation, call.sizes) { try check(call) }
      try report(result)
      return result
    }
  }

  /// The largest ratio of error to bound, and the first failure.
  private func check(_ call: OperationCase) throws -> (ratio: Double, note: String?) {
    let together = try call.run(on: device)
    let onReference = try naming("reference") { try call.run(on: reference) }
    let expected = call.expected()
    let found = call.deviation(of: together, from: expected)
    func problem() throws -> String? {
      if let note = together.violations.first ?? found.note { return note }
      if try call.run(on: device).written != together.written { return "two runs differ in bytes" }
      let last = call.replicas - 1
      return try call.cohortProblem(last..<call.replicas, together, on: device)
        ?? call.liveRowsProblem(on: device)
    }
    func referenceProblem() -> String? {
      onReference.violations.first ?? call.deviation(of: onReference, from: expected).note
    }
    return (found.ratio, try problem() ?? referenceProblem().map { "reference: \($0)" })
  }

  /// Times a check and turns its note, or the error that it throws, into a result.
  public func measured(
    _ operation: String, _ sizes: String, _ body: () throws -> (ratio: Double, note: String?)
  ) -> CheckResult {
    var found: (ratio: Double, note: String?) = (CheckResult.largestRatio, nil)
    let duration = ContinuousClock().measure {
      do { found = try body() } catch { found.note = Self.firstLine(error) }
    }
    return CheckResult(
      operation: operation, sizes: sizes, worstRatio: min(found.ratio, CheckResult.largestRatio),
      passed: found.note == nil && found.ratio <= 1, note: found.note,
      milliseconds: duration / .milliseconds(1))
  }

  /// An error of the reference backend, marked by a name to distinguish it from errors of the
  /// device.
  private struct NamedError: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a body. A name is put before the text of its errors.
  ///
  /// - Throws: what `body` throws, as an error with the name.
  public func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      throw NamedError(description: "\(name): \(Self.firstLine(error))")
    }
  }

  /// The first line of an error. Lines of a compiler that follow after a colon are omitted.
  private static func firstLine(_ error: any Error) -> String {
    let line = "\(error)".split(separator: "\n").first.map(String.init) ?? "an error without a text"
    return line.hasSuffix(":") ? String(line.dropLast()) : line
  }
}
