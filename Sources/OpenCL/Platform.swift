import COpenCL

/// An OpenCL implementation installed on this machine, and its devices.
public struct Platform: Sendable {
  /// The index in the driver loader's list, as in `clinfo -l`: a platform without devices also has
  /// an index.
  public let index: Int

  public let name: String
  public let vendor: String

  /// Such as `OpenCL 3.0 PoCL 3.1+debian`.
  public let version: String

  /// The devices in the platform's order. Empty if there are none, or if ``failure`` says why they
  /// could not be listed.
  public let devices: [Device]

  /// The reason why the devices could not be listed. Platforms of other drivers are still listed.
  public let failure: OpenCLError?

  package init(
    index: Int, name: String, vendor: String, version: String, devices: [Device],
    failure: OpenCLError? = nil
  ) {
    self.index = index
    self.name = name
    self.vendor = vendor
    self.version = version
    self.devices = devices
    self.failure = failure
  }

  /// The platforms of this machine; empty if no driver is installed.
  ///
  /// - Parameter pretended: Properties that replace those of every device.
  /// - Throws: ``OpenCLError``.
  public static func all(pretending pretended: PretendedProperties? = nil) throws -> [Platform] {
    _ = Runtime.prepare
    var count: cl_uint = 0
    let code = clGetPlatformIDs(0, nil, &count)
    if code == OpenCLCode.platformNotFound.rawValue || (code == CL_SUCCESS && count == 0) {
      return []
    }
    try check(code, "clGetPlatformIDs")
    var handles = [cl_platform_id?](repeating: nil, count: Int(count))
    try check(clGetPlatformIDs(count, &handles, nil), "clGetPlatformIDs")
    return handles.enumerated().compactMap { index, handle in
      handle.map { Platform(index: index, handle: $0, pretended) }
    }
  }

  private init(index: Int, handle: cl_platform_id, _ pretended: PretendedProperties?) {
    func text(_ parameter: Int32) -> String {
      let text = try? infoString("clGetPlatformInfo") {
        clGetPlatformInfo(handle, cl_platform_info(parameter), $0, $1, $2)
      }
      return text ?? "unknown"
    }
    let version = text(CL_PLATFORM_VERSION)
    var devices: [Device] = []
    var failure: OpenCLError?
    do {
      devices = try deviceHandles(of: handle).enumerated().map { position, device in
        let device = try Device(
          handle: device, platformHandle: handle, platformIndex: index, platformVersion: version,
          index: position)
        return pretended.map { device.pretending($0) } ?? device
      }
    } catch {
      failure = error as? OpenCLError
    }
    self.init(
      index: index, name: text(CL_PLATFORM_NAME), vendor: text(CL_PLATFORM_VENDOR),
      version: version, devices: devices, failure: failure)
  }
}

private func deviceHandles(of platform: cl_platform_id) throws -> [cl_device_id] {
  let every = cl_device_type(CL_DEVICE_TYPE_ALL)
  var count: cl_uint = 0
  let code = clGetDeviceIDs(platform, every, 0, nil, &count)
  if code == OpenCLCode.deviceNotFound.rawValue { return [] }
  try check(code, "clGetDeviceIDs")
  var handles = [cl_device_id?](repeating: nil, count: Int(count))
  try check(clGetDeviceIDs(platform, every, count, &handles, nil), "clGetDeviceIDs")
  return handles.compactMap { $0 }
}

/// The common signature of OpenCL's `clGet...Info` functions for one object: capacity in bytes,
/// destination, needed bytes.
typealias InfoQuery = (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> Int32

/// A property that is text, without the terminating zero and outer white space.
func infoString(_ call: StaticString, _ query: InfoQuery) throws -> String {
  var byteCount = 0
  try check(query(0, nil, &byteCount), call)
  guard byteCount > 0 else { return "" }
  var bytes = [UInt8](repeating: 0, count: byteCount)
  try check(bytes.withUnsafeMutableBytes { query($0.count, $0.baseAddress, nil) }, call)
  let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  let start = text.drop { $0.isWhitespace }
  return String(start.reversed().drop { $0.isWhitespace }.reversed())
}

/// A property that is a number.
func infoValue<Value: FixedWidthInteger & BitwiseCopyable>(
  _ call: StaticString, _ query: InfoQuery
) throws -> Value {
  var value: Value = 0
  try check(withUnsafeMutableBytes(of: &value) { query($0.count, $0.baseAddress, nil) }, call)
  return value
}
