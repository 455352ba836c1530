import COpenCL

/// A kernel of a program, with its arguments.
///
/// Arguments stay set from launch to launch. Setting an argument to its present value makes no
/// call. A kernel retains its buffers until it is launched. If a later launch uses the same buffer
/// argument, the caller must keep the buffer alive.
public final class Kernel {
  public let name: String

  /// The largest number of work-items in a work-group of this kernel on its device.
  public let workGroupSizeLimit: Int

  /// Bytes of private memory of a work-item, including spilled registers; 0 if the driver does not
  /// report it.
  public let privateMemory: Int

  /// Bytes of local memory of a work-group, without local arguments that are not set yet.
  public let localMemory: Int

  let handle: OpaquePointer

  var programKey: String { program.key }

  // In some drivers a kernel does not retain its program.
  private let program: Program
  private var arguments: [Argument]

  init(program: Program, name: String) throws {
    var code: cl_int = 0
    let created = clCreateKernel(program.handle, name, &code)
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(
        code: code, call: "clCreateKernel", program: program.name, kernel: name,
        device: program.device.name)
    }
    try check(code, failure)
    guard let created else { throw failure(.outOfResources) }
    let device = program.device.handle
    func limit(_ parameter: Int32) -> InfoQuery {
      {
        clGetKernelWorkGroupInfo(created, device, cl_kernel_work_group_info(parameter), $0, $1, $2)
      }
    }
    let argumentCount: cl_uint
    let privateMemory: cl_ulong
    let localMemory: cl_ulong
    do {
      argumentCount = try infoValue("clGetKernelInfo") {
        clGetKernelInfo(created, cl_kernel_info(CL_KERNEL_NUM_ARGS), $0, $1, $2)
      }
      let workGroupSize: Int = try infoValue(
        "clGetKernelWorkGroupInfo", limit(CL_KERNEL_WORK_GROUP_SIZE))
      workGroupSizeLimit = min(workGroupSize, program.device.pretended?.kernelGroup ?? .max)
      privateMemory =
        (try? infoValue("clGetKernelWorkGroupInfo", limit(CL_KERNEL_PRIVATE_MEM_SIZE))) ?? 0
      localMemory =
        (try? infoValue("clGetKernelWorkGroupInfo", limit(CL_KERNEL_LOCAL_MEM_SIZE))) ?? 0
    } catch {
      clReleaseKernel(created)
      throw error
    }
    self.privateMemory = Int(clamping: privateMemory)
    self.localMemory = Int(clamping: localMemory)
    self.name = name
    self.program = program
    handle = created
    arguments = Array(repeating: Argument(), count: Int(argumentCount))
    program.live.others += 1
  }

  deinit {
    clReleaseKernel(handle)
    program.live.others -= 1
  }

  /// Passes a buffer.
  ///
  /// - Throws: ``OpenCLError``.
  public func setArgument(_ index: Int, _ buffer: Buffer) throws {
    // Compared by identifier: a new buffer can have the address of a released buffer, and a driver
    // may have looked up the memory of the address when the argument was set.
    let value = Argument.Value.buffer(buffer.identifier)
    if arguments.indices.contains(index) {
      arguments[index].buffer = buffer
      if arguments[index].value == value { return }
    }
    var handle: cl_mem? = buffer.handle
    try set(index, MemoryLayout.size(ofValue: handle), &handle, value)
  }

  /// Passes a number, or another value with the bytes of the kernel's parameter.
  ///
  /// The size must be that of the parameter: `int` takes an `Int32`, `long` an `Int64`.
  ///
  /// - Throws: ``OpenCLError``.
  @inlinable
  public func setArgument<Value: BitwiseCopyable>(_ index: Int, _ value: Value) throws {
    try withUnsafeBytes(of: value) { try setArgument(index, bytes: $0) }
  }

  /// Sets the size of the memory of a `local` pointer.
  ///
  /// - Throws: ``OpenCLError``.
  public func setLocal(_ index: Int, byteCount: Int) throws {
    let value = Argument.Value.local(byteCount)
    if arguments.indices.contains(index), arguments[index].value == value { return }
    try set(index, byteCount, nil, value)
  }

  @usableFromInline
  func setArgument(_ index: Int, bytes: UnsafeRawBufferPointer) throws {
    var value: Argument.Value?
    if bytes.count <= 16 {
      var words = (UInt64(0), UInt64(0))
      withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
      let small = Argument.Value.bytes(bytes.count, words.0, words.1)
      if arguments.indices.contains(index), arguments[index].value == small { return }
      value = small
    }
    try set(index, bytes.count, bytes.baseAddress, value)
  }

  private func set(
    _ index: Int, _ byteCount: Int, _ bytes: UnsafeRawPointer?, _ value: Argument.Value?
  ) throws {
    let code = clSetKernelArg(handle, cl_uint(truncatingIfNeeded: index), byteCount, bytes)
    if arguments.indices.contains(index) {
      arguments[index].value = code == CL_SUCCESS ? value : nil
    }
    try check(code) {
      OpenCLError(
        code: $0, call: "clSetKernelArg", program: program.name, kernel: name, argument: index,
        byteCount: byteCount)
    }
  }

  /// Releases the buffers. From now on the launched command retains them.
  @inline(__always)
  func releaseBuffers() {
    for index in arguments.indices { arguments[index].buffer = nil }
  }
}

/// The last value of an argument.
private struct Argument {
  enum Value: Equatable {
    case buffer(UInt64)
    case local(Int)
    /// Up to 16 bytes, padded with zeros, after their number.
    case bytes(Int, UInt64, UInt64)
  }

  /// Nil before the argument is set, after a failed attempt, and for values of more than 16 bytes.
  var value: Value?

  /// Kept from setting to launch.
  var buffer: Buffer?
}
