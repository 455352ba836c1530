import OpenCL
import Testing

extension DeviceTests {
  @Suite struct MemoryTests {
    @Test func countsReturnToZero() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      #expect(context.liveObjects == 0)
      try {
        let queue = try context.makeQueue()
        let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
        try {
          let buffers = try (0..<3).map { _ in try context.makeBuffer(byteCount: 40) }
          #expect(context.bytesAllocated == 120)
          #expect(context.liveBuffers == 3)
          // The queue, the program and the kernel.
          #expect(context.liveObjects == 6)
          for (index, buffer) in buffers.enumerated() { try add.setArgument(index, buffer) }
          try queue.enqueue(add, global: [10])
        }()
        // A launched kernel does not keep its buffers.
        #expect(context.liveBuffers == 0)
        #expect(context.bytesAllocated == 0)
        try queue.finish()
      }()
      // The program, which the context keeps.
      #expect(context.liveObjects == 1)
    }

    @Test func kernelKeepsBuffersUntilLaunched() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let sum = try context.makeBuffer(byteCount: 4)
      for index in 0..<2 {
        let temporary = try context.makeBuffer(byteCount: 4)
        try queue.fill(temporary, pattern: Float(3).bitPattern, byteCount: 4)
        try add.setArgument(index, temporary)
      }
      try add.setArgument(2, sum)
      #expect(context.liveBuffers == 3)
      try queue.enqueue(add, global: [1])
      #expect(context.liveBuffers == 1)
      #expect(try queue.read(sum) == [Float(6)])
    }

    @Test func offsetsAreBytes() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let a = try context.makeBuffer(byteCount: 16)
      let b = try context.makeBuffer(byteCount: 16)
      try queue.write(a, [UInt32(1), 2, 3, 4])
      try queue.fill(b, pattern: 9, byteCount: 16)
      try queue.copy(from: a, offset: 8, to: b, offset: 4, byteCount: 8)
      #expect(try queue.read(b) == [UInt32(9), 3, 4, 9])
      try queue.fill(b, pattern: 5, offset: 12, byteCount: 4)
      #expect(try queue.read(b) == [UInt32(9), 3, 4, 5])
      try [UInt32(7)].withUnsafeBytes { try queue.write(b, offset: 8, from: $0) }
      var tail: [UInt32] = [0, 0]
      try tail.withUnsafeMutableBytes { try queue.read(b, offset: 8, into: $0) }
      #expect(tail == [7, 5])
    }

    @Test func nonBlockingWritesOwnTheirBytes() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let count = 1 << 20
      let buffers = try (0..<20).map { _ in try context.makeBuffer(byteCount: 4 * count) }
      var values = [UInt32](repeating: 0, count: count)
      // 80 MiB: more than may be staged at once. No write waits for all commands.
      for (index, buffer) in buffers.enumerated() {
        values.withUnsafeMutableBufferPointer { $0.update(repeating: UInt32(index)) }
        try queue.write(buffer, values, blocking: false)
      }
      values = []
      try queue.flush()
      #expect(queue.finishes == 0)
      for (index, buffer) in buffers.enumerated() {
        let intact = try queue.read(buffer) == [UInt32](repeating: UInt32(index), count: count)
        #expect(intact)
      }
    }

    /// One write that is larger than all staged memory, and at offsets that are no multiples of anything.
    @Test func aWriteMayBeLargerThanTheStagedMemory() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let count = 20_000_003
      let buffer = try context.makeBuffer(byteCount: count + 5)
      let values = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
      for offset in [0, 5] {
        try values.withUnsafeBytes {
          try queue.write(buffer, offset: offset, from: $0, blocking: false)
        }
      }
      #expect(queue.finishes == 0)
      let read = try queue.read(buffer, UInt8.self)
      #expect(Array(read[..<5]) == Array(values[..<5]))
      let isIntact = read[5...].elementsEqual(values)
      #expect(isIntact)
    }

    /// Many small writes between kernels, into one buffer: every kernel sees the write before it and not
    /// the one after it. Staged memory is used many times, and no write waits for all commands.
    @Test func smallWritesBetweenKernelsKeepTheirOrder() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let count = 16_000
      let (x, sum) = (
        try context.makeBuffer(byteCount: 4 * count), try context.makeBuffer(byteCount: 4 * count)
      )
      try queue.fill(sum, pattern: 0, byteCount: 4 * count)
      // 64 KB each: 1,000 writes are 64 MB.
      for round in 1...1000 {
        let value = Float(round % 7)
        try queue.write(x, [Float](repeating: value, count: count), blocking: false)
        try add.setArgument(0, x)
        try add.setArgument(1, sum)
        try add.setArgument(2, sum)
        try queue.enqueue(add, global: [count])
      }
      #expect(queue.finishes == 0)
      let expected = (1...1000).reduce(Float(0)) { $0 + Float($1 % 7) }
      let isRight = try queue.read(sum, Float.self).allSatisfy { $0 == expected }
      #expect(isRight)
    }

    @Test func emptyTransfersAreAllowed() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let a = try context.makeBuffer(byteCount: 0)
      let b = try context.makeBuffer(byteCount: 0)
      try queue.write(a, [Float]())
      try queue.write(a, [Float](), blocking: false)
      try queue.copy(from: a, to: b, byteCount: 0)
      try queue.fill(a, pattern: 1, byteCount: 0)
      #expect(try queue.read(a) == [Float]())
    }
  }
}
