import Conformance
import OpenCL
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  /// Devices that seem to be others: smaller, without fma, of other vendors, of wider waves.
  @Suite struct PretendedDeviceTests {
    private static func backend(
      _ device: Device, _ properties: String
    ) throws -> OpenCLBackend {
      try OpenCLBackend(
        device: device.pretending(PretendedProperties(parsing: properties)), style: .manyItems,
        fillsWithNaN: true, tuningFolder: nil)
    }

    private static func cases(
      _ names: Set<String>, _ extent: OperationDescription.Extent
    ) -> [OperationCase] {
      OperationDescription.all.filter { names.contains($0.name) }
        .flatMap { $0.cases(extent, seed: 1900) }
    }

    /// Products have the same bytes in every tile. Attention in smaller tiles is within its bounds.
    @Test(arguments: openCLDevices, ["group=64,local=8192", "kernelGroup=64"])
    func smallDevicesUseSmallTiles(_ device: Device, _ properties: String) throws {
      let large = try Self.backend(device, "kind=gpu")
      let small = try Self.backend(device, "kind=gpu,\(properties)")
      let calls =
        Self.cases(["matmul", "add"], .cohort)
        // More positions than a small tile has rows.
        + Self.cases(["attention", "attentionGradient"], .device).filter {
          $0.sizes.contains("T 65")
        }
      #expect(Set(calls.map(\.operation)).count == 4)
      for call in calls {
        let outcome = try call.run(on: small)
        #expect(outcome.violations == [], "\(call)")
        #expect(call.deviation(of: outcome, from: call.expected()).note == nil, "\(call)")
        if ["matmul", "add"].contains(call.operation) {
          #expect(try call.run(on: large).written == outcome.written, "\(call)")
        }
      }
      #expect(small.tilings(for: .float32) != large.tilings(for: .float32), "\(properties)")
    }

    /// Teams of a wave of 64 sum in another order, within the same bounds.
    @Test(arguments: openCLDevices)
    func teamsOfAWideWaveAreRight(_ device: Device) throws {
      let backend = try Self.backend(device, "kind=gpu,wave=64")
      #expect(backend.device.implementation.hasSuffix("manyItems of 1, teams of 64"))
      let teams: Set<String> = [
        "rotary", "storeKeysAndValues", "attentionDecode", "rmsNorm", "rmsNormGradient", "swiGLU",
        "swiGLUGradient", "embedding", "embeddingGradient", "tokenLogProbabilities",
        "tokenLogProbabilitiesGradient", "weightedSum", "sumOfSquares", "sample", "matmul",
        "normalizedMatmul", "tokenLogProbabilitiesInPlace",
      ]
      for call in Self.cases(teams, .cohort) {
        let outcome = try call.run(on: backend)
        let note = call.deviation(of: outcome, from: call.expected()).note
        #expect(outcome.violations == [] && note == nil, "\(call): \(note ?? "")")
      }
    }

    /// Without fma in hardware all numbers are in their bounds, and the record says so.
    @Test(arguments: openCLDevices)
    func aDeviceWithoutFMAIsRight(_ device: Device) throws {
      let backend = try Self.backend(device, "kind=gpu,fma=no")
      #expect(backend.device.implementation.hasSuffix("manyItems of 1, no fma"))
      let processor = try OpenCLBackend(
        device: device.pretending(PretendedProperties(parsing: "fma=no")), style: .wideItems,
        tuningFolder: nil)
      #expect(!processor.device.implementation.contains("no fma"))
      for call in OperationDescription.all.flatMap({ $0.cases(.small, seed: 1900) }) {
        let outcome = try call.run(on: backend)
        let note = call.deviation(of: outcome, from: call.expected()).note
        #expect(outcome.violations == [] && note == nil, "\(call): \(note ?? "")")
      }
    }

    /// Without fma in hardware every kernel of a product rounds the product and then the sum, so that the
    /// kernel, which depends on the number of rows, does not change the bytes.
    @Test(arguments: openCLDevices)
    func productsWithoutFMARoundTwice(_ device: Device) throws {
      let backend = try Self.backend(device, "kind=gpu,fma=no")
      let (m, n, k) = (7, 31, 65)
      var numbers = TestNumbers(seed: 1901)
      let (x, y) = (numbers.normals(m * k), numbers.normals(n * k))
      let expected = (0..<m * n).map { place in
        (0..<k).reduce(Float(0)) { $0 + x[place / n * k + $1] * y[place % n * k + $1] }
      }
      let (left, right) = (try backend.tensor(x, [1, m, k]), try backend.tensor(y, [1, n, k]))
      for tiling in [nil, backend.tilings(for: .float32)[0]] {
        backend.forcedTiling = tiling
        let output = try backend.empty([1, m, n])
        try backend.matmul(
          left, transposeLeft: false, right, transposeRight: true, adding: nil, into: output)
        #expect(try output.floats() == expected)
      }
    }

    /// Processors compile with subnormal numbers replaced by 0; GPUs, which compute with them at full speed,
    /// do not.
    @Test(arguments: openCLDevices)
    func onlyProcessorsReplaceSubnormals(_ device: Device) throws {
      for style in OpenCLBackend.Style.allCases {
        let backend = try OpenCLBackend(device: device, style: style, tuningFolder: nil)
        #expect(
          backend.options([:]).contains("-cl-denorms-are-zero") == (style == .wideItems))
      }
    }

    /// With 16 lanes large products and wide gradients copy their rows of `left`, and small ones do not. With 8 lanes
    /// all with 64 rows do, and products up to 512 deep have one block.
    @Test(arguments: openCLDevices)
    func theShapeDecidesWhetherRowsAreCopied(_ device: Device) throws {
      // Without the local memory for a copy there is no such tiling.
      let hasMemory = device.localMemory >= 4 * 257 * 144
      for lanes in [8, 16] {
        let backend = try OpenCLBackend(
          device: device, style: .wideItems, lanes: lanes, tuningFolder: nil)
        func copiesRows(_ rows: Int, _ columns: Int, _ inner: Int, transposeLeft: Bool) -> Bool {
          let product = MatrixProduct(
            replicas: 1, rows: rows, columns: columns, inner: inner, transposeLeft: transposeLeft)
          let tiling = backend.guess(for: product, on: nil)
          return tiling.columns > tiling.itemColumns
        }
        #expect(copiesRows(768, 256, 4096, transposeLeft: true) == hasMemory)
        #expect(copiesRows(2048, 2048, 2048, transposeLeft: false) == hasMemory)
        let copiesSmall = hasMemory && lanes == 8
        #expect(copiesRows(64, 176, 4096, transposeLeft: true) == copiesSmall)
        #expect(copiesRows(688, 128, 4096, transposeLeft: true) == copiesSmall)
        #expect(copiesRows(4096, 64, 64, transposeLeft: false) == copiesSmall)
        #expect(!copiesRows(63, 64, 64, transposeLeft: false))
      }
      guard device.localMemory >= 1 << 19 else { return }
      let backend = try OpenCLBackend(
        device: device, style: .wideItems, lanes: 8, tuningFolder: nil)
      for (transposeLeft, depth) in [(false, 512), (true, 256)] {
        let product = MatrixProduct(
          replicas: 1, rows: 384, columns: 128, inner: 384, transposeLeft: transposeLeft)
        #expect(backend.guess(for: product, on: nil).depth == depth)
      }
    }

    /// On Intel's GPUs all kernels are compiled for buffers above the limit once one of them is needed, and
    /// not before.
    @Test(arguments: openCLDevices)
    func kernelsAreCompiledForLargeBuffers(_ device: Device) throws {
      let option = "-cl-intel-greater-than-4GB-buffer-required"
      let sizes = "allocation=\(4 << 30),memory=\(16 << 30)"
      let intel = "kind=gpu,vendor=Intel(R) Corporation,version=OpenCL 3.0 NEO,\(sizes)"
      for (properties, isAsked) in [(intel, true), ("kind=gpu,vendor=NVIDIA,\(sizes)", false)] {
        let backend = try Self.backend(device, properties)
        let rehearsal = try #require(backend.rehearsal()).backend
        _ = try rehearsal.empty([4, 1 << 28])
        #expect(!backend.options([:]).contains(option))
        _ = try rehearsal.empty([4, 1 << 28 + 1])
        #expect(backend.options([:]).contains(option) == isAsked)
      }
    }

    /// Intel's GPUs count vector engines: 512 of them are 32 cores. They take 8 x 8 outputs an item for
    /// a product that keeps 32 cores busy.
    @Test(arguments: openCLDevices)
    func vectorEnginesAreNotCores(_ device: Device) throws {
      let product = MatrixProduct(replicas: 1, rows: 2048, columns: 2048, inner: 256)
      let intel = try Self.backend(
        device, "kind=gpu,vendor=Intel(R) Corporation,units=512,local=65536")
      let others = try Self.backend(device, "kind=gpu,units=32,local=65536")
      #expect(intel.guess(for: product, on: nil).rows == 128)
      #expect(others.guess(for: product, on: nil).rows == 128)
      // Its attention asks for all registers. A compiler that does not know the option still builds it. Its
      // work-items have half of the rows of others, which changes no byte.
      for call in Self.cases(["attention", "attentionGradient"], .cohort) {
        let outcome = try call.run(on: intel)
        #expect(outcome.violations == [], "\(call)")
        #expect(call.deviation(of: outcome, from: call.expected()).note == nil, "\(call)")
        #expect(try call.run(on: others).written == outcome.written, "\(call)")
      }
    }
  }
}
