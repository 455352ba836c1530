public import OpenCL
public import Tensors
public import Testing
import TensorsCPU
import TensorsOpenCL

/// A backend that tests run on: a readable name, and how to make one.
///
/// Backends belong to one thread, so an argument of a test is the choice and not the backend.
public struct BackendChoice: Sendable, Hashable, CustomTestStringConvertible {
  public let name: String
  private let make: @Sendable () throws -> any Backend

  public init(name: String, make: @escaping @Sendable () throws -> any Backend) {
    self.name = name
    self.make = make
  }

  /// A new backend whose memory is handed out full of NaN.
  public func makeBackend() throws -> any Backend { try make() }

  public var testDescription: String { name }

  public static func == (left: BackendChoice, right: BackendChoice) -> Bool {
    left.name == right.name
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  public static let cpu = BackendChoice(name: "cpu") { CPUBackend(fillsWithNaN: true) }

  /// Every OpenCL device in every way of cutting work: a CPU device tests the kernels of GPUs too.
  /// Vectors of 16 lanes are tested beside those of 8 where the device prefers them.
  public static let openCL: [BackendChoice] = openCLDevices.flatMap { device in
    let ways: [(style: OpenCLBackend.Style, lanes: Int?)] =
      [(.wideItems, nil), (.manyItems, nil)]
      + (device.preferredVectorWidth >= 16 ? [(.wideItems, 8)] : [])
    return ways.map { style, lanes in
      BackendChoice(
        name: "\(device.selector) \(style.rawValue)" + (lanes.map { " of \($0)" } ?? "")
      ) {
        try OpenCLBackend(device: device, style: style, lanes: lanes, fillsWithNaN: true)
      }
    }
  }
}

extension BackendChoice {
  /// The kernel of matrix units on every OpenCL device, with the units written out.
  public static let matrixUnits: [BackendChoice] = openCLDevices.map { device in
    BackendChoice(name: "\(device.selector) matrix units, emulated") {
      try OpenCLBackend(
        device: device, style: .manyItems, fillsWithNaN: true, matrixUnits: .emulation)
    }
  }
}

/// The devices of every OpenCL platform of this machine.
public let openCLDevices: [Device] = ((try? Platform.all()) ?? []).flatMap(\.devices)

/// Every backend of this machine: the CPU backend first, then the OpenCL devices.
public let availableBackends: [BackendChoice] = [.cpu] + BackendChoice.openCL
