import ArgumentParser
import Foundation
import OpenCL
import Tensors
import TensorsCPU
import TensorsOpenCL

/// The option `--device`, and the backend that it chooses.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to compute: auto (an OpenCL GPU, else an OpenCL CPU device, else the CPU), gpu, cpu, opencl:P:D or name=TEXT.",
      valueName: "device"))
  var device = "auto"

  /// - Parameters:
  ///   - keepsTimes: Whether an OpenCL device measures the time of every kernel.
  ///   - describesUnits: Whether to print the matrix units that compute products of bfloat16. A device
  ///     without them is always named.
  /// - Throws: `DeviceSelectionError`, `OpenCLError`.
  func makeBackend(keepsTimes: Bool = false, describesUnits: Bool = false) throws -> any Backend {
    let selection = try DeviceSelection(parsing: device)
    if case .cpu = selection { return CPUBackend() }
    let environment = ProcessInfo.processInfo.environment
    let platforms = try Platform.all(
      pretending: environment["DORMOUSE_PRETEND"].map { try PretendedProperties(parsing: $0) })
    for platform in platforms {
      if let failure = platform.failure {
        Standard.error("OpenCL platform \(platform.name): cannot be used: \(failure)\n")
      }
    }
    guard let chosen = try selection.choose(from: platforms) else {
      Standard.error("No OpenCL device was found: computing on the CPU.\n")
      return CPUBackend()
    }
    let style =
      try environment["DORMOUSE_STYLE"].map { try choice("DORMOUSE_STYLE", $0) }
      as OpenCLBackend.Style?
    let backend = try OpenCLBackend(device: chosen, style: style, keepsTimes: keepsTimes)
    if let note = backend.matrixUnitsNote, describesUnits || backend.matrixUnits == nil {
      Standard.error(note + "\n")
    }
    return backend
  }
}

extension DeviceDescription {
  /// The facts that an output folder records about the device. They can change the bytes of products.
  var circumstance: [String: String] {
    [
      "backend": backend, "device": name, "driver": driver, "implementation": implementation,
    ]
  }

  /// The facts that a product's record has about the device, including facts that change only its time.
  var recordedCircumstance: [String: String] {
    var all = circumstance
    all["tuning"] = tuning
    return all
  }
}
