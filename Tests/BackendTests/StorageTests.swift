import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  /// Moving elements: upload, download, fill and copy, through views.
  @Suite struct StorageTests {
    @Test(arguments: availableBackends)
    func elementsComeBack(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, shape) in ([[1, 1], [1, 257], [3, 2, 17], [2, 1, 64], [5, 33]] as [Shape])
        .enumerated()
      {
        try Trace.with("shape = \(shape)") {
          var numbers = TestNumbers(seed: 100 + number)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let values = numbers.awkward(shape.elementCount)
          let source = try tensors.input(values, shape)
          #expect(try source.floats() == values)
          let copied = try tensors.output(shape)
          try backend.copy(source, to: copied)
          #expect(try copied.floats() == values)
          let overwritten = try tensors.output(shape)
          try overwritten.assign(values)
          #expect(try overwritten.floats() == values)
          let filled = try tensors.output(shape, .int32)
          try backend.fill(filled, bits: 0x8000_0007)
          let pattern = Int32(bitPattern: 0x8000_0007)
          #expect(try filled.integers().allSatisfy { $0 == pattern })
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func viewsShareTheirStorage(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let whole = try backend.tensor((0..<24).map { Float($0) }, [3, 8])
      let slice = whole.slice(from: 2, shape: [3, 2, 2])
      #expect(try slice.floats() == [2, 3, 4, 5, 10, 11, 12, 13, 18, 19, 20, 21])
      let middle = slice.replicas(1..<2)
      try middle.assign([-1, -2, -3, -4] as [Float])
      #expect(try whole.replicas(1..<2).floats() == [8, 9, -1, -2, -3, -4, 14, 15])
      #expect(
        try whole.reshaped([3, 4, 2]).replicas(2..<3).floats() == (16..<24).map { Float($0) })
      #expect(try backend.zeros([2, 3]).floats() == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: availableBackends)
    func memoryIsCounted(_ choice: BackendChoice) throws {
      let backend = try choice.makeBackend()
      let before = backend.memory.current
      do {
        let tensor = try backend.zeros([1, 1 << 16])
        try backend.finish()
        #expect(backend.memory.current >= before + tensor.storage.byteCount)
      }
      #expect(backend.memory.current == before)
      #expect(backend.memory.peak >= before + 4 << 16)
    }

    @Test(arguments: availableBackends)
    func freshMemoryIsPoisoned(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let first = try backend.tensor([Float](repeating: 1, count: 100), [1, 100])
      #expect(try first.floats().allSatisfy { $0 == 1 })
      for _ in 0..<3 {
        #expect(try backend.empty([1, 100]).floats().allSatisfy(\.isNaN))
      }
    }

    @Test(arguments: availableBackends)
    func deviceIsDescribed(_ choice: BackendChoice) throws {
      let device = try SharedBackends.backend(choice).device
      #expect(choice.name.hasPrefix(device.selector))
      #expect(["cpu", "opencl"].contains(device.backend))
      #expect(!device.name.isEmpty && !device.driver.isEmpty && !device.implementation.isEmpty)
      #expect(device.memoryLimit > 1 << 20)
    }

    /// Every replica has a place, and tensors of parts of a device count as the device's.
    @Test(arguments: availableBackends)
    func replicasAreSpreadOverTheDevice(_ choice: BackendChoice) throws {
      let backend = try choice.makeBackend()
      for replicas in 1...9 {
        let spread = backend.spread(replicas)
        #expect(spread.reduce(0) { $0 + $1.replicas } == replicas)
        #expect(spread.allSatisfy { $0.replicas > 0 })
        let before = backend.memory.current
        let tensors = try spread.map { try $0.backend.tensor([1, 2, 3] as [Float], [1, 3]) }
        #expect(backend.memory.current > before)
        for tensor in tensors { #expect(try tensor.floats() == [1, 2, 3]) }
      }
    }
  }
}
