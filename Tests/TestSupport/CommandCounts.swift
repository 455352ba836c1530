import OpenCL
public import Tensors
import TensorsOpenCL

/// The commands that a backend of OpenCL has enqueued so far, and how many of them were reads of the
/// host; nil for other backends.
public func commandCounts(of backend: any Backend) -> (commands: Int, reads: Int)? {
  (backend as? OpenCLBackend)?.commandCounts
}

extension BackendChoice {
  /// Every OpenCL device in both styles, without the commands that fill new memory with NaN.
  public static let countable: [BackendChoice] = openCLDevices.flatMap { device in
    OpenCLBackend.Style.allCases.map { style in
      BackendChoice(name: "\(device.selector) \(style.rawValue)") {
        try OpenCLBackend(device: device, style: style)
      }
    }
  }
}
