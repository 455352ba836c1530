import Conformance
import Kernels
import OpenCL
import TensorsOpenCL
import TestSupport
import Tensors
import Testing

extension BackendTests {
  /// Products of few rows, which GPUs compute in another kernel than products of many.
  @Suite struct RowProductTests {
    /// The kernel of few rows makes the bytes of the tiles, whatever the number of rows, the alignment
    /// and the sizes; also of rows that are normalised on the way.
    @Test(arguments: openCLDevices)
    func fewRowsHaveTheBytesOfTiles(_ device: Device) throws {
      let backend = try OpenCLBackend(
        device: device, style: .manyItems, fillsWithNaN: true, keepsTimes: true, tuningFolder: nil)
      for (number, (m, n, k)) in [
        (1, 40, 64), (3, 9, 130), (8, 8, 128), (9, 17, 257), (16, 33, 21), (33, 70, 300), (2, 5, 1),
      ].enumerated() {
        var numbers = TestNumbers(seed: 2300 + number)
        // Every other call has operands at odd elements.
        let offset = number % 2
        func operand(_ shape: Shape) throws -> Tensor {
          let count = shape.elementsPerReplica + offset
          let all = try backend.tensor(numbers.awkward(2 * count), [2, count])
          return all.slice(from: offset, shape: shape)
        }
        let (left, right) = (try operand([2, m, k]), try operand([2, n, k]))
        let (weight, addend) = (try operand([2, k]), try operand([2, m, n]))
        func run(_ tiling: ProductTiling?, _ kernel: String) throws -> [[UInt32]] {
          backend.forcedTiling = tiling
          _ = try backend.takeTimes()
          let (sum, normalized) = (try backend.empty([2, m, n]), try backend.empty([2, m, n]))
          try backend.matmul(
            left, transposeLeft: false, right, transposeRight: true,
            adding: number % 3 == 0 ? nil : addend, into: sum)
          try backend.normalizedMatmul(
            left, weight: weight, epsilon: 1e-5, right, into: normalized)
          #expect(try backend.takeTimes()[kernel]?.launches == 2)
          return try [sum, normalized].map { try $0.floats().map(\.bitPattern) }
        }
        let tiles = try run(backend.tilings(for: .float32)[0], "matmul_local")
        let rows = try run(nil, "matmul_rows_local")
        for (one, other) in zip(rows, tiles) { expectSame(one, other, "\(m) x \(n) x \(k)") }
      }
    }

    /// On every backend a normalised product has the bytes of its two operations.
    @Test(arguments: availableBackends, Precision.allCases)
    func aNormalizedProductIsTwoOperations(
      _ choice: BackendChoice, _ precision: Precision
    ) throws {
      let backend = try SharedBackends.backend(choice)
      for (m, n, c) in [(1, 24, 40), (5, 17, 130), (70, 33, 19)] {
        var numbers = TestNumbers(seed: 2400 + m)
        let input = try backend.tensor(numbers.awkward(2 * m * c), [2, m, c])
        let weight = try backend.tensor(numbers.normals(2 * c), [2, c])
        let right = try backend.tensor(numbers.normals(2 * n * c), [2, n, c])
        let (output, other) = (try backend.empty([2, m, n]), try backend.empty([2, m, n]))
        try backend.normalizedMatmul(
          input, weight: weight, epsilon: 1e-5, right, precision: precision, into: output)
        try backend.normalizeAndMultiply(
          input, weight: weight, epsilon: 1e-5, right, precision: precision, into: other)
        expectSame(
          try output.floats().map(\.bitPattern), try other.floats().map(\.bitPattern),
          "\(m) x \(n) x \(c)")
      }
    }
  }
}
