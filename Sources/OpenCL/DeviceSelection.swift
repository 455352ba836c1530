import Text

/// The device that the user asked for.
public enum DeviceSelection: Equatable, Sendable {
  /// `auto`: an OpenCL GPU, else an OpenCL CPU device, else the CPU backend.
  case automatic

  /// `gpu`: the first OpenCL GPU.
  case gpu

  /// `cpu`: the CPU backend, without OpenCL.
  case cpu

  /// `opencl:P:D`: device D of platform P, as `clinfo -l` counts.
  case opencl(platform: Int, device: Int)

  /// `name=TEXT`: the first OpenCL device whose name contains the text, in either case.
  case named(String)

  /// Reads a selector.
  ///
  /// - Throws: ``DeviceSelectionError/unknownSelector(_:)``.
  public init(parsing text: String) throws(DeviceSelectionError) {
    switch text {
    case "auto": self = .automatic
    case "gpu": self = .gpu
    case "cpu": self = .cpu
    default:
      if text.hasPrefix("name="), text != "name=" {
        self = .named(String(text.dropFirst("name=".count)))
        return
      }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "opencl", let platform = position(parts[1]),
        let device = position(parts[2])
      else { throw .unknownSelector(text) }
      self = .opencl(platform: platform, device: device)
    }
  }

  /// The device to use, or nil for the CPU backend.
  ///
  /// - Throws: A ``DeviceSelectionError`` if there is no such device. A requested GPU is never
  ///   replaced by another device. The command line then exits with 69.
  public func choose(from platforms: [Platform]) throws(DeviceSelectionError) -> Device? {
    let devices = platforms.flatMap(\.devices)
    func first(_ kind: Device.Kind) -> Device? { devices.first { $0.kind == kind } }
    let found = devices.map { "\($0.selector) \($0.name) (\($0.kind.rawValue))" }
    switch self {
    case .automatic:
      return first(.gpu) ?? first(.cpu)
    case .cpu:
      return nil
    case .gpu:
      guard let device = first(.gpu) else { throw .noGPU(found: found) }
      return device
    case .opencl(let platform, let index):
      let device = devices.first { $0.platformIndex == platform && $0.index == index }
      guard let device else {
        throw .noDevice(platform: platform, device: index, found: found)
      }
      return device
    case .named(let text):
      let device = devices.first { $0.name.lowercased().contains(text.lowercased()) }
      guard let device else { throw .noDeviceNamed(text, found: found) }
      return device
    }
  }
}

extension DeviceSelection: CustomStringConvertible {
  /// The selector text of this selection.
  public var description: String {
    switch self {
    case .automatic: "auto"
    case .gpu: "gpu"
    case .cpu: "cpu"
    case .opencl(let platform, let device): "opencl:\(platform):\(device)"
    case .named(let text): "name=\(text)"
    }
  }
}

/// A number of decimal digits only: `Int.init` would accept a sign.
private func position(_ text: Substring) -> Int? {
  text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
}

/// The reason why no device could be selected. `found` lists the existing OpenCL devices.
public enum DeviceSelectionError: Error, Equatable, Sendable {
  case unknownSelector(String)
  case noGPU(found: [String])
  case noDevice(platform: Int, device: Int, found: [String])
  case noDeviceNamed(String, found: [String])
}

extension DeviceSelectionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownSelector(let text):
      """
      unknown device \(text.quoted): expected auto, gpu, cpu, opencl:P:D or name=TEXT \
      (dormouse devices lists them)
      """
    case .noGPU(let found):
      "no OpenCL GPU: \(list(found))"
    case .noDevice(let platform, let device, let found):
      "no device opencl:\(platform):\(device): \(list(found))"
    case .noDeviceNamed(let text, let found):
      "no OpenCL device whose name contains \(text.quoted): \(list(found))"
    }
  }

  private func list(_ found: [String]) -> String {
    found.isEmpty
      ? "no OpenCL device was found" : "found \(found.joined(separator: ", "))"
  }
}
