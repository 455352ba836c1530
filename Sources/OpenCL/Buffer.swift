import COpenCL

/// Memory of a device, released with the last reference.
///
/// The device keeps the memory until the commands already enqueued on it are done, so that a buffer
/// may be let go of right after a launch (OpenCL 1.2, `clReleaseMemObject`).
public final class Buffer {
  /// The bytes asked for. No bytes at all occupy 4, because OpenCL has no empty buffer.
  public let byteCount: Int

  /// Differs from that of every other buffer that the process ever makes, which an address does not.
  public let identifier: UInt64

  /// The `cl_mem`.
  public let handle: OpaquePointer

  private let context: Context

  init(byteCount: Int, context: Context) throws {
    let size = max(byteCount, 4)
    var code: cl_int = 0
    let handle = clCreateBuffer(
      context.handle, cl_mem_flags(CL_MEM_READ_WRITE), size, nil, &code)
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(
        code: code, call: "clCreateBuffer", byteCount: size, device: context.device.name)
    }
    try check(code, failure)
    guard let handle else { throw failure(.outOfResources) }
    self.byteCount = byteCount
    self.handle = handle
    self.context = context
    identifier = context.live.addBuffer(size)
  }

  deinit {
    clReleaseMemObject(handle)
    context.live.removeBuffer(max(byteCount, 4))
  }
}
