import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct NormalizationTests {
    /// A row of zeros has the scale 1/√ε and stays zero.
    @Test(arguments: availableBackends)
    func zerosStayZero(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let output = try backend.empty([1, 2, 24])
      let scale = try backend.empty([1, 2])
      try backend.rmsNorm(
        try backend.zeros([1, 2, 24]),
        weight: try backend.tensor([Float](repeating: 2, count: 24), [1, 24]), epsilon: 1e-6,
        into: output, scale: scale)
      #expect(try output.floats().allSatisfy { $0 == 0 })
      #expect(try scale.floats().allSatisfy { abs($0 - 1000) < 0.01 })
    }
  }
}
