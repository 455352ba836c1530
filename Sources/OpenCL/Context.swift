import COpenCL

/// Buffers, queues and programs on one device.
///
/// A context and the objects that it makes belong to one thread.
public final class Context {
  public let device: Device

  let handle: OpaquePointer
  let live = LiveObjects()
  private let programCache: ProgramCache?
  private var programs: [String: Program] = [:]

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - device: A device of `Platform.all()`.
  ///   - programCache: The cache of compiled programs; nil compiles all programs again.
  /// - Throws: ``OpenCLError``.
  public init(_ device: Device, programCache: ProgramCache? = .standard) throws {
    self.device = device
    self.programCache = programCache
    let properties: [cl_context_properties] = [
      cl_context_properties(CL_CONTEXT_PLATFORM), Int(bitPattern: device.platformHandle), 0,
    ]
    var deviceHandle: cl_device_id? = device.handle
    var code: cl_int = 0
    let handle = clCreateContext(properties, 1, &deviceHandle, nil, nil, &code)
    func failure(_ code: OpenCLCode) -> OpenCLError {
      OpenCLError(code: code, call: "clCreateContext", device: device.name)
    }
    try check(code, failure)
    guard let handle else { throw failure(.outOfResources) }
    self.handle = handle
  }

  deinit {
    clReleaseContext(handle)
  }

  /// Makes a queue whose commands run in the order in which they are enqueued.
  ///
  /// - Parameter keepsTimes: Whether the device's clock is read for every kernel.
  /// - Throws: ``OpenCLError``.
  public func makeQueue(keepsTimes: Bool = false) throws -> Queue {
    try Queue(context: self, keepsTimes: keepsTimes)
  }

  /// Allocates memory on the device; its bytes are undefined.
  ///
  /// Drivers may delay the allocation. Then a lack of memory is an error of the first command.
  ///
  /// - Throws: ``OpenCLError``.
  public func makeBuffer(byteCount: Int) throws -> Buffer {
    precondition(byteCount >= 0, "makeBuffer: \(byteCount) bytes")
    return try Buffer(byteCount: byteCount, context: self)
  }

  /// Builds a program, or returns the program that was built before from the same source and
  /// options.
  ///
  /// - Parameters:
  ///   - name: The program's name in errors. It is not part of the program's identity.
  ///   - source: OpenCL C.
  ///   - options: Options of the compiler, such as `-cl-std=CL1.2 -DTILE=32`. Options that change
  ///     what an arithmetic operation returns are refused: results must not depend on them.
  /// - Throws: ``OpenCLError`` with the compiler's output if the source does not compile.
  public func makeProgram(name: String, source: String, options: String = "") throws -> Program {
    for option in [
      "-cl-fast-relaxed-math", "-cl-unsafe-math-optimizations", "-cl-finite-math-only",
    ] {
      precondition(!options.contains(option), "makeProgram: \(name) must not be built \(option)")
    }
    let key = ProgramCache.key(source: source, options: options, device: device)
    if let program = programs[key] { return program }
    let program =
      try loadProgram(key: key, name: name, options: options)
      ?? compileProgram(key: key, name: name, source: source, options: options)
    programs[key] = program
    return program
  }

  /// Whether ``makeProgram(name:source:options:)`` would find a compiled program: in this context,
  /// or in the program cache from an earlier run. The cached file may be damaged.
  public func hasProgram(source: String, options: String) -> Bool {
    let key = ProgramCache.key(source: source, options: options, device: device)
    return programs[key] != nil || programCache?.has(key) == true
  }

  /// The cached program, or nil if there is any problem with it: then the source is compiled.
  private func loadProgram(key: String, name: String, options: String) -> Program? {
    guard let binary = programCache?.load(key) else { return nil }
    return try? Program(context: self, key: key, name: name, binary: binary, options: options)
  }

  private func compileProgram(
    key: String, name: String, source: String, options: String
  ) throws -> Program {
    let program = try Program(context: self, key: key, name: name, source: source, options: options)
    compilations += 1
    if let programCache, let binary = program.binary() { programCache.store(binary, key) }
    return program
  }

  /// The number of programs that were compiled from source and not taken from a cache.
  public private(set) var compilations = 0

  /// Bytes of all existing buffers.
  public var bytesAllocated: Int { live.bytes }

  /// The number of existing buffers.
  public var liveBuffers: Int { live.buffers }

  /// The number of existing buffers, queues, programs and kernels.
  public var liveObjects: Int { live.buffers + live.others }
}

/// The counts of a context's existing objects.
///
/// It is separate from the context: the context keeps programs, and a reference from a program to
/// the context would be a cycle.
final class LiveObjects {
  private(set) var bytes = 0
  private(set) var buffers = 0
  var others = 0

  /// Counts a buffer, and returns its identifier.
  func addBuffer(_ byteCount: Int) -> UInt64 {
    bytes += byteCount
    buffers += 1
    made += 1
    return made
  }

  func removeBuffer(_ byteCount: Int) {
    bytes -= byteCount
    buffers -= 1
  }

  private var made: UInt64 = 0
}
