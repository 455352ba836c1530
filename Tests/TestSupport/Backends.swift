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
  public static let openCL: [BackendChoice] = openCLDevices.flatMap { device in
    OpenCLBackend.Style.allCases.map { style in
      BackendChoice(name: "\(device.selector) \(style.rawValue)") {
        try OpenCLBackend(device: device, style: style, fillsWithNaN: true)
      }
    }
  }
}

/// The devices of every OpenCL platform of this machine.
public let openCLDevices: [Device] = ((try? Platform.all()) ?? []).flatMap(\.devices)

/// Every backend of this machine: the CPU backend first, then the OpenCL devices.
public let availableBackends: [BackendChoice] = [.cpu] + BackendChoice.openCL
