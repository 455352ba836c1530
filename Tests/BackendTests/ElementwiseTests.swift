import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct ElementwiseTests {
    @Test(arguments: availableBackends)
    func addOfSpecials(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let output = try backend.empty([1, 6])
      try backend.add(
        try backend.tensor([.infinity, .infinity, .nan, -0.0, 3e38, 1], [1, 6]),
        try backend.tensor([1, -.infinity, 1, -0.0, 3e38, -1], [1, 6]), into: output)
      let values = try output.floats()
      #expect(values[0] == .infinity)
      #expect(values[1].isNaN && values[2].isNaN)
      #expect(values[3] == 0 && values[3].sign == .minus)
      #expect(values[4] == .infinity)
      #expect(values[5] == 0 && values[5].sign == .plus)
    }

    /// Every exponent and every kept significand, exactly between two, beside it, and at random.
    @Test(arguments: availableBackends)
    func roundToBFloat16(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var numbers = TestNumbers(seed: 5050)
      let low: [UInt32] =
        [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]
        + numbers.integers(2, in: 0..<0x10000).map { UInt32($0) }
      for part in low {
        let values = (0..<UInt32(1 << 16)).map { Float(bitPattern: $0 << 16 | part) }
        let tensors = GuardedTensors(backend, layout: layout(Int(part)))
        let output = try tensors.output([1, 1, 1 << 16])
        try backend.roundToBFloat16(try tensors.input(values, [1, 1, 1 << 16]), into: output)
        let rounded = try output.floats()
        let wrong = zip(values, rounded).filter { value, result in
          value.isNaN
            ? !result.isNaN || result.bitPattern & 0xffff != 0
            : result.bitPattern != Oracle.roundedToBFloat16(value).bitPattern
        }
        #expect(wrong.isEmpty, "low bits \(part): \(wrong.prefix(3))")
        try tensors.verify()
      }
    }

    /// Gates so large that a sigmoid written carelessly is infinite over infinite.
    @Test(arguments: availableBackends)
    func swiGLUOfLargeGates(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let gates: [Float] = [-1e30, -1000, -104, -89, -88, 88, 89, 104, 1000, 1e30]
      let input = gates + [Float](repeating: 1.5, count: gates.count)
      let tensor = try backend.tensor(input, [1, 1, 20])
      let output = try backend.empty([1, 1, 10])
      try backend.swiGLU(tensor, into: output)
      expectWithin(try output.floats(), Oracle.swiGLU(input.doubles, width: 10), "swiGLU")
      let gradient = try backend.empty([1, 1, 20])
      let ones = [Float](repeating: 1, count: 10)
      try backend.swiGLUGradient(
        tensor, outputGradient: try backend.tensor(ones, [1, 1, 10]), into: gradient)
      expectWithin(
        try gradient.floats(),
        Oracle.swiGLUGradient(input.doubles, outputGradient: ones.doubles, width: 10), "gradient")
    }
  }
}
