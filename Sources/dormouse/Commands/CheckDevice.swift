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
    abstract: "Check every operation on this very device against its definition.",
    discussion: """
      Runs every kernel on random inputs of awkward and realistic sizes, compares each element with a \
      double-precision definition within a derived bound, asks that two runs and a replica alone give \
      the same bytes, and trains a tiny model. Takes seconds once its kernels are compiled. Exit code \
      1 if anything failed.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(help: "The seed of the inputs; a new one each time unless given.")
  var seed: UInt64?
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      let backend = try device.makeBackend(describesUnits: true)
      let seed = seed ?? UInt64.random(in: .min ... .max)
      Standard.error(
        "Checking \(backend.device.name) (\(backend.device.selector)) with seed \(seed)\n")
      let check = ConformanceCheck(device: backend, reference: CPUBackend(), seed: seed)
      if !json { try Standard.output(CheckResult.heading + "\n") }
      let results = try check.runAll { result in
        try Standard.output(
          json
            ? String(decoding: try JSONLines.line(result), as: UTF8.self) : result.line + "\n")
      }
      if !json { try Standard.output(CheckResult.totals(results) + "\n") }
      if !results.allSatisfy(\.passed) { throw ExitCode(SystemExit.failed.rawValue) }
    }
  }
}

extension ConformanceCheck {
  /// Checks every operation, every tiling of products that an OpenCL device can run, and a training
  /// with each optimizer.
  func runAll(report: (CheckResult) throws -> Void) throws -> [CheckResult] {
    func reported(_ result: CheckResult) throws -> CheckResult {
      try report(result)
      return result
    }
    var results = try run(report: report)
    if let device = device as? OpenCLBackend {
      // The products of `run` are small: each has one tiling.
      for precision in Precision.allCases {
        results.append(
          try reported(
            measured("matmul", "every tiling, \(precision.rawValue)") {
              (0, try device.wrongTiling(of: precision))
            }))
      }
    }
    for optimizer in Self.optimizers { results.append(try reported(checkTraining(optimizer))) }
    return results
  }
}
