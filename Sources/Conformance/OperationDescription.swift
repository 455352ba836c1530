/// One operation of the contract, described once: its name, and calls of it with the definition of what
/// they must write, bounds on the error, and their cost. `Oracle` has the definitions.
///
/// Backend tests, `check-device`, the tuner and `bench` all take their calls from here.
public struct OperationDescription: Sendable, CustomStringConvertible {
  /// How many calls.
  public enum Extent: Sendable, CaseIterable {
    /// One or a few small calls of five replicas: for promises that take many runs to test.
    case cohort
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

  /// Calls of this operation; a seed decides every input.
  public func cases(_ extent: Extent, seed: UInt64) -> [OperationCase] {
    var numbers = TestNumbers(
      seed: seed, index: Self.all.firstIndex { $0.name == name } ?? Self.all.count)
    return make(extent, &numbers)
  }

  /// Every operation, in the order in which they are reported.
  public static let all: [OperationDescription] = [
    fill, copy, matmul, attention, attentionGradient, rotary, storeKeysAndValues, attentionDecode,
    rmsNorm, rmsNormGradient, add, roundToBFloat16, swiGLU, swiGLUGradient, embedding,
    embeddingGradient, tokenLogProbabilities, tokenLogProbabilitiesGradient, weightedSum,
    weightedSumGradient, sumOfSquares, gateUpdate, adamW, sgd, sample, muonMomentum, muonUpdate,
    addPolynomial, normalizeMatrices, orthogonalize,
  ]
}

/// Where an optional addend of an operation is.
public enum Addend: Sendable, CaseIterable {
  case nothing
  case another
  /// In the output itself.
  case output
}
