import OpenCL
import Testing

extension DeviceTests {
  @Suite struct KernelTests {
    @Test func vectorAddEndToEnd() throws {
      let tests = try DeviceTests()
      let context = try Context(tests.device, programCache: nil)
      let queue = try context.makeQueue()
      let count = 1000
      let x = try context.makeBuffer(byteCount: 4 * count)
      let y = try context.makeBuffer(byteCount: 4 * count)
      let sum = try context.makeBuffer(byteCount: 4 * count)
      try queue.write(x, (0..<count).map { Float($0) })
      try queue.write(y, (0..<count).map { Float(2 * $0) }, blocking: false)
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      try add.setArgument(0, x)
      try add.setArgument(1, y)
      try add.setArgument(2, sum)
      try queue.enqueue(add, global: [count], local: [10])
      #expect(try queue.read(sum) == (0..<count).map { Float(3 * $0) })
      #expect(add.name == "add")
      #expect(add.workGroupSizeLimit >= 1)
      #expect(add.privateMemory >= 0)
    }

    @Test(arguments: [1, 2, 3])
    func gridsOfEveryDimension(_ dimensions: Int) throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let source = """
        kernel void place(global uint *out) {
          size_t i = get_global_id(0)
            + get_global_size(0) * (get_global_id(1) + get_global_size(1) * get_global_id(2));
          out[i] = 100 * get_local_size(0) + 10 * get_local_size(1) + get_local_size(2);
        }
        """
      let place = try context.makeProgram(name: "place", source: source).kernel(named: "place")
      let global = Array([4, 6, 2].prefix(dimensions))
      let local = Array([2, 3, 2].prefix(dimensions))
      let count = global.reduce(1, *)
      let out = try context.makeBuffer(byteCount: 4 * (count + 1))
      try queue.fill(out, pattern: 7, byteCount: out.byteCount)
      try place.setArgument(0, out)
      try queue.enqueue(place, global: global, local: local)
      let expected: UInt32 = [211, 231, 232][dimensions - 1]
      #expect(
        try queue.read(out) == [UInt32](repeating: expected, count: count) + [7])

      try queue.fill(out, pattern: 7, byteCount: out.byteCount)
      try place.setArgument(0, out)
      try queue.enqueue(place, global: (4, 6, 2), local: (2, 3, 2), dimensions: dimensions)
      #expect(
        try queue.read(out) == [UInt32](repeating: expected, count: count) + [7])
    }

    @Test func launchOfNothingDoesNothing() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let buffer = try context.makeBuffer(byteCount: 0)
      for index in 0..<3 { try add.setArgument(index, buffer) }
      try queue.enqueue(add, global: [0])
      try queue.enqueue(add, global: [3, 0], local: [1, 1])
      try queue.finish()
      #expect(buffer.byteCount == 0)
      #expect(context.bytesAllocated == 4)
    }

    @Test func changingOneArgumentTakesEffect() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let echo = try context.makeProgram(name: "echo", source: echoSource).kernel(named: "echo")
      let out = try context.makeBuffer(byteCount: 24)
      var expected: [Float] = [-1, 2, -3, 4, 0.5, 6]
      func launch(_ values: [Float]) throws -> [Float] {
        try echo.setArgument(0, out)
        try echo.setArgument(1, Int32(values[0]))
        try echo.setArgument(2, UInt32(values[1]))
        try echo.setArgument(3, Int64(values[2]))
        try echo.setArgument(4, UInt64(values[3]))
        try echo.setArgument(5, values[4])
        try echo.setArgument(6, SIMD4<Float>(0, 0, 0, values[5]))
        try queue.enqueue(echo, global: [1])
        return try queue.read(out)
      }
      #expect(try launch(expected) == expected)
      #expect(try launch(expected) == expected)
      for index in expected.indices {
        expected[index] += index.isMultiple(of: 2) && index < 4 ? -10 : 10
        #expect(try launch(expected) == expected, "argument \(index + 1)")
      }
      // Zero and its negative are equal numbers and different bytes.
      expected[4] = 0
      #expect(try launch(expected)[4].sign == .plus)
      expected[4] = -0.0
      #expect(try launch(expected)[4].sign == .minus)
    }

    @Test func argumentsStayFromLaunchToLaunch() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let x = try context.makeBuffer(byteCount: 4)
      let sum = try context.makeBuffer(byteCount: 4)
      try queue.write(x, [Float(1)])
      try add.setArgument(0, x)
      try add.setArgument(1, x)
      try add.setArgument(2, sum)
      try queue.enqueue(add, global: [1])
      try add.setArgument(0, sum)
      try queue.enqueue(add, global: [1])
      try queue.enqueue(add, global: [1])
      #expect(try queue.read(sum) == [Float(4)])
      withExtendedLifetime(x) {}
    }

    /// A new buffer is passed even where it has the address of one that is gone.
    @Test func everyNewBufferIsPassed() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let one = try context.makeBuffer(byteCount: 4)
      try queue.write(one, [Float(1)])
      var identifiers: Set<UInt64> = []
      for round in 0..<200 {
        let x = try context.makeBuffer(byteCount: 4 * (1 + round % 3))
        let sum = try context.makeBuffer(byteCount: 4)
        identifiers.formUnion([x.identifier, sum.identifier])
        try queue.fill(x, pattern: Float(round).bitPattern, byteCount: 4)
        try add.setArgument(0, x)
        try add.setArgument(1, one)
        try add.setArgument(2, sum)
        try queue.enqueue(add, global: [1])
        #expect(try queue.read(sum) == [Float(round + 1)])
      }
      #expect(identifiers.count == 400)
    }

    @Test func localMemory() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let source = """
        kernel void reverse(global float *x, local float *tile) {
          size_t i = get_local_id(0);
          size_t n = get_local_size(0);
          size_t first = get_group_id(0) * n;
          tile[i] = x[first + i];
          barrier(CLK_LOCAL_MEM_FENCE);
          x[first + i] = tile[n - 1 - i];
        }
        """
      let reverse = try context.makeProgram(name: "reverse", source: source)
        .kernel(named: "reverse")
      let x = try context.makeBuffer(byteCount: 32)
      for local in [4, 8, 4, 4] {
        try queue.write(x, (0..<8).map { Float($0) })
        try reverse.setArgument(0, x)
        try reverse.setLocal(1, byteCount: 4 * local)
        try queue.enqueue(reverse, global: [8], local: [local])
        let expected: [Float] =
          local == 8 ? [7, 6, 5, 4, 3, 2, 1, 0] : [3, 2, 1, 0, 7, 6, 5, 4]
        #expect(try queue.read(x) == expected)
      }
    }
  }
}
