import Tensors
import TensorsOpenCL
import TestSupport
import Testing
import Conformance

extension BackendTests {
  /// Products that end with SwiGLU.
  @Suite struct GatedProductTests {
    static let choices = availableBackends + BackendChoice.matrixUnits

    /// In every tiling the bytes are those of the separate operations: of rows of which some are live, of
    /// sizes about the tiles', and of both precisions.
    @Test(arguments: choices)
    func theBytesAreThoseOfSeparateOperations(_ choice: BackendChoice) throws {
      let backend = try choice.makeBackend()
      let device = backend as? OpenCLBackend
      for (number, (rows, width, inner)) in [(131, 67, 20), (5, 9, 65), (70, 33, 129)].enumerated()
      {
        for precision in Precision.allCases {
          var numbers = TestNumbers(seed: 1950 + number)
          let live = LiveRows(counts: try backend.tensor([Int32(rows / 2), Int32(rows)], [2]))
          func operand(_ shape: Shape, live: LiveRows? = nil) throws -> Tensor {
            let tensor = try backend.empty(shape, live: live)
            try tensor.assign(numbers.normals(shape.elementCount))
            return tensor
          }
          func result(_ shape: Shape) throws -> Tensor {
            let tensor = try backend.empty(shape, live: live)
            try backend.fill(tensor, bits: 0)
            return tensor
          }
          let input = try operand([2, rows, inner], live: live)
          let weight = try operand([2, 2 * width, inner])
          let upstream = try operand([2, rows, inner], live: live)
          let down = try operand([2, inner, width])
          let (wide, narrow): (Shape, Shape) = ([2, rows, 2 * width], [2, rows, width])
          let gates = try result(wide)
          try backend.matmul(
            input, transposeLeft: false, weight, transposeRight: true, adding: nil,
            precision: precision, into: gates)
          let output = try result(narrow)
          try backend.swiGLU(gates, into: output)
          let product = try result(narrow)
          try backend.matmul(
            upstream, transposeLeft: false, down, transposeRight: false, adding: nil,
            precision: precision, into: product)
          let gradient = try result(wide)
          try backend.swiGLUGradient(gates, outputGradient: product, into: gradient)
          let expected = try [gates, output, output, gradient, gradient].map(Self.bits)
          for tiling in device.map({ $0.tilings(for: .float32).map { $0 } }) ?? [nil] {
            // Products on matrix units have other tilings, and are not fused.
            device?.forcedTiling = backend.fusesGates(precision) ? tiling : nil
            let (kept, alone) = (try result(narrow), try result(narrow))
            let (ownGates, ownGradient) = (try result(wide), try result(wide))
            try backend.gatedMatmul(
              input, weight: weight, precision: precision, gateAndUp: ownGates, into: kept)
            try backend.gatedMatmul(
              input, weight: weight, precision: precision, gateAndUp: nil, into: alone)
            try backend.gatedMatmulGradient(
              upstream, weight: down, gateAndUp: gates, precision: precision, into: ownGradient)
            let before = try Self.bits(ownGates)
            try backend.gatedMatmulGradient(
              upstream, weight: down, gateAndUp: ownGates, precision: precision, into: ownGates)
            let found = [before] + (try [kept, alone, ownGradient, ownGates].map(Self.bits))
            let names = [
              "gates", "output", "output without gates", "gradient", "gradient in place",
            ]
            for (name, (one, other)) in zip(names, zip(found, expected)) {
              expectSame(
                one, other,
                "\(name), \(rows) x \(width) x \(inner), \(precision), "
                  + "tiles of \(tiling.map { "\($0)" } ?? "none")")
            }
          }
          device?.forcedTiling = nil
        }
      }
      // With many items the separate kernels are not launched.
      #expect(backend.fusesGates(.float32) == (device?.style == .manyItems))
    }

    private static func bits(_ tensor: Tensor) throws -> [UInt32] {
      try tensor.floats().map(\.bitPattern)
    }
  }
}
