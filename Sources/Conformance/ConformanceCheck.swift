public import Tensors

/// Every operation of a device held to its definition and to the promises of `Backend`.
///
/// Each call runs on random inputs, its outputs filled with NaN before. What it writes must be within a
/// bound of the definition, which plain loops in double precision evaluate. The reference backend is
/// held to the same. Then: the same bytes from a second run, the same bytes for a replica alone as in a
/// batch, the same bytes for live rows as for the rows alone, no NaN left, nothing written outside of
/// the outputs.
public struct ConformanceCheck {
  public let device: any Backend
  public let reference: any Backend
  /// Decides every input.
  public let seed: UInt64

  public init(device: any Backend, reference: any Backend, seed: UInt64) {
    self.device = device
    self.reference = reference
    self.seed = seed
  }

  /// Runs every check of some operations. What fails, a device's error included, is a result; the checks
  /// go on.
  ///
  /// - Parameters:
  ///   - extent: how many calls of each.
  ///   - report: takes every result when it is there.
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

  /// The largest error over its bound, and the first thing that is wrong.
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

  /// Times a check and turns its note, or what it throws, into a result.
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

  /// An error of the reference, told apart from the device's.
  private struct NamedError: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a body whose errors begin with a name.
  public func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      throw NamedError(description: "\(name): \(Self.firstLine(error))")
    }
  }

  /// An error's own line; a compiler's lines that follow it, announced by a colon, are left out.
  private static func firstLine(_ error: any Error) -> String {
    let line = "\(error)".split(separator: "\n").first.map(String.init) ?? "an error without a text"
    return line.hasSuffix(":") ? String(line.dropLast()) : line
  }
}
