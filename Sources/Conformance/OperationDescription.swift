/// The description of one operation of the contract: its name, and calls of it with the definition
/// of their outputs, bounds on the error, and their cost. `Oracle` has the definitions.
///
/// Backend tests, `check-device`, the tuner and `bench` all take their calls from here.
public struct OperationDescription: Sendable, CustomStringConvertible {
  /// The extent of the calls.
  public enum Extent: Sendable, CaseIterable {
    /// One or a few small calls of five replicas, for tests that need many runs.
    case cohort
    /// The fewest and smallest calls that run the kernels' edges, loops and sums of parts, three
    /// replicas: for simulators, and for compilers that need minutes for a kernel.
    case small
    /// Awkward and realistic sizes, three replicas: seconds on a device.
    case device
    /// Every class of sizes, layouts and flags: for tests.
    case every
  }

  public let name: String
  private let make: @Sendable (Extent, inout TestNumbers) -> [OperationCase]

  init(
    _ name: String, cases make: @escaping @Sendable (Extent, inout TestNumbers) -> [OperationCase]
  ) {
    self.name = name
    self.make = make
  }

  public var description: String { name }

  /// Calls of this operation. The seed decides every input.
  public func cases(_ extent: Extent, seed: UInt64) -> [OperationCase] {
    var numbers = TestNumbers(
      seed: seed, index: Self.all.firstIndex { $0.name == name } ?? Self.all.count)
    return make(extent, &numbers)
  }

  /// All operations, in the order of reports.
  public static let all: [OperationDescription] = [
    fill, copy, matmul, gatedMatmul, gatedMatmulGradient, attention, attentionGradient, rotary,
    storeKeysAndValues, attentionDecode,
    rmsNorm, rmsNormGradient, add, roundToBFloat16, swiGLU, swiGLUGradient, embedding,
    embeddingGradient, tokenLogProbabilities, tokenLogProbabilitiesGradient, weightedSum,
    weightedSumGradient, sumOfSquares, gateUpdate, adamW, sgd, sample, muonMomentum, muonUpdate,
    addPolynomial, normalizeMatrices, orthogonalize, normalizedMatmul,
    tokenLogProbabilitiesInPlace,
  ]
}

/// The tensor of an optional addend of an operation.
public enum Addend: Sendable, CaseIterable {
  case nothing
  case another
  /// In the output itself.
  case output
}
