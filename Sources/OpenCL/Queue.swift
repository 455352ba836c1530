import COpenCL

/// The number of runs of a kernel and their total time by the device's clock.
public struct KernelTime: Hashable, Sendable {
  public private(set) var launches = 0
  public private(set) var seconds = 0.0

  mutating func add(seconds: Double) {
    launches += 1
    self.seconds += seconds
  }

  public static func + (left: KernelTime, right: KernelTime) -> KernelTime {
    KernelTime(launches: left.launches + right.launches, seconds: left.seconds + right.seconds)
  }
}

/// A queue of commands to a device, which run one after another in the order in which they are
/// enqueued.
///
/// All calls return at once, except reading, blocking writes and ``finish()``.
public final class Queue {
  public let context: Context

  private let handle: OpaquePointer
  private let staging: StagingRing
  /// Kernels launched since the last `takeTimes`, if times are kept.
  private var launched: [(kernel: String, event: cl_event)] = []
  private let keepsTimes: Bool
  /// Whether launches that are wider than all before must run alone.
  private let guardsWidestLaunches: Bool

  /// How often all commands were waited for, for tests.
  package private(set) var finishes = 0
  /// How many commands were enqueued, and how many of them were reads, for tests.
  package private(set) var commands = 0
  package private(set) var reads = 0

  init(context: Context, keepsTimes: Bool) throws {
    var code: cl_int = 0
    let properties = keepsTimes ? cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE) : 0
    let handle = clCreateCommandQueue(context.handle, context.device.handle, properties, &code)
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(code: code, call: "clCreateCommandQueue", device: context.device.name)
    }
    try check(code, failure)
    guard let handle else { throw failure(.outOfResources) }
    self.handle = handle
    self.context = context
    staging = StagingRing(context: context.handle, queue: handle)
    self.keepsTimes = keepsTimes
    guardsWidestLaunches = WidestLaunches.areNeeded(context.device.platformVersion)
    if guardsWidestLaunches { WidestLaunches.shared.add(handle) }
    context.live.others += 1
  }

  deinit {
    if guardsWidestLaunches { WidestLaunches.shared.remove(handle) }
    // Commands may still read the staged memory.
    clFinish(handle)
    for launch in launched { clReleaseEvent(launch.event) }
    staging.release()
    clReleaseCommandQueue(handle)
    context.live.others -= 1
  }

  // MARK: Kernels

  /// Launches a kernel over a grid of one to three dimensions.
  ///
  /// - Parameters:
  ///   - global: Work-items in each dimension. If a dimension is 0, nothing is launched.
  ///   - local: Work-items of a work-group, each dividing `global`; nil leaves it to the driver.
  /// - Throws: ``OpenCLError``.
  public func enqueue(_ kernel: Kernel, global: [Int], local: [Int]? = nil) throws {
    precondition(
      (1...3).contains(global.count) && (local == nil || local?.count == global.count),
      "enqueue: global \(global) and local \(local ?? []) do not agree")
    func sizes(_ list: [Int]) -> (Int, Int, Int) {
      (list[0], list.count > 1 ? list[1] : 1, list.count > 2 ? list[2] : 1)
    }
    try enqueue(
      kernel, global: sizes(global), local: local.map(sizes), dimensions: global.count)
  }

  /// Launches a kernel without allocating memory.
  ///
  /// - Parameters:
  ///   - global: Work-items in each dimension; elements from index `dimensions` on are ignored.
  ///   - local: Work-items of a work-group, each dividing `global`; nil leaves it to the driver.
  ///   - dimensions: 1, 2 or 3.
  /// - Throws: ``OpenCLError``.
  public func enqueue(
    _ kernel: Kernel, global: (Int, Int, Int), local: (Int, Int, Int)?, dimensions: Int
  ) throws {
    defer { kernel.releaseBuffers() }
    // An empty launch is an error in OpenCL 1.2 and does nothing since 2.1.
    if global.0 == 0 || (dimensions > 1 && global.1 == 0) || (dimensions > 2 && global.2 == 0) {
      return
    }
    commands += 1
    var event: cl_event?
    func enqueue() -> cl_int {
      withUnsafeBytes(of: global) { global in
        let globalSizes = global.assumingMemoryBound(to: Int.self).baseAddress
        return withUnsafeBytes(of: local) { localBytes in
          withUnsafeMutablePointer(to: &event) { event in
            clEnqueueNDRangeKernel(
              handle, kernel.handle, cl_uint(dimensions), nil, globalSizes,
              local == nil ? nil : localBytes.assumingMemoryBound(to: Int.self).baseAddress, 0,
              nil, keepsTimes ? event : nil)
          }
        }
      }
    }
    let code =
      guardsWidestLaunches
      ? WidestLaunches.shared.launch(kernel, global: global, local: local, queue: handle, enqueue)
      : enqueue()
    if let event { launched.append((kernel.name, event)) }
    try check(code) { code in
      func list(_ sizes: (Int, Int, Int)) -> [Int] {
        Array([sizes.0, sizes.1, sizes.2].prefix(dimensions))
      }
      return OpenCLError(
        code: code, call: "clEnqueueNDRangeKernel", kernel: kernel.name, globalSize: list(global),
        localSize: local.map(list))
    }
  }

  // MARK: Memory

  /// Copies host memory into a buffer.
  ///
  /// - Parameters:
  ///   - offset: Bytes into the buffer.
  ///   - blocking: Whether to wait for the transfer and all commands before it. A write that does
  ///     not wait copies the bytes first, so the caller may reuse `bytes` in both cases. It waits for the
  ///     transfers of earlier writes if too many bytes are on their way.
  /// - Throws: ``OpenCLError``.
  public func write(
    _ buffer: Buffer, offset: Int = 0, from bytes: UnsafeRawBufferPointer, blocking: Bool = true
  ) throws {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    if blocking {
      return try transfer("clEnqueueWriteBuffer", bytes.count, wait: true) { event in
        clEnqueueWriteBuffer(
          handle, buffer.handle, cl_bool(CL_TRUE), offset, bytes.count, start, 0, nil, event)
      }
    }
    var done = 0
    while done < bytes.count {
      let piece = try staging.place(byteCount: bytes.count - done, waitingFor: wait)
      piece.memory.copyMemory(from: start + done, byteCount: piece.byteCount)
      var event: cl_event?
      try transfer("clEnqueueWriteBuffer", piece.byteCount, wait: false) { _ in
        clEnqueueWriteBuffer(
          handle, buffer.handle, cl_bool(CL_FALSE), offset + done, piece.byteCount, piece.memory,
          0, nil, &event)
      }
      staging.setTransfer(event)
      done += piece.byteCount
    }
  }

  /// Waits for the transfer of an earlier write, and for the commands before it.
  private func wait(for event: cl_event) throws {
    defer { clReleaseEvent(event) }
    // A driver may keep commands until they are sent.
    try flush()
    var event: cl_event? = event
    // If the transfer has failed, the event says why.
    let code = clWaitForEvents(1, &event)
    let outcome = outcome(of: event)
    try check(outcome == CL_SUCCESS ? code : outcome) {
      OpenCLError(code: $0, call: "clEnqueueWriteBuffer", device: context.device.name)
    }
  }

  /// Copies a buffer into host memory. Waits for the copy and for all commands before it.
  ///
  /// - Parameter offset: Bytes into the buffer.
  /// - Throws: ``OpenCLError``.
  public func read(
    _ buffer: Buffer, offset: Int = 0, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    guard bytes.count > 0 else { return }
    reads += 1
    try transfer("clEnqueueReadBuffer", bytes.count, wait: true) { event in
      clEnqueueReadBuffer(
        handle, buffer.handle, cl_bool(CL_TRUE), offset, bytes.count, bytes.baseAddress, 0, nil,
        event)
    }
  }

  /// Copies between buffers; the two ranges must not overlap.
  ///
  /// - Throws: ``OpenCLError``.
  public func copy(
    from source: Buffer, offset sourceOffset: Int = 0, to destination: Buffer,
    offset destinationOffset: Int = 0, byteCount: Int
  ) throws {
    guard byteCount > 0 else { return }
    try transfer("clEnqueueCopyBuffer", byteCount, wait: false) { _ in
      clEnqueueCopyBuffer(
        handle, source.handle, destination.handle, sourceOffset, destinationOffset, byteCount, 0,
        nil, nil)
    }
  }

  /// Sets 4-byte words of a buffer.
  ///
  /// - Parameters:
  ///   - pattern: The word; a `Float` by its `bitPattern`.
  ///   - offset: Bytes into the buffer, a multiple of 4.
  ///   - byteCount: A multiple of 4.
  /// - Throws: ``OpenCLError``.
  public func fill(
    _ buffer: Buffer, pattern: UInt32, offset: Int = 0, byteCount: Int
  ) throws {
    guard byteCount > 0 else { return }
    var pattern = pattern
    try transfer("clEnqueueFillBuffer", byteCount, wait: false) { _ in
      clEnqueueFillBuffer(
        handle, buffer.handle, &pattern, MemoryLayout<UInt32>.size, offset, byteCount, 0, nil, nil)
    }
  }

  /// Enqueues a transfer. With `wait`, the transfer and all commands before it are done on return.
  private func transfer(
    _ call: String, _ byteCount: Int, wait: Bool,
    _ enqueue: (UnsafeMutablePointer<cl_event?>?) -> Int32
  ) throws {
    commands += 1
    var code: Int32
    if wait {
      var event: cl_event?
      code = enqueue(&event)
      if code == CL_SUCCESS { code = outcome(of: event) }
      if let event { clReleaseEvent(event) }
      if code == CL_SUCCESS { staging.reset() }
    } else {
      code = enqueue(nil)
    }
    try check(code) {
      OpenCLError(code: $0, call: call, byteCount: byteCount, device: context.device.name)
    }
  }

  // MARK: Waiting

  /// Sends all enqueued commands to the device, without waiting.
  ///
  /// - Throws: ``OpenCLError``.
  public func flush() throws {
    try check(clFlush(handle), "clFlush")
  }

  /// Waits until all commands are done.
  ///
  /// - Throws: ``OpenCLError``.
  public func finish() throws {
    // If a command fails on the device its event fails. clFinish may not report this.
    var event: cl_event?
    try check(clEnqueueMarkerWithWaitList(handle, 0, nil, &event), "clEnqueueMarkerWithWaitList")
    defer { if let event { clReleaseEvent(event) } }
    finishes += 1
    try check(clFinish(handle)) {
      OpenCLError(code: $0, call: "clFinish", device: context.device.name)
    }
    staging.reset()
    try check(outcome(of: event)) {
      OpenCLError(code: $0, call: "clFinish", device: context.device.name)
    }
  }

  /// Waits, and returns the times of kernels since the last call, by name; empty if the queue keeps
  /// no times.
  ///
  /// - Throws: ``OpenCLError``.
  public func takeTimes() throws -> [String: KernelTime] {
    try finish()
    var times: [String: KernelTime] = [:]
    for (kernel, event) in launched {
      func clock(_ point: Int32) throws -> cl_ulong {
        var value: cl_ulong = 0
        try check(
          clGetEventProfilingInfo(
            event, cl_profiling_info(point), MemoryLayout<cl_ulong>.size, &value, nil),
          "clGetEventProfilingInfo")
        return value
      }
      let (start, end) = (
        try clock(CL_PROFILING_COMMAND_START), try clock(CL_PROFILING_COMMAND_END)
      )
      times[kernel, default: KernelTime()].add(seconds: Double(end &- start) * 1e-9)
      clReleaseEvent(event)
    }
    launched = []
    return times
  }

  /// The negative status of a failed command, or success.
  private func outcome(of event: cl_event?) -> Int32 {
    guard let event else { return CL_SUCCESS }
    var status: cl_int = 0
    let code = clGetEventInfo(
      event, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size, &status,
      nil)
    return code == CL_SUCCESS ? min(status, 0) : code
  }
}
