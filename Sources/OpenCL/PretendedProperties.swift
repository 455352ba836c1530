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
  /// The version of OpenCL and of the driver, such as `OpenCL 3.0 NEO`.
  public var version: String?
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
  /// Floats of a vector register: 8 on a processor with 16 computes as on one with 8.
  public var vector: Int?
  /// Whether the device has a fast `fma`.
  public var fma: Bool?

  public init() {}

  fileprivate typealias Number = (
    pretended: any WritableKeyPath<PretendedProperties, Int?> & Sendable,
    property: (any WritableKeyPath<Device, Int> & Sendable)?
  )

  /// The properties that are numbers, by name. `kernelGroup` is a property of kernels.
  fileprivate static let numbers: [String: Number] = [
    "units": (\PretendedProperties.units, \Device.computeUnits),
    "memory": (\PretendedProperties.memory, \Device.globalMemory),
    "allocation": (\PretendedProperties.allocation, \Device.maximumAllocation),
    "local": (\PretendedProperties.local, \Device.localMemory),
    "group": (\PretendedProperties.group, \Device.maximumWorkGroupSize),
    "kernelGroup": (\PretendedProperties.kernelGroup, nil),
    "wave": (\PretendedProperties.wave, \Device.waveWidth),
    "vector": (\PretendedProperties.vector, \Device.preferredVectorWidth),
  ]

  /// Reads the text of `DORMOUSE_PRETEND`.
  ///
  /// - Throws: ``PretendedPropertiesError``.
  public init(parsing text: String) throws(PretendedPropertiesError) {
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw PretendedPropertiesError(pair: String(pair)) }
      let (name, value) = (parts[0], parts[1])
      let isKnown: Bool
      switch (name, Self.numbers[name]) {
      case (_, let number?):
        self[keyPath: number.pretended] = Int(value).flatMap { $0 > 0 ? $0 : nil }
        isKnown = self[keyPath: number.pretended] != nil
      case ("kind", _):
        kind = Device.Kind(rawValue: value)
        isKnown = kind != nil
      case ("vendor", _): (vendor, isKnown) = (value, true)
      case ("version", _): (version, isKnown) = (value, true)
      case ("fma", _): (fma, isKnown) = (value == "yes", value == "yes" || value == "no")
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
    DORMOUSE_PRETEND: expected kind=cpu|gpu|accelerator|other, vendor=TEXT, version=TEXT, fma=yes|no, \
    or units, memory, allocation, local, group, kernelGroup, wave or vector with a number above 0, \
    found \(pair.quoted)
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
    if let version = other.version { device.version = version }
    for number in PretendedProperties.numbers.values {
      if let property = number.property, let value = other[keyPath: number.pretended] {
        device[keyPath: property] = value
      }
    }
    if let fma = other.fma { device.hasFastFMA = fma }
    return device
  }
}
