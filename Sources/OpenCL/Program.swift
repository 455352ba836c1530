import COpenCL
import Foundation

/// A compiled program: kernels by name.
public final class Program {
  public let name: String
  public let options: String
  /// The program's key in the program cache.
  let key: String

  let device: Device
  let handle: OpaquePointer
  let live: LiveObjects

  private init(
    handle: OpaquePointer, context: Context, key: String, name: String, options: String
  ) {
    self.handle = handle
    self.key = key
    self.name = name
    self.options = options
    device = context.device
    live = context.live
    live.others += 1
  }

  deinit {
    clReleaseProgram(handle)
    live.others -= 1
  }

  /// Compiles source.
  convenience init(
    context: Context, key: String, name: String, source: String, options: String
  ) throws {
    var code: cl_int = 0
    let handle = source.withCString { text in
      var text: UnsafePointer<CChar>? = text
      return clCreateProgramWithSource(context.handle, 1, &text, nil, &code)
    }
    try self.init(
      created: handle, code: code, call: "clCreateProgramWithSource", context: context, key: key,
      name: name, options: options)
    try build()
  }

  /// Loads the data that ``binary()`` returned for the same device and driver.
  convenience init(
    context: Context, key: String, name: String, binary: Data, options: String
  ) throws {
    var deviceHandle: cl_device_id? = context.device.handle
    var status: cl_int = 0
    var code: cl_int = 0
    let handle = [UInt8](binary).withUnsafeBufferPointer { bytes in
      var byteCount = bytes.count
      var start = bytes.baseAddress
      return clCreateProgramWithBinary(
        context.handle, 1, &deviceHandle, &byteCount, &start, &status, &code)
    }
    try self.init(
      created: handle, code: code == CL_SUCCESS ? status : code, call: "clCreateProgramWithBinary",
      context: context, key: key, name: name, options: options)
    try build()
    guard isExecutable else {
      throw OpenCLError(
        code: .invalidBinary, call: "clCreateProgramWithBinary", program: name,
        device: device.name)
    }
  }

  private convenience init(
    created handle: OpaquePointer?, code: cl_int, call: String, context: Context, key: String,
    name: String, options: String
  ) throws {
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(code: code, call: call, program: name, device: context.device.name)
    }
    if code != CL_SUCCESS, let handle { clReleaseProgram(handle) }
    try check(code, failure)
    guard let handle else { throw failure(.outOfResources) }
    self.init(handle: handle, context: context, key: key, name: name, options: options)
  }

  /// A kernel of this program with its own arguments.
  ///
  /// - Throws: ``OpenCLError``.
  public func kernel(named name: String) throws -> Kernel {
    try Kernel(program: self, name: name)
  }

  private func build() throws {
    var deviceHandle: cl_device_id? = device.handle
    // Without warnings: some compilers print their number on standard error, between the messages
    // to the user. Errors that stop a build are still in the build log.
    let quietly = options.isEmpty ? "-w" : options + " -w"
    try check(clBuildProgram(handle, 1, &deviceHandle, quietly, nil, nil)) { code in
      OpenCLError(
        code: code, call: "clBuildProgram", program: name, device: device.name,
        buildLog: try? infoString("clGetProgramBuildInfo") {
          clGetProgramBuildInfo(
            handle, device.handle, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
        })
    }
  }

  private var isExecutable: Bool {
    let type: cl_program_binary_type? = try? infoValue("clGetProgramBuildInfo") {
      clGetProgramBuildInfo(
        handle, device.handle, cl_program_build_info(CL_PROGRAM_BINARY_TYPE), $0, $1, $2)
    }
    return type == cl_program_binary_type(CL_PROGRAM_BINARY_TYPE_EXECUTABLE)
  }

  /// The program's binary for the device; nil if the driver has no binary.
  func binary() -> Data? {
    let byteCount: Int? = try? infoValue("clGetProgramInfo") {
      clGetProgramInfo(handle, cl_program_info(CL_PROGRAM_BINARY_SIZES), $0, $1, $2)
    }
    guard let byteCount, byteCount > 0 else { return nil }
    var bytes = Data(count: byteCount)
    let code = bytes.withUnsafeMutableBytes { destination in
      var start = destination.baseAddress
      return clGetProgramInfo(
        handle, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: start), &start,
        nil)
    }
    return code == CL_SUCCESS ? bytes : nil
  }
}
