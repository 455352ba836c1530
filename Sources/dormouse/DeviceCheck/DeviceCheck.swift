import Tensors
import TensorsOpenCL

/// Every operation of a device held to its definition and to the promises of `Backend`.
///
/// Each call runs on random inputs, its outputs filled with NaN before. What it writes must lie
/// within a bound of the definition, which plain loops in double precision evaluate here. The
/// reference backend is held to the same. Then: the same bytes from a second run, the same bytes for
/// a replica alone as in company, no NaN left, nothing written outside of the outputs.
struct DeviceCheck {
  let device: any Backend
  let reference: any Backend
  /// Decides every input.
  let seed: UInt64

  init(device: any Backend, reference: any Backend, seed: UInt64) {
    self.device = device
    self.reference = reference
    self.seed = seed
  }

  /// Runs every check. What fails, a device's error included, is a result; the checks go on.
  ///
  /// - Parameter report: takes every result when it is there; what it throws ends the run.
  func run(report: (CheckResult) throws -> Void) throws -> [CheckResult] {
    var results: [CheckResult] = []
    func record(_ result: CheckResult) throws {
      results.append(result)
      try report(result)
    }
    let families: [(inout CheckNumbers) -> [CheckedCall]] = [
      CheckedCall.memory, CheckedCall.products, CheckedCall.attentions, CheckedCall.normalizations,
      CheckedCall.elementwise, CheckedCall.embeddings, CheckedCall.losses, CheckedCall.updates,
      CheckedCall.samples, CheckedCall.matrixUpdates,
    ]
    for (index, family) in families.enumerated() {
      var numbers = CheckNumbers(seed: seed, index: index)
      for call in family(&numbers) { try record(check(call)) }
    }
    if let device = device as? OpenCLBackend {
      // Products above are small: they come in one tiling.
      for precision in Precision.allCases {
        try record(
          measured("matmul", "every tiling, \(precision.rawValue)") {
            (0, try device.wrongTiling(of: precision))
          })
      }
    }
    for optimizer in Self.optimizers { try record(checkTraining(optimizer)) }
    return results
  }

  private func check(_ call: CheckedCall) -> CheckResult {
    let all = 0..<call.replicas
    return measured(call.operation, call.sizes) {
      let company = try call.run(all, on: device)
      var worst: (ratio: Double, note: String?) = (0, nil)
      var referenceNote: String?
      let onReference = try naming("reference") { try call.run(all, on: reference) }
      for (index, expectation) in call.expected().enumerated() {
        let found = expectation.compare(company.written[index])
        if found.ratio > worst.ratio { worst = found }
        referenceNote = referenceNote ?? expectation.compare(onReference.written[index]).note
      }
      if let note = company.violation ?? worst.note { return (worst.ratio, note) }
      if try call.run(all, on: device).written != company.written {
        return (worst.ratio, "two runs differ in bytes")
      }
      let last = call.replicas - 1
      let alone = try call.run(last..<call.replicas, on: device)
      let part = company.written.map { Array($0.suffix($0.count / call.replicas)) }
      if alone.written != part {
        return (worst.ratio, "replica \(last) alone differs in bytes from itself in company")
      }
      return (worst.ratio, (onReference.violation ?? referenceNote).map { "reference: \($0)" })
    }
  }

  /// Times a check and turns its note, or what it throws, into a result.
  func measured(
    _ operation: String, _ sizes: String, _ body: () throws -> (ratio: Double, note: String?)
  ) -> CheckResult {
    var found: (ratio: Double, note: String?) = (CheckResult.largestRatio, nil)
    let duration = ContinuousClock().measure {
      do { found = try body() } catch { found.note = Self.firstLine(error) }
    }
    return CheckResult(
      operation: operation, sizes: sizes, worstRatio: found.ratio,
      passed: found.note == nil && found.ratio <= 1, note: found.note,
      milliseconds: duration / .milliseconds(1))
  }

  /// An error of the reference, told apart from the device's.
  private struct NamedError: Error, CustomStringConvertible {
    let description: String
  }

  func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
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
