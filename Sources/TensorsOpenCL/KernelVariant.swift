import Kernels

/// A kernel as GPUs of one kind compile it.
public struct KernelVariant: Codable, Sendable {
  /// Kinds of GPUs. Devices of one kind build the same kernels with the same options.
  public enum GPU: String, Codable, CaseIterable, Sendable {
    /// Devices with tensor cores: compute capability 8.0 and later.
    case nvidia
    /// RDNA: 32 work-items in step.
    case amdWave32 = "amd-wave32"
    /// GCN and CDNA: 64 work-items in step.
    case amdWave64 = "amd-wave64"
    case intel
    /// Devices that do not report a fast `fma`, such as older GPUs of phones.
    case withoutFMA = "without-fma"
  }

  public private(set) var version = 1
  public let gpu: GPU
  public let style: String
  public let kernel: String
  /// The compile-time constants that differ between variants of a kernel.
  public let constants: [String: Int]
  /// All options of the compiler, with the constants.
  public let options: String
  /// The whole text that is compiled.
  public let source: String

  /// The width of heads in the variants of attention. Models of other widths exist; their code is similar.
  public static let headWidths = [16, 32, 64, 128]

  /// Every variant of every kernel that a GPU can use. No device is needed.
  ///
  /// Tilings come from the lists that backends use.
  public static let all: [KernelVariant] = GPU.allCases.flatMap { gpu in
    KernelProgram.allCases.flatMap { program in
      program.constants(on: gpu).map { constants in
        KernelVariant(
          gpu: gpu, style: OpenCLBackend.Style.manyItems.rawValue, kernel: program.kernelName,
          constants: constants, options: gpu.build.preferredOptions(constants),
          source: program.source)
      }
    }
  }
}

extension KernelVariant.GPU {
  var build: KernelBuild {
    KernelBuild(
      lanes: 1, team: KernelBuild.team(waveWidth: self == .amdWave64 ? 64 : 32),
      replacesFMA: self == .withoutFMA, isIntelGPU: self == .intel)
  }

  var matrixUnits: MatrixUnits? { self == .nvidia ? .ptx : nil }
}

extension KernelProgram {
  /// The sets of compile-time constants with which GPUs build this program; empty for a program of
  /// processors, and for one of matrix units that the GPU does not have.
  func constants(on gpu: KernelVariant.GPU) -> [[String: Int]] {
    let units = gpu.matrixUnits
    switch self {
    case .attentionDecode, .attentionForward, .attentionGradientKey, .attentionGradientQuery,
      .matmulTile:
      return []
    case .attentionDecodeLocal: return KernelVariant.headWidths.map { ["D": $0] }
    case .attentionForwardLocal, .attentionGradientKeyLocal, .attentionGradientQueryLocal:
      let isIntelGPU = gpu.build.isIntelGPU
      return KernelVariant.headWidths.flatMap { width in
        AttentionTiles.tiles(of: self, headWidth: width, isIntelGPU: isIntelGPU).map {
          AttentionTiles.shape(of: self, $0, headWidth: width, isIntelGPU: isIntelGPU).constants
        }
      }
    case .matmulLocal:
      let isIntelGPU = gpu.build.isIntelGPU
      let all = ([nil] + Gate.allCases.map { $0 }).flatMap { gate in
        ProductTiling.throughLocalMemory(ending: gate, isIntelGPU: isIntelGPU)
          .map { $0.constants(on: nil, gate: gate) }
      }
      return all
        + ProductTiling.throughLocalMemory(ending: nil, isIntelGPU: isIntelGPU)
        .filter(\.canAddParts).map { $0.constants(on: nil, addsParts: true) }
    case .matmulMatrixUnits:
      return units == nil ? [] : ProductTiling.onMatrixUnits.map { $0.constants(on: units) }
    default: return [[:]]
    }
  }
}
