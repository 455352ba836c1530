import COpenCL

/// A function of a program that a device runs, with its arguments.
///
/// Arguments stay set from launch to launch, and setting one to what it is already costs no call.
/// A kernel holds on to its buffers until it is launched. A later launch that leaves a buffer
/// argument as it was needs that buffer to be alive still.
public final class Kernel {
  public let name: String

  /// The work-items that a work-group of this kernel can have on its device.
  public let workGroupSizeLimit: Int

  /// Bytes of private memory of a work-item, registers spilled to memory among them; 0 where the
  /// driver does not tell.
  public let privateMemory: Int

  /// Bytes of local memory of a work-group, as far as known before local arguments are set.
  public let localMemory: Int

  let handle: OpaquePointer

  // A kernel does not retain its program in every driver.
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
      workGroupSizeLimit = try infoValue(
        "clGetKernelWorkGroupInfo", limit(CL_KERNEL_WORK_GROUP_SIZE))
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
  public func setArgument(_ index: Int, _ buffer: Buffer) throws {
    // By identifier: a new buffer can have the address of one that is gone, and a driver may have
    // looked up the memory behind the address when the argument was set.
    let value = Argument.Value.buffer(buffer.identifier)
    if arguments.indices.contains(index) {
      arguments[index].buffer = buffer
      if arguments[index].value == value { return }
    }
    var handle: cl_mem? = buffer.handle
    try set(index, MemoryLayout.size(ofValue: handle), &handle, value)
  }

  /// Passes a number, or another value whose bytes are what the kernel declares.
  ///
  /// The size must be that of the parameter: `int` takes an `Int32`, `long` an `Int64`.
  @inlinable
  public func setArgument<Value: BitwiseCopyable>(_ index: Int, _ value: Value) throws {
    try withUnsafeBytes(of: value) { try setArgument(index, bytes: $0) }
  }

  /// Gives a `local` pointer its memory.
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

  /// Lets go of the buffers, which the launched command holds from now on.
  @inline(__always)
  func releaseBuffers() {
    for index in arguments.indices { arguments[index].buffer = nil }
  }
}

/// What an argument was set to last.
private struct Argument {
  enum Value: Equatable {
    case buffer(UInt64)
    case local(Int)
    /// Up to 16 bytes, padded with zeros, after their number.
    case bytes(Int, UInt64, UInt64)
  }

  /// Nil before the first setting, after a failed one, and for values of more than 16 bytes.
  var value: Value?

  /// Kept from setting to launch.
  var buffer: Buffer?
}
