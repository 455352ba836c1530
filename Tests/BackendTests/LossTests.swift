import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct LossTests {
    /// Masked vocabularies (-inf), huge logits and a single candidate: losses are finite and right.
    @Test(arguments: availableBackends)
    func extremeLogits(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let vocabulary = 40
      let masked = (0..<vocabulary).map { $0 == 7 || $0 == 31 ? Float($0) / 8 : -Float.infinity }
      let huge = (0..<vocabulary).map { $0 == 39 ? Float(3e38) : -Float(3e38) }
      let level = [Float](repeating: 1e30, count: vocabulary)
      let one = (0..<vocabulary).map { $0 == 0 ? Float(-5) : -Float.infinity }
      let low = (0..<vocabulary).map { Float(-1e4) + Float($0 % 3) }
      let logits = masked + huge + level + one + low
      let targets: [Int32] = [31, 39, 12, 0, 5]
      let input = try backend.tensor(logits, [1, 5, vocabulary])
      let targetTensor = try backend.tensor(targets, [1, 5])
      let logProbabilities = try backend.empty([1, 5])
      let logSumExp = try backend.empty([1, 5])
      try backend.tokenLogProbabilities(
        input, targets: targetTensor, into: logProbabilities, logSumExp: logSumExp)
      let expected = Oracle.tokenLogProbabilities(
        logits.doubles, targets: targets, vocabulary: vocabulary)
      #expect(try logProbabilities.floats().allSatisfy(\.isFinite))
      expectWithin(
        try logProbabilities.floats(), expected.logProbabilities, "log-probabilities",
        mostlyZero: true)
      expectWithin(try logSumExp.floats(), expected.logSumExp, "log-sum-exp")
      let kept = expected.logSumExp.floats
      let upstream: [Float] = [1, -1, 0.5, 2, -0.25]
      try logSumExp.assign(kept)
      let gradient = try backend.empty([1, 5, vocabulary])
      try backend.tokenLogProbabilitiesGradient(
        input, targets: targetTensor, logSumExp: logSumExp,
        outputGradient: try backend.tensor(upstream, [1, 5]), into: gradient)
      expectWithin(
        try gradient.floats(),
        Oracle.tokenLogProbabilitiesGradient(
          logits.doubles, targets: targets, logSumExp: kept.doubles,
          outputGradient: upstream.doubles, vocabulary: vocabulary),
        "gradient", mostlyZero: true)
    }

    /// The gradient in place of the logits, and the log-probabilities beside it, have the bytes of two calls.
    @Test(arguments: availableBackends)
    func theGradientInPlaceHasTheBytesOfTwoCalls(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for vocabulary in [1, 7, 33, 64, 257] {
        var numbers = TestNumbers(seed: 2500 + vocabulary)
        let shape: Shape = [2, 9, vocabulary]
        let logits = numbers.normals(shape.elementCount, scale: 4)
        let targets = try backend.tensor(numbers.integers(18, in: 0..<vocabulary), [2, 9])
        let upstream = try backend.tensor(
          numbers.normals(18).enumerated().map { $0 % 4 == 3 ? 0 : $1 }, [2, 9])
        let (x, replaced) = (try backend.tensor(logits, shape), try backend.tensor(logits, shape))
        let results = try (0..<3).map { _ in try backend.empty([2, 9]) }
        let gradient = try backend.empty(shape)
        try backend.tokenLogProbabilities(
          x, targets: targets, into: results[0], logSumExp: results[1])
        try backend.tokenLogProbabilitiesGradient(
          x, targets: targets, logSumExp: results[1], outputGradient: upstream, into: gradient)
        try backend.tokenLogProbabilitiesInPlace(
          replaced, targets: targets, outputGradient: upstream, into: results[2])
        for (one, other) in [(replaced, gradient), (results[2], results[0])] {
          expectSame(
            try one.floats().map(\.bitPattern), try other.floats().map(\.bitPattern),
            "V \(vocabulary)")
        }
      }
    }

    /// "Where g is 0 the row is exactly 0", whatever the logits hold.
    @Test(arguments: availableBackends)
    func rowsWithoutGradientAreZero(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let vocabulary = 35
      let logits =
        [Float](repeating: .nan, count: vocabulary)
        + [Float](repeating: .infinity, count: vocabulary)
        + [Float](repeating: -.infinity, count: vocabulary)
      let gradient = try backend.empty([1, 3, vocabulary])
      try backend.tokenLogProbabilitiesGradient(
        try backend.tensor(logits, [1, 3, vocabulary]),
        targets: try backend.tensor([0, 1, 2] as [Int32], [1, 3]),
        logSumExp: try backend.tensor([.nan, .infinity, -.infinity], [1, 3]),
        outputGradient: try backend.tensor([0, 0, -0.0], [1, 3]), into: gradient)
      #expect(try gradient.floats().allSatisfy { $0 == 0 })
    }
  }
}
