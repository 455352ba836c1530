import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  /// What `Backend` promises of every operation, on every operation.
  @Suite struct PropertyTests {
    /// The operations that the contract declares; a new one must be added to `OperationCase.all`.
    static let operations: Set<String> = [
      "matmul", "attention", "attentionGradient", "rotary", "storeKeysAndValues",
      "attentionDecode", "rmsNorm", "rmsNormGradient", "add", "roundToBFloat16", "swiGLU",
      "swiGLUGradient",
      "embedding", "embeddingGradient", "tokenLogProbabilities", "tokenLogProbabilitiesGradient",
      "weightedSum", "weightedSumGradient", "sumOfSquares", "gateUpdate", "adamW", "sgd",
      "muonMomentum", "normalizeMatrices", "addPolynomial", "muonUpdate", "orthogonalize", "sample",
    ]

    @Test func everyOperationIsHere() {
      let names = OperationCase.all.map { String($0.description.prefix { $0 != " " }) }
      #expect(Set(names) == Self.operations)
    }

    @Test(arguments: availableBackends)
    func runsAreEqualToTheByte(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for operation in OperationCase.all {
        let first = try operation.run(layout: .packed, on: backend)
        for form in [GuardedTensors.Layout.banded, .odd] {
          let again = try operation.run(layout: form, on: backend)
          expectSame(again, first, "\(operation), \(form)")
        }
      }
    }

    /// The case in a new backend: nothing that is tuned or kept in one may change a byte.
    @Test(arguments: availableBackends)
    func backendsAreEqualToTheByte(_ choice: BackendChoice) throws {
      let shared = try SharedBackends.backend(choice)
      let fresh = try choice.makeBackend()
      for operation in OperationCase.all.reversed() {
        expectSame(
          try operation.run(on: fresh), try operation.run(on: shared), "\(operation)")
      }
    }

    /// What one process compiled, or one backend, the next takes from the program cache.
    @Test(arguments: availableBackends)
    func aSecondBackendCompilesNothing(_ choice: BackendChoice) throws {
      for operation in OperationCase.all { _ = try operation.run(on: choice.makeBackend()) }
      let second = try choice.makeBackend()
      for operation in OperationCase.all {
        _ = try operation.run(on: second)
        for (part, _) in second.spread(2) { _ = try operation.run(on: part) }
      }
      if let openCL = second as? OpenCLBackend { #expect(openCL.compilations == 0) }
    }

    @Test(arguments: availableBackends)
    func replicasDoNotDependOnTheirCohort(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for operation in OperationCase.all {
        let together = try operation.run(on: backend)
        for r in 0..<OperationCase.replicas {
          let alone = try operation.run(r..<r + 1, on: backend)
          for (number, tensor) in together.enumerated() {
            expectSame(alone[number][0], tensor[r], "\(operation), tensor \(number), replica \(r)")
          }
        }
        let pair = try operation.run(1..<4, layout: .odd, on: backend)
        for (number, tensor) in together.enumerated() {
          expectSame(pair[number], Array(tensor[1..<4]), "\(operation), tensor \(number), 1..<4")
        }
      }
    }

    @Test(arguments: availableBackends)
    func notANumberStaysInItsReplica(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for operation in OperationCase.all {
        let clean = try operation.run(on: backend)
        let dirty = try operation.poisoning(replica: 2).run(on: backend)
        for (number, tensor) in clean.enumerated() {
          for r in [0, 1, 3, 4] {
            expectSame(
              dirty[number][r], tensor[r], "\(operation), tensor \(number), replica \(r)")
          }
        }
      }
    }
  }
}
