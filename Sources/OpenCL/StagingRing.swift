import COpenCL

/// Host memory for writes that do not wait: two halves, which are used in turn.
///
/// A half is reused when the last transfer out of it is done. So a write waits for transfers that were
/// enqueued long before it, and the commands after them go on. The memory is of the driver, which can
/// transfer it without copying it first. It is allocated at its first use.
final class StagingRing {
  /// A part of the ring's memory: from a write's bytes to the device.
  struct Piece {
    let memory: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private struct Half {
    let memory: UnsafeMutableRawPointer
    /// The mapped buffer of the memory; nil if the driver has made none, and the memory is plain.
    let buffer: OpaquePointer?
    var used = 0
    /// The last transfer out of the memory.
    var last: cl_event?
  }

  /// Bytes of a half. It is more than the batch of a large training step, so a step's batch waits for the
  /// transfers of the step before it at most.
  static let bytesOfHalf = 8 << 20

  private let context: OpaquePointer
  private let queue: OpaquePointer
  private var halves: [Half] = []
  private var current = 0

  init(context: OpaquePointer, queue: OpaquePointer) {
    self.context = context
    self.queue = queue
  }

  /// Memory for the next bytes of a write: all of them, or as many as there is room for.
  ///
  /// - Parameter wait: waits for a transfer, and releases its event.
  func place(byteCount: Int, waitingFor wait: (cl_event) throws -> Void) throws -> Piece {
    if halves.isEmpty || halves[current].used == Self.bytesOfHalf {
      if halves.count < 2 {
        halves.append(try makeHalf())
        current = halves.count - 1
      } else {
        current = 1 - current
        let last = halves[current].last
        halves[current].last = nil
        halves[current].used = 0
        if let last { try wait(last) }
      }
    }
    let start = halves[current].used
    let count = min(byteCount, Self.bytesOfHalf - start)
    // Pieces begin at multiples of 64 bytes.
    halves[current].used = min(Self.bytesOfHalf, start + (count + 63) / 64 * 64)
    return Piece(memory: halves[current].memory + start, byteCount: count)
  }

  /// Notes the transfer of the last piece.
  func setTransfer(_ event: cl_event?) {
    if let old = halves[current].last { clReleaseEvent(old) }
    halves[current].last = event
  }

  /// Makes all memory free. All transfers must be done.
  func reset() {
    for index in halves.indices {
      if let event = halves[index].last { clReleaseEvent(event) }
      (halves[index].last, halves[index].used) = (nil, 0)
    }
    current = 0
  }

  /// Releases the memory. All transfers must be done.
  func release() {
    reset()
    for half in halves {
      if let buffer = half.buffer {
        clEnqueueUnmapMemObject(queue, buffer, half.memory, 0, nil, nil)
      } else {
        half.memory.deallocate()
      }
    }
    clFinish(queue)
    for half in halves { if let buffer = half.buffer { clReleaseMemObject(buffer) } }
    halves = []
  }

  private func makeHalf() throws -> Half {
    let size = Self.bytesOfHalf
    var code: cl_int = 0
    let flags = cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_ALLOC_HOST_PTR)
    if let buffer = clCreateBuffer(context, flags, size, nil, &code) {
      let mapped = clEnqueueMapBuffer(
        queue, buffer, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_READ) | cl_map_flags(CL_MAP_WRITE), 0,
        size, 0, nil, nil, &code)
      if let mapped, code == CL_SUCCESS { return Half(memory: mapped, buffer: buffer) }
      clReleaseMemObject(buffer)
    }
    return Half(
      memory: UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096), buffer: nil)
  }
}
