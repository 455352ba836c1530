import Conformance
import Kernels
import OpenCL
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  /// The list of kernels that `Scripts/check-gpu-code` compiles, against the kernels that backends launch.
  @Suite struct KernelVariantTests {
    /// The programs that only processors use. Every other program must be in the list.
    static let ofProcessors: Set<KernelProgram> = [
      .attentionDecode, .attentionForward, .attentionGradientKey, .attentionGradientQuery,
      .matmulTile,
    ]

    @Test func everyProgramOfGPUsIsListed() {
      let expected = Set(KernelProgram.allCases).subtracting(Self.ofProcessors)
      #expect(
        Set(KernelVariant.all.map(\.kernel)) == Set(expected.map(\.kernelName)))
      for gpu in KernelVariant.GPU.allCases {
        let listed = KernelVariant.all.filter { $0.gpu == gpu }
        #expect(
          Set(listed.map(\.kernel))
            == Set(expected.map(\.kernelName))
            .subtracting(gpu == .nvidia ? [] : ["matmul_matrix_units"]), "\(gpu)")
        #expect(Set(listed.map { $0.kernel + $0.options }).count == listed.count, "\(gpu)")
      }
    }

    @Test func variantsHaveTheirProgramsText() throws {
      for variant in KernelVariant.all {
        let program = try #require(KernelProgram(rawValue: variant.kernel))
        #expect(variant.source == program.source)
        #expect(variant.style == OpenCLBackend.Style.manyItems.rawValue)
        for (name, value) in variant.constants {
          #expect(variant.options.contains(" -D\(name)=\(value)"), "\(variant.options)")
        }
      }
    }

    /// The kinds of GPUs with the properties that their drivers report.
    static let kinds: [(gpu: KernelVariant.GPU, properties: String)] = [
      (.nvidia, "vendor=NVIDIA Corporation,wave=32"),
      (.amdWave32, "vendor=Advanced Micro Devices,wave=32"),
      (.amdWave64, "vendor=Advanced Micro Devices,wave=64"),
      (.intel, "vendor=Intel(R) Corporation"), (.withoutFMA, "vendor=Qualcomm,fma=no"),
    ]

    /// A variant by the facts that decide its code. The list has few head widths, so only those are
    /// compared; and tests have the matrix units in their emulated form.
    private static func identity(
      _ kernel: String, _ constants: [String: Int], _ options: String
    ) -> String? {
      guard constants["D"].map(KernelVariant.headWidths.contains) ?? true else { return nil }
      return kernel + " " + options.replacing(" -DMATRIX_UNITS_PTX=1", with: "")
    }

    static let calls = OperationDescription.all.flatMap { $0.cases(.cohort, seed: 2000) }

    /// Every operation on a device that seems to be a GPU of each kind asks for listed kernels with listed
    /// options. Together the operations and the tilings ask for every listed kernel.
    @Test(arguments: openCLDevices, kinds)
    func backendsLaunchTheListedKernels(
      _ device: Device, _ kind: (gpu: KernelVariant.GPU, properties: String)
    ) throws {
      let pretended = device.pretending(
        try PretendedProperties(parsing: "kind=gpu," + kind.properties))
      let backend = try OpenCLBackend(
        device: pretended, matrixUnits: kind.gpu == .nvidia ? .emulation : nil, tuningFolder: nil)
      let rehearsal = try #require(backend.rehearsal() as? KernelRehearsal)
      let rehearsing = try #require(rehearsal.backend as? OpenCLBackend)
      for call in Self.calls { _ = try call.run(on: rehearsing) }
      // Sums of gradients that wait are summed by a kernel of their own.
      for call in Self.calls where call.operation == "rmsNormGradient" {
        try rehearsing.summingTogether(elements: 1 << 20) { _ = try call.run(on: rehearsing) }
      }
      for precision in Precision.allCases {
        let shape = ProductShape(
          form: "NT", rows: 8, columns: 8, inner: 8, replicas: 1, precision: precision)
        for tiling in rehearsing.tilings(for: precision) {
          rehearsing.forcedTiling = tiling
          _ = try shape.problem().run(on: rehearsing)
          // Enough tiles that a group adds the parts of k.
          _ = try ProductShape(
            form: "TN", rows: 16, columns: 16, inner: 512, replicas: 16, precision: precision
          ).problem().run(on: rehearsing)
          for call in Self.calls
          where call.operation.hasPrefix("gatedMatmul")
            && call.sizes.hasSuffix("bfloat16") == (precision == .bfloat16)
          {
            _ = try call.run(on: rehearsing)
          }
        }
      }
      let requested = Set(
        rehearsal.requested.compactMap { Self.identity($0.kernel, $0.constants, $0.options) })
      let variants = KernelVariant.all.filter { $0.gpu == kind.gpu }
      let listed = Set(
        variants.compactMap { Self.identity($0.kernel, $0.constants, $0.options) })
      #expect(requested.subtracting(listed) == [])
      let kernels = Set(rehearsal.requested.map(\.kernel))
      #expect(Set(variants.map(\.kernel)) == kernels)
      let tiled = listed.filter { $0.hasPrefix("matmul") }
      #expect(tiled.subtracting(requested) == [])
    }
  }
}
