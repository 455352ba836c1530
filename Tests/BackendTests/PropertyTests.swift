import Conformance
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  /// What `Backend` promises of every operation, on every operation.
  @Suite struct PropertyTests {
    static let cases = OperationDescription.all.flatMap { $0.cases(.cohort, seed: 11_000) }

    @Test(arguments: availableBackends)
    func runsAreEqualToTheByte(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for call in Self.cases {
        let first = try call.run(layout: .packed, on: backend)
        for form in [GuardedTensors.Layout.banded, .odd] {
          let again = try call.run(layout: form, on: backend)
          expectSame(again.written, first.written, "\(call), \(form)")
          #expect(again.violations.isEmpty, "\(call), \(form)")
        }
      }
    }

    /// The case in a new backend: nothing that is tuned or kept in one may change a byte.
    @Test(arguments: availableBackends)
    func backendsAreEqualToTheByte(_ choice: BackendChoice) throws {
      let shared = try SharedBackends.backend(choice)
      let fresh = try choice.makeBackend()
      for call in Self.cases.reversed() {
        expectSame(
          try call.run(on: fresh).written, try call.run(on: shared).written, "\(call)")
      }
    }

    /// What one process compiled, or one backend, the next takes from the program cache.
    @Test(arguments: availableBackends)
    func aSecondBackendCompilesNothing(_ choice: BackendChoice) throws {
      for call in Self.cases { _ = try call.run(on: choice.makeBackend()) }
      let second = try choice.makeBackend()
      for call in Self.cases {
        _ = try call.run(on: second)
        for (part, _) in second.spread(2) { _ = try call.run(on: part) }
      }
      if let openCL = second as? OpenCLBackend { #expect(openCL.compilations == 0) }
    }

    @Test(arguments: availableBackends)
    func replicasDoNotDependOnTheirCohort(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for call in Self.cases {
        let together = try call.run(layout: .banded, on: backend)
        for part in (0..<call.replicas).map({ $0..<$0 + 1 }) + [1..<4] {
          let problem = try call.cohortProblem(part, together, on: backend)
          #expect(problem == nil, "\(call)")
        }
      }
    }

    @Test(arguments: availableBackends)
    func notANumberStaysInItsReplica(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for call in Self.cases {
        let clean = try call.run(on: backend)
        let problem = try call.nanProblem(replica: 2, clean, on: backend)
        #expect(problem == nil, "\(call)")
      }
    }

    /// The bytes of the rows alone, and nothing read or written past them.
    @Test(arguments: availableBackends)
    func liveRowsGetTheBytesOfRowsAlone(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let ragged = Self.cases.filter(\.takesLiveRows)
      #expect(
        Set(ragged.map(\.operation)) == [
          "matmul", "rmsNorm", "rmsNormGradient", "add", "roundToBFloat16", "swiGLU",
          "swiGLUGradient", "embedding", "embeddingGradient", "tokenLogProbabilities",
          "tokenLogProbabilitiesGradient", "weightedSum", "weightedSumGradient", "gatedMatmul",
          "gatedMatmulGradient", "normalizedMatmul", "tokenLogProbabilitiesInPlace",
        ])
      for call in ragged {
        let problem = try call.liveRowsProblem(on: backend)
        #expect(problem == nil, "\(call)")
      }
    }
  }
}
