import COpenCL

/// Memory of a device, released with the last reference.
///
/// The device keeps the memory until all enqueued commands that use it are done, so a buffer may be
/// released directly after a launch (OpenCL 1.2, `clReleaseMemObject`).
public final class Buffer {
  /// The requested bytes. A buffer of 0 bytes occupies 4, because OpenCL has no empty buffer.
  public let byteCount: Int

  /// A number that is unique among all buffers that the process ever makes. An address is not
  /// unique.
  public let identifier: UInt64

  /// The `cl_mem`.
  public let handle: OpaquePointer

  private let context: Context

  init(byteCount: Int, context: Context) throws {
    let size = max(byteCount, 4)
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(
        code: code, call: "clCreateBuffer", byteCount: size, device: context.device.name)
    }
    // Some drivers make such a buffer and then give wrong numbers.
    guard size <= context.device.largestBuffer else { throw failure(.invalidBufferSize) }
    var code: cl_int = 0
    let handle = clCreateBuffer(
      context.handle, Self.flags(byteCount: size, on: context.device), size, nil, &code)
    try check(code, failure)
    guard let handle else { throw failure(.outOfResources) }
    self.byteCount = byteCount
    self.handle = handle
    self.context = context
    identifier = context.live.addBuffer(size)
  }

  /// The flags of a new buffer.
  package static func flags(byteCount: Int, on device: Device) -> UInt64 {
    // CL_MEM_ALLOW_UNRESTRICTED_SIZE_INTEL of Intel's cl_ext_private.h.
    UInt64(CL_MEM_READ_WRITE) | (device.isBeyondDefault(byteCount: byteCount) ? 1 << 23 : 0)
  }

  deinit {
    clReleaseMemObject(handle)
    context.live.removeBuffer(max(byteCount, 4))
  }
}
