public import Foundation
import Kernels
public import OpenCL
public import Tensors

/// The operations of `Tensors` as kernels on one OpenCL device.
///
/// Every operation has the same four steps: choose the kernel, set its arguments, choose the grid,
/// launch. `Tensors` has checked the sizes before; the mathematics is in `Kernels/`.
public final class OpenCLBackend: Backend {
  /// The division of work on a device.
  public enum Style: String, Sendable, CaseIterable {
    /// Few work-items, each with the whole vector unit of a core: CPU devices.
    case wideItems
    /// Many work-items of one lane, in work-groups that share local memory: GPUs.
    case manyItems
  }

  public private(set) var device: DeviceDescription
  public let style: Style
  /// Floats in one vector of a work-item.
  let lanes: Int
  /// Units that run work-groups independently.
  let computeUnits: Int
  /// `TEAM` of common.cl: work-items that share a row. With `manyItems` it is the width of a wave, so
  /// that no lane is idle.
  let team: Int
  /// Whether `fma` of the sources rounds the product and the sum, because a GPU has none in hardware. Processors keep
  /// `fma`, so that all of them give the same bytes.
  let replacesFMA: Bool
  let limits: (workGroup: Int, localMemory: Int)
  /// Whether blocks of 8 in k are a better guess than 16. On Intel's GPUs they are 1.3 to 1.45
  /// times as fast in public measurements.
  let prefersShallowBlocks: Bool
  /// The matrix units that compute products of bfloat16, if they passed their check; and the reason
  /// if they did not.
  public internal(set) var matrixUnits: MatrixUnits?
  public private(set) var matrixUnitsFailure: String?
  /// The record of earlier tuning, read once.
  public let tuning: TuningRecord
  /// The floating-point operations of one launch of a product or of attention with `manyItems`. Systems
  /// that also draw the screen stop a launch of a few seconds. This is 100 ms on a small GPU, of 300 GFLOP/s;
  /// GPUs of more than 8 cores are faster.
  package lazy var operationsPerLaunch = 30e9 * max(1, Double(computeUnits) / 8)
  /// The tiling that a tuner tries.
  package var forcedTiling: ProductTiling?
  var tilingsInUse: [ProductShape: ProductTiling] = [:]
  var itemsInUse: [ProductItem.Key: ProductItem] = [:]
  /// Tilings whose kernel this device cannot build or launch.
  var unusableTilings: Set<ProductTiling> = []
  /// The tile of attention kernels, by kernel, head width and largest tile.
  var attentionTiles: [String: Int] = [:]
  /// The tiles that a tuner tries.
  var forcedAttentionTiles: [AttentionKernel: Int] = [:]

  /// Partial sums of gradients that are not summed yet, and the tables of the launches that sum them.
  let waiting: WaitingSums
  var tables: [[Int32]: Buffer?] = [:]

  let context: Context
  let queue: Queue
  private var kernels: [KernelKey: Kernel] = [:]
  /// Whether a tensor's buffer is, or will be, beyond what the device's default code can address.
  private var hasLargeBuffers = false
  private let pool: StoragePool<Buffer>
  private let handle: Device
  private let ledger: MemoryLedger
  private let fillsWithNaN: Bool
  private let keepsTimes: Bool
  private let tuningFolder: URL?
  /// Backends on equal parts of the device, by how many parts there are.
  private var parts: [Int: [OpenCLBackend]] = [:]
  /// For a rehearsal: the backend whose kernels are listed, and the list.
  let rehearsed: (original: OpenCLBackend, list: KernelList)?

  /// - Parameters:
  ///   - style: the division of work; nil chooses by the kind of device.
  ///   - lanes: 8 or 16 lanes of vectors with `wideItems`; nil takes the device's preference.
  ///   - fillsWithNaN: fill the memory of every new tensor with NaN, for tests.
  ///   - keepsTimes: read the device's clock around every kernel, for `takeTimes`.
  ///   - matrixUnits: the units for products of bfloat16 with `manyItems`; nil takes the device's
  ///     units.
  ///   - tuningFolder: the folder of tuning records; nil uses guesses alone.
  /// - Throws: A failure of the device.
  public convenience init(
    device: Device, style: Style? = nil, lanes: Int? = nil, fillsWithNaN: Bool = false,
    keepsTimes: Bool = false, matrixUnits: MatrixUnits? = nil,
    tuningFolder: URL? = TuningRecord.standardFolder
  ) throws {
    try self.init(
      device: device, style: style ?? (device.kind == .gpu ? .manyItems : .wideItems),
      lanes: lanes, fillsWithNaN: fillsWithNaN, keepsTimes: keepsTimes,
      tuningFolder: tuningFolder, ledger: MemoryLedger())
    guard self.style == .manyItems, let units = matrixUnits ?? .offered(by: device) else { return }
    // The check uses a separate context, because a failure would make this context unusable.
    matrixUnitsFailure = try OpenCLBackend(
      device: device, style: self.style, lanes: lanes, fillsWithNaN: false, keepsTimes: false,
      tuningFolder: nil, ledger: MemoryLedger()
    ).failure(of: units)
    guard matrixUnitsFailure == nil else { return }
    self.matrixUnits = units
    self.device.implementation += ", matrix units (\(units.rawValue))"
  }

  private init(
    device: Device, style: Style, lanes: Int?, fillsWithNaN: Bool, keepsTimes: Bool,
    tuningFolder: URL?, ledger: MemoryLedger
  ) throws {
    self.style = style
    self.lanes =
      style == .manyItems ? 1 : lanes ?? (device.preferredVectorWidth >= 16 ? 16 : 8)
    computeUnits = device.cores
    team = style == .manyItems ? KernelBuild.team(waveWidth: device.waveWidth) : 1
    replacesFMA = style == .manyItems && !device.hasFastFMA
    limits = (device.maximumWorkGroupSize, device.localMemory)
    prefersShallowBlocks = device.isIntelGPU
    workingSet =
      style == .wideItems
      ? ProcessorCache.workingSet(cache: device.globalCache, processors: computeUnits) : nil
    handle = device
    self.ledger = ledger
    self.fillsWithNaN = fillsWithNaN
    self.keepsTimes = keepsTimes
    rehearsed = nil
    context = try Context(device)
    queue = try context.makeQueue(keepsTimes: keepsTimes)
    let memoryLimit = device.globalMemory / 4 * 3
    pool = StoragePool(limit: memoryLimit, largest: device.largestBuffer, ledger: ledger) {
      [context] in
      try context.makeBuffer(byteCount: $0)
    }
    let driver = "\(device.platformVersion); \(device.driverVersion)"
    self.tuningFolder = tuningFolder
    let untuned = TuningRecord(
      device: "\(device.name), \(style.rawValue) of \(self.lanes)", driver: driver,
      kernels: KernelProgram.digest)
    tuning = tuningFolder.map(untuned.kept) ?? untuned
    self.device = DeviceDescription(
      selector: device.selector, backend: "opencl", name: device.name, driver: driver,
      implementation: "kernels \(KernelProgram.digest), \(style.rawValue) of \(self.lanes)"
        + (team == 64 ? ", teams of 64" : "") + (replacesFMA ? ", no fma" : "")
        + (style == .manyItems ? tuning.changedTilesText : ""),
      tuning: tuning.name, memoryLimit: memoryLimit, largestBuffer: device.largestBuffer)
    waiting = WaitingSums(for: self.device)
  }

  /// A backend that computes nothing and lists the kernels that the same calls would launch.
  init(rehearsing original: OpenCLBackend, into list: KernelList) {
    rehearsed = (original, list)
    device = original.device
    waiting = WaitingSums(for: original.device)
    style = original.style
    lanes = original.lanes
    computeUnits = original.computeUnits
    team = original.team
    replacesFMA = original.replacesFMA
    limits = original.limits
    prefersShallowBlocks = original.prefersShallowBlocks
    matrixUnits = original.matrixUnits
    tuning = original.tuning
    context = original.context
    queue = original.queue
    pool = original.pool
    handle = original.handle
    ledger = original.ledger
    fillsWithNaN = false
    keepsTimes = false
    tuningFolder = nil
    workingSet = original.workingSet
  }

  public func rehearsal() -> (any Rehearsal)? { KernelRehearsal(self) }

  /// A rehearsal is its own projection.
  public func projection() -> any Backend {
    rehearsed == nil ? ProjectingBackend(self) : self
  }

  /// Kernels on matrix units round operands during the load.
  public var copiesOperands: Bool { matrixUnits == nil }

  public let workingSet: Int?

  // MARK: Memory

  /// Distributes replicas over parts of the device with some of its processors each. So few
  /// processors wait for the end of a kernel, and written data stays in the cache of the processor
  /// that reads it. The remaining replicas run on the whole device, on any free processor.
  public func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)] {
    if let rehearsed {
      return rehearsed.original.spread(replicas).map { part, count in
        guard let part = part as? OpenCLBackend, part !== rehearsed.original else {
          return (self, count)
        }
        return (OpenCLBackend(rehearsing: part, into: rehearsed.list), count)
      }
    }
    let count = (1...max(1, min(computeUnits, replicas))).last { computeUnits % $0 == 0 } ?? 1
    let parts = parts(count)
    guard parts.count > 1 else { return [(self, replicas)] }
    let rest = replicas % parts.count
    return parts.map { ($0, replicas / parts.count) } + (rest > 0 ? [(self, rest)] : [])
  }

  /// Backends on equal parts; empty if the device cannot be partitioned.
  private func parts(_ count: Int) -> [OpenCLBackend] {
    guard style == .wideItems, count > 1 else { return [] }
    if let made = parts[count] { return made }
    let devices = handle.parts(of: computeUnits / count)
    let made = try? devices.map {
      try OpenCLBackend(
        device: $0, style: style, lanes: lanes, fillsWithNaN: fillsWithNaN,
        keepsTimes: keepsTimes, tuningFolder: tuningFolder, ledger: ledger)
    }
    parts[count] = made ?? []
    return made ?? []
  }

  public var memory: MemoryUse { ledger.use }

  public func makeStorage(byteCount: Int) throws -> any Storage {
    prepareForLargeBuffer(byteCount: byteCount)
    if rehearsed != nil { return RehearsedStorage(byteCount: byteCount) }
    let storage = try OpenCLStorage(byteCount: byteCount, pool: pool)
    if fillsWithNaN {
      try queue.fill(storage.buffer, pattern: 0x7fc0_dead, byteCount: storage.byteCount)
    }
    return storage
  }

  /// From the first large buffer on all kernels are compiled for large buffers, because any of them may
  /// get it. A rehearsal makes the choice for its original, so that the right kernels are compiled.
  private func prepareForLargeBuffer(byteCount: Int) {
    let backend = rehearsed?.original ?? self
    guard !backend.hasLargeBuffers, handle.isBeyondDefault(byteCount: pool.size(for: byteCount))
    else { return }
    backend.hasLargeBuffers = true
    backend.kernels = [:]
  }

  public func trim() {
    if rehearsed != nil { return }
    pool.trim()
    for part in parts.values.joined() { part.trim() }
  }

  public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {
    try settle(tensor)
    try eachBlock(of: tensor) { offset, start, count in
      if rehearses(CommandCounts.upload, bytes: count) { return }
      try queue.write(
        buffer(of: tensor), offset: offset,
        from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]), blocking: false)
    }
  }

  public func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws {
    if rehearsed != nil {
      bytes.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    try settle(tensor)
    try eachBlock(of: tensor) { offset, start, count in
      try queue.read(
        buffer(of: tensor), offset: offset,
        into: UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + count]))
    }
  }

  public func fill(_ tensor: Tensor, bits: UInt32) throws {
    try settle(tensor)
    try eachBlock(of: tensor) { offset, _, count in
      if rehearses(CommandCounts.fill, bytes: count) { return }
      try queue.fill(buffer(of: tensor), pattern: bits, offset: offset, byteCount: count)
    }
  }

  public func computeCopy(_ source: Tensor, to destination: Tensor) throws {
    try settle(source)
    try settle(destination)
    func copy(from start: Int, to end: Int, count: Int) throws {
      if rehearses(CommandCounts.copy, bytes: 2 * 4 * count) { return }
      try queue.copy(
        from: buffer(of: source), offset: start * 4, to: buffer(of: destination), offset: end * 4,
        byteCount: count * 4)
    }
    if source.isContiguous && destination.isContiguous {
      try copy(from: source.offset, to: destination.offset, count: source.shape.elementCount)
    } else {
      for r in 0..<source.shape.replicas {
        try copy(
          from: source.offset + r * source.replicaStride,
          to: destination.offset + r * destination.replicaStride,
          count: source.shape.elementsPerReplica)
      }
    }
  }

  /// Counts a command that is not a kernel. False if this is no rehearsal, and the command must run.
  func rehearses(_ command: String, bytes: Int) -> Bool {
    guard let rehearsed else { return false }
    if bytes > 0 { rehearsed.list.commands.add(command, bytes: Double(bytes)) }
    return true
  }

  public func flush() throws {
    if rehearsed != nil { return }
    try queue.flush()
    for part in parts.values.joined() { try part.flush() }
  }

  public func finish() throws {
    if rehearsed != nil { return }
    try queue.finish()
    for part in parts.values.joined() { try part.finish() }
  }

  /// The number of programs that were compiled and not found in the program cache.
  public var compilations: Int {
    parts.values.joined().reduce(context.compilations) { $0 + $1.compilations }
  }

  /// The number of commands that the device got so far, except those that only wait, and how many of them were
  /// reads, for tests.
  package var commandCounts: (commands: Int, reads: Int) {
    parts.values.joined().reduce((queue.commands, queue.reads)) {
      ($0.0 + $1.commandCounts.commands, $0.1 + $1.commandCounts.reads)
    }
  }

  /// Waits, and returns the times of kernels since the last call, by name.
  ///
  /// - Throws: A failure of the device.
  public func takeTimes() throws -> [String: KernelTime] {
    try parts.values.joined().reduce(into: queue.takeTimes()) {
      try $0.merge($1.takeTimes(), uniquingKeysWith: +)
    }
  }

  /// Runs once for a contiguous tensor, else once per replica, with byte offsets and counts.
  private func eachBlock(
    of tensor: Tensor, _ body: (_ offset: Int, _ start: Int, _ count: Int) throws -> Void
  ) throws {
    if tensor.isContiguous {
      return try body(tensor.offset * 4, 0, tensor.shape.elementCount * 4)
    }
    let count = tensor.shape.elementsPerReplica * 4
    for r in 0..<tensor.shape.replicas {
      try body((tensor.offset + r * tensor.replicaStride) * 4, r * count, count)
    }
  }

  func buffer(of tensor: Tensor) -> Buffer {
    guard let storage = tensor.storage as? OpenCLStorage else {
      preconditionFailure("a tensor of \(tensor.backend.device.name) was given to \(device.name)")
    }
    return storage.buffer
  }

  // MARK: Kernels

  private struct KernelKey: Hashable {
    let program: KernelProgram
    let constants: [String: Int]
  }

  /// The kernel of a program, built at its first use.
  ///
  /// - Parameter constants: the compile-time constants of a program, by their names in its text.
  func kernel(_ program: KernelProgram, constants: [String: Int] = [:]) throws -> Kernel {
    let key = KernelKey(program: program, constants: constants)
    if let kernel = kernels[key] { return kernel }
    let built = try makeProgram(program, constants).kernel(named: program.kernelName)
    kernels[key] = built
    return built
  }

  /// The kernel of a program. Nil if this device cannot build it, or cannot launch it in groups of so
  /// many items.
  func usableKernel(_ program: KernelProgram, constants: [String: Int], items: Int) -> Kernel? {
    guard items <= limits.workGroup, let kernel = try? kernel(program, constants: constants),
      items <= kernel.workGroupSizeLimit, kernel.localMemory <= limits.localMemory
    else { return nil }
    return kernel
  }

  private func makeProgram(_ program: KernelProgram, _ constants: [String: Int]) throws -> Program {
    func made(_ options: String) throws -> Program {
      try context.makeProgram(name: program.rawValue, source: program.source, options: options)
    }
    // Devices without a choice of registers refuse the option.
    if let options = build.optionsForAllRegisters(constants), let program = try? made(options) {
      return program
    }
    return try made(options(constants))
  }

  var build: KernelBuild {
    KernelBuild(
      lanes: lanes, team: team, replacesFMA: replacesFMA, isIntelGPU: handle.isIntelGPU,
      hasLargeBuffers: (rehearsed?.original ?? self).hasLargeBuffers)
  }

  /// The compiler options of a program.
  package func options(_ constants: [String: Int]) -> String { build.options(constants) }

  /// Whether the first use of a kernel needs no compilation.
  func isCompiled(_ program: KernelProgram, constants: [String: Int]) -> Bool {
    kernels[KernelKey(program: program, constants: constants)] != nil
      || context.hasProgram(source: program.source, options: options(constants))
  }
}

/// Device memory of tensors. It returns to its pool when its last tensor is released.
final class OpenCLStorage: Storage {
  let buffer: Buffer
  private let pool: StoragePool<Buffer>

  init(byteCount: Int, pool: StoragePool<Buffer>) throws {
    buffer = try pool.take(byteCount).block
    self.pool = pool
  }

  deinit { pool.give(buffer, size: buffer.byteCount) }

  var byteCount: Int { buffer.byteCount }
}
