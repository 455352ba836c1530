import Kernels

/// The commands of some work on a device, and what they must move and compute. They follow from shapes alone.
///
/// Bytes are a lower bound of the memory's traffic: a command reads each of its inputs once, writes each of
/// its outputs once, and finds nothing in a cache. All rows count, also those of a ragged batch that have no
/// values.
public struct CommandCounts: Sendable, Hashable {
  /// The commands of one kind.
  public struct Cost: Sendable, Hashable, Encodable {
    public var launches = 0
    public var bytes = 0.0
    /// Floating-point operations. A fused multiply-add counts as two.
    public var operations = 0.0

    public init() {}

    public static func + (left: Cost, right: Cost) -> Cost {
      var sum = left
      sum.launches += right.launches
      sum.bytes += right.bytes
      sum.operations += right.operations
      return sum
    }

    /// The seconds that a device needs: the longer one of memory and arithmetic, and the launches.
    ///
    /// - Parameters:
    ///   - bandwidth: bytes in a second; nil leaves the memory out.
    ///   - peak: floating-point operations in a second; nil leaves the arithmetic out.
    ///   - launchTime: seconds of a launch.
    public func seconds(bandwidth: Double?, peak: Double?, launchTime: Double) -> Double {
      max(bandwidth.map { bytes / $0 } ?? 0, peak.map { operations / $0 } ?? 0)
        + Double(launches) * launchTime
    }
  }

  /// The names of commands that are not kernels.
  public static let (upload, copy, fill) = ("upload", "copy", "fill")

  /// Costs by the name of the kernel, or of the command.
  public private(set) var costs: [String: Cost] = [:]

  public init() {}

  /// The sum of all commands.
  public var total: Cost { costs.values.reduce(Cost(), +) }

  /// The launches of kernels by name.
  public var kernelLaunches: [String: Int] {
    costs.filter { ![Self.upload, Self.copy, Self.fill].contains($0.key) }.mapValues(\.launches)
  }

  mutating func add(_ name: String, bytes: Double, operations: Double = 0) {
    costs[name, default: Cost()].launches += 1
    costs[name, default: Cost()].bytes += bytes
    costs[name, default: Cost()].operations += operations
  }
}

extension KernelProgram {
  /// Floating-point operations for an element of the launch's largest tensor, as the definitions of
  /// `Conformance` count them. Products and attention count their own.
  var operationsPerElement: Double {
    switch self {
    case .rmsNorm: 4
    case .rmsNormGradient: 10
    // Two of the three thirds of a projection are turned, with 3 operations for a number.
    case .rotary: 2
    case .swiGLU: 2.5
    case .swiGLUGradient: 6
    case .tokenLogProbabilities, .tokenLogProbabilitiesGradient, .addPolynomial: 3
    case .weightedSum: 2
    case .add, .sumBlocks, .sumParts, .embeddingGradient, .weightedSumGradient, .normalizeMatrices,
      .sample:
      1
    case .adamW: 16
    case .sgd: 6
    case .muonMomentum: 7
    case .muonUpdate, .attentionDecode, .attentionDecodeLocal: 4
    case .roundToBFloat16, .embedding, .cacheStore, .gateUpdate, .attentionForward,
      .attentionForwardLocal, .attentionGradientKey, .attentionGradientKeyLocal,
      .attentionGradientQuery, .attentionGradientQueryLocal, .matmulLocal, .matmulMatrixUnits,
      .matmulRowsLocal,
      .matmulTile:
      0
    }
  }
}
