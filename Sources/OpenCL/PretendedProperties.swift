import Text

/// Properties that replace those of a device, so that code for one kind of device can be tested on
/// another.
///
/// The text of `DORMOUSE_PRETEND` has pairs `name=value` with commas between them, such as
/// `kind=gpu,vendor=Intel,units=512,wave=64`. It changes what a device seems to be, not what it can
/// do.
public struct PretendedProperties: Hashable, Sendable {
  public var kind: Device.Kind?
  public var vendor: String?
  /// Compute units, in the vendor's count.
  public var units: Int?
  /// Bytes of global memory, of the largest buffer, and of a work-group's local memory.
  public var memory: Int?
  public var allocation: Int?
  public var local: Int?
  /// Work-items of the largest work-group, and of the largest one of every kernel.
  public var group: Int?
  public var kernelGroup: Int?
  /// Work-items that run in step.
  public var wave: Int?
  /// Whether the device has a fast `fma`.
  public var fma: Bool?

  public init() {}

  /// Reads the text of `DORMOUSE_PRETEND`.
  ///
  /// - Throws: ``PretendedPropertiesError``.
  public init(parsing text: String) throws(PretendedPropertiesError) {
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw PretendedPropertiesError(pair: String(pair)) }
      let (name, value) = (parts[0], parts[1])
      let number = Int(value).flatMap { $0 > 0 ? $0 : nil }
      let isKnown: Bool
      switch name {
      case "kind":
        (kind, isKnown) = (Device.Kind(rawValue: value), Device.Kind(rawValue: value) != nil)
      case "vendor": (vendor, isKnown) = (value, true)
      case "units": (units, isKnown) = (number, number != nil)
      case "memory": (memory, isKnown) = (number, number != nil)
      case "allocation": (allocation, isKnown) = (number, number != nil)
      case "local": (local, isKnown) = (number, number != nil)
      case "group": (group, isKnown) = (number, number != nil)
      case "kernelGroup": (kernelGroup, isKnown) = (number, number != nil)
      case "wave": (wave, isKnown) = (number, number != nil)
      case "fma": (fma, isKnown) = (value == "yes", value == "yes" || value == "no")
      default: isKnown = false
      }
      guard isKnown else { throw PretendedPropertiesError(pair: String(pair)) }
    }
  }
}

/// A pair of `DORMOUSE_PRETEND` that is not understood.
public struct PretendedPropertiesError: Error, Hashable, CustomStringConvertible {
  public var pair: String

  public var description: String {
    """
    DORMOUSE_PRETEND: expected kind=cpu|gpu|accelerator|other, vendor=TEXT, fma=yes|no, or units, \
    memory, allocation, local, group, kernelGroup or wave with a number above 0, found \(pair.quoted)
    """
  }
}

extension Device {
  /// The device with other properties.
  public func pretending(_ other: PretendedProperties) -> Device {
    var device = self
    device.pretended = other
    if let kind = other.kind { device.kind = kind }
    if let vendor = other.vendor { device.vendor = vendor }
    if let units = other.units { device.computeUnits = units }
    if let memory = other.memory { device.globalMemory = memory }
    if let allocation = other.allocation { device.maximumAllocation = allocation }
    if let local = other.local { device.localMemory = local }
    if let group = other.group { device.maximumWorkGroupSize = group }
    if let wave = other.wave { device.waveWidth = wave }
    if let fma = other.fma { device.hasFastFMA = fma }
    return device
  }
}
