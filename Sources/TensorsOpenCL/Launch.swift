import Kernels
import OpenCL
import Tensors

/// The arguments of one launch, set in the order of the kernel's parameters.
struct Arguments {
  /// Nil in a rehearsal, which counts the bytes alone.
  let kernel: Kernel?
  let backend: OpenCLBackend
  private var index = 0
  /// Bytes that the kernel must read and write: each tensor once.
  private(set) var bytes = 0.0
  /// Elements of the largest tensor.
  private(set) var elements = 0

  init(_ kernel: Kernel?, _ backend: OpenCLBackend) {
    self.kernel = kernel
    self.backend = backend
  }

  /// Passes a tensor: its buffer, the offset of replica 0 and the distance between replicas.
  ///
  /// - Parameter share: The part of its bytes that the kernel reads or writes; 2 if it reads and writes all.
  mutating func tensor(_ tensor: Tensor, share: Double = 1) throws {
    if share > 0 { try backend.settle(tensor) }
    guard let kernel else { return count(tensor, share: share) }
    try kernel.setArgument(index, backend.buffer(of: tensor))
    try kernel.setArgument(index + 1, UInt64(tensor.offset))
    try kernel.setArgument(index + 2, UInt64(tensor.replicaStride))
    index += 3
  }

  /// Counts a tensor that another argument passes. It does nothing at a launch.
  mutating func count(_ tensor: Tensor, share: Double = 1) {
    bytes += share * Double(tensor.shape.elementCount * tensor.elementType.byteCount)
    if share > 0 { elements = max(elements, tensor.shape.elementCount) }
  }

  /// Passes memory that is no tensor. Nil in a rehearsal.
  mutating func buffer(_ buffer: Buffer?, byteCount: Int) throws {
    guard let kernel, let buffer else {
      bytes += Double(byteCount)
      return
    }
    try kernel.setArgument(index, buffer)
    try kernel.setArgument(index + 1, UInt64(0))
    try kernel.setArgument(index + 2, UInt64(0))
    index += 3
  }

  mutating func tensors(_ list: Tensor...) throws {
    for tensor in list { try self.tensor(tensor) }
  }

  /// Passes a tensor that may be missing. Another one is passed in its place, and it is not read.
  mutating func optional(_ tensor: Tensor?, or other: Tensor) throws {
    try self.tensor(tensor ?? other, share: tensor == nil ? 0 : 1)
  }

  /// Passes tensors that the kernel reads and writes.
  mutating func updated(_ list: Tensor...) throws {
    for tensor in list { try self.tensor(tensor, share: 2) }
  }

  /// Passes the live rows of a tensor: `LIVE` of common.cl.
  mutating func live(of tensor: Tensor) throws {
    try optional(tensor.live?.counts, or: tensor)
    try integers(tensor.live == nil ? 0 : 1)
  }

  /// Passes the offsets of the sequences of a projection: `SEQUENCES` of common.cl.
  mutating func sequences(of projection: Tensor, lengths: Tensor) throws {
    try self.tensor(lengths)
    try optional(projection.live?.starts, or: lengths)
    try integers(projection.live == nil ? 0 : 1)
  }

  /// Passes `int` parameters.
  mutating func integers(_ values: Int...) throws {
    for value in values {
      try kernel?.setArgument(index, Int32(value))
      index += 1
    }
  }

  /// Passes local memory of a work-group.
  mutating func local(byteCount: Int) throws {
    try kernel?.setLocal(index, byteCount: byteCount)
    index += 1
  }

  /// Passes one parameter of another type.
  mutating func value<Value: BitwiseCopyable>(_ value: Value) throws {
    try kernel?.setArgument(index, value)
    index += 1
  }
}

extension OpenCLBackend {
  /// Rows per team. With `wideItems` there are enough rows to make the start of a team cheap; with
  /// `manyItems` there is one. Rows are independent, so the number does not change the bytes.
  var rowsPerItem: Int { style == .wideItems ? 32 : 1 }

  /// Elements of a flat operation per work-item. With `manyItems` they are a group's width apart, so that
  /// neighbours read neighbouring elements, and an item's loads are on their way together.
  var elementsPerItem: Int { style == .wideItems ? 8192 : 4 }

  /// Elements per partial sum. It is a constant, because it decides the order of summation.
  static let elementsPerBlock = 4096

  /// Launches a kernel over (teams, replicas).
  func launch(
    _ program: KernelProgram, teams: Int, replicas: Int, _ set: (inout Arguments) throws -> Void
  ) throws {
    try launch(program, global: (teams * team, replicas, 1), local: (team, 1, 1), set)
  }

  /// Launches a kernel over (items, replicas), rounded up to whole work-groups.
  func launch(
    _ program: KernelProgram, constants: [String: Int] = [:], items: Int, replicas: Int,
    _ set: (inout Arguments) throws -> Void
  ) throws {
    let width = style == .wideItems ? 1 : min(64, limits.workGroup)
    try launch(
      program, constants: constants, global: (items.roundedUp(to: width), replicas, 1),
      local: (width, 1, 1), set)
  }

  /// Launches a kernel whose last parameter is the first group, in parts of the first dimension of its
  /// grid. No part has more operations than `operationsPerLaunch`, if that is possible. Groups do not
  /// depend on each other, so parts do not change the bytes.
  func launch(
    _ program: KernelProgram, constants: [String: Int], global: (Int, Int, Int),
    local: (Int, Int, Int), operations: Double, _ set: (inout Arguments) throws -> Void
  ) throws {
    let groups = global.0 / local.0
    let parts = min(max(1, (operations / operationsPerLaunch).rounded(.up)), Double(max(1, groups)))
    let each = max(1, groups.dividedRoundingUp(by: Int(parts)))
    for first in stride(from: 0, to: groups, by: each) {
      let count = min(each, groups - first)
      try launch(
        program, constants: constants, global: (count * local.0, global.1, global.2), local: local,
        counted: operations, share: Double(count) / Double(groups)
      ) {
        try set(&$0)
        try $0.integers(first)
      }
    }
  }

  /// Launches a kernel.
  ///
  /// - Parameters:
  ///   - counted: The floating-point operations of all launches of the call; nil takes the operations per
  ///     element of the program.
  ///   - share: The part of the call's bytes and operations that this launch has.
  func launch(
    _ program: KernelProgram, constants: [String: Int] = [:], global: (Int, Int, Int),
    local: (Int, Int, Int), counted: Double? = nil, share: Double = 1,
    _ set: (inout Arguments) throws -> Void
  ) throws {
    if let rehearsed {
      rehearsed.list.add(program, constants, of: rehearsed.original)
      // An empty launch is not enqueued.
      guard global.0 > 0 && global.1 > 0 && global.2 > 0 else { return }
      var arguments = Arguments(nil, self)
      try set(&arguments)
      rehearsed.list.commands.add(
        program.kernelName, bytes: share * arguments.bytes,
        operations: share * (counted ?? program.operationsPerElement * Double(arguments.elements)))
      return
    }
    let kernel = try kernel(program, constants: constants)
    var arguments = Arguments(kernel, self)
    try set(&arguments)
    try queue.enqueue(kernel, global: global, local: local, dimensions: 3)
  }

  /// output[r, c] = Σ over blocks of partial[r, block, c], in an order that depends on the sizes
  /// alone.
  func sumBlocks(_ partial: Tensor, blocks: Int, into output: Tensor) throws {
    let count = output.shape.elementsPerReplica
    let perTeam = style == .wideItems ? 64 : count < team ? 1 : team
    try launch(
      .sumBlocks, teams: count.dividedRoundingUp(by: perTeam), replicas: output.shape.replicas
    ) {
      try $0.tensors(partial, output)
      try $0.integers(blocks, count, perTeam)
    }
  }
}

extension Int {
  func dividedRoundingUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
  func roundedUp(to multiple: Int) -> Int { dividedRoundingUp(by: multiple) * multiple }
}
