import JSON
import Text
import ArgumentParser
import Conformance
import OpenCL
import Studies
import Tensors
import TensorsCPU
import TensorsOpenCL

struct CheckDevice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-device",
    abstract: "Compare every operation with its definition on this device.",
    discussion: """
      Runs every kernel on random inputs of odd and usual sizes, and compares each element with a \
      definition in double precision, within a derived bound. Two runs must give the same bytes, and so \
      must a replica alone. At the end it trains a tiny model. It takes seconds after the kernels are \
      compiled. The exit code is 1 if a check failed. On a simulator, or where a kernel is compiled for \
      minutes, use --small, or --operation with a few names.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(help: "The seed of the inputs. Without it, a new one each time.")
  var seed: UInt64?
  @Option(
    name: .customLong("operation"),
    help: ArgumentHelp(
      "Check only this operation, such as matmul; training is one too. May be repeated.",
      valueName: "name"))
  var operations: [String] = []
  @Flag(help: "Few and small calls. There is no training, unless --operation names it.")
  var small = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func validate() throws {
    let names = OperationDescription.all.map(\.name) + [ConformanceCheck.trainingName]
    for name in operations where !names.contains(name) {
      throw ValidationError(
        "there is no operation \(name.quoted); the operations are \(names.joined(separator: ", "))")
    }
  }

  func run() throws {
    try reportingFailures {
      let backend = try device.makeBackend(describesUnits: true)
      let seed = seed ?? UInt64.random(in: .min ... .max)
      Standard.error(
        "Checking \(backend.device.name) (\(backend.device.selector)) with seed \(seed)\n")
      let check = ConformanceCheck(device: backend, reference: CPUBackend(), seed: seed)
      if !json { try Standard.output(CheckResult.heading + "\n") }
      let results = try check.runAll(operations, small: small) { result in
        try Standard.output(
          json
            ? JSONLines.visibleLine(result) : result.line + "\n")
      }
      if !json { try Standard.output(CheckResult.totals(results) + "\n") }
      if !results.allSatisfy(\.passed) { throw ExitCode(SystemExit.failed.rawValue) }
    }
  }
}

extension ConformanceCheck {
  /// Checks every operation, every tiling of products that an OpenCL device can run, and a training
  /// with each optimizer.
  ///
  /// - Parameters:
  ///   - names: the names of the operations to check; all if there is none.
  ///   - small: Whether calls are few and small. Then training is checked only if it is named.
  /// - Throws: The error of the device, and what `report` throws.
  func runAll(
    _ names: [String] = [], small: Bool = false, report: (CheckResult) throws -> Void
  ) throws -> [CheckResult] {
    func includes(_ name: String) -> Bool { names.isEmpty || names.contains(name) }
    func reported(_ result: CheckResult) throws -> CheckResult {
      try report(result)
      return result
    }
    var results = try run(
      OperationDescription.all.filter { includes($0.name) }, small ? .small : .device,
      report: report)
    if let device = device as? OpenCLBackend, includes("matmul") {
      // The products of `run` are small, so each is computed with one tiling only.
      for precision in Precision.allCases {
        results.append(
          try reported(
            measured("matmul", "every tiling, \(precision.rawValue)") {
              (0, try device.wrongTiling(of: precision, small: small))
            }))
      }
    }
    if small ? names.contains(Self.trainingName) : includes(Self.trainingName) {
      for optimizer in Self.optimizers { results.append(try reported(checkTraining(optimizer))) }
    }
    return results
  }
}
