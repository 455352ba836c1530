import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct LossTests {
    /// Replicas, rows, vocabulary.
    static let sizes: [(Int, Int, Int)] = [
      (1, 1, 1), (2, 2, 2), (3, 1, 7), (1, 7, 8), (2, 8, 15), (3, 15, 16), (1, 16, 17),
      (2, 17, 31), (1, 31, 33), (3, 33, 63), (1, 64, 64), (2, 65, 65), (1, 97, 129), (2, 15, 257),
      (1, 4099, 8), (1, 3, 4099),
    ]

    @Test(arguments: availableBackends)
    func tokenLogProbabilities(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, vocabulary)) in Self.sizes.enumerated() {
        try Trace.with("seed = \(7000 + number), \(replicas) x \(rows), V = \(vocabulary)") {
          var numbers = TestNumbers(seed: 7000 + number)
          let logits = numbers.normals(
            replicas * rows * vocabulary, scale: number % 3 == 0 ? 20 : 3)
          let targets = numbers.integers(replicas * rows, in: 0..<vocabulary)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let logProbabilities = try tensors.output([replicas, rows])
          let logSumExp = try tensors.output([replicas, rows])
          try backend.tokenLogProbabilities(
            try tensors.input(logits, [replicas, rows, vocabulary]),
            targets: try tensors.input(targets, [replicas, rows]), into: logProbabilities,
            logSumExp: logSumExp)
          let expected = Oracle.tokenLogProbabilities(
            logits.doubles, targets: targets, vocabulary: vocabulary)
          expectWithin(
            try logProbabilities.floats(), expected.logProbabilities, "log-probabilities",
            mostlyZero: vocabulary == 1)
          expectWithin(try logSumExp.floats(), expected.logSumExp, "log-sum-exp")
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func tokenLogProbabilitiesGradient(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, vocabulary)) in Self.sizes.enumerated() {
        for isInPlace in [false, true] {
          try Trace.with(
            "seed = \(7100 + number), \(replicas) x \(rows), V = \(vocabulary), \(isInPlace)"
          ) {
            var numbers = TestNumbers(seed: 7100 + number)
            let logits = numbers.normals(replicas * rows * vocabulary, scale: 3)
            let targets = numbers.integers(replicas * rows, in: 0..<vocabulary)
            // Every fifth row carries no gradient.
            let upstream = numbers.normals(replicas * rows).enumerated().map {
              $0 % 5 == 4 ? 0 : $1
            }
            let logSumExp = Oracle.tokenLogProbabilities(
              logits.doubles, targets: targets, vocabulary: vocabulary
            ).logSumExp.floats
            let shape: Shape = [replicas, rows, vocabulary]
            let tensors = GuardedTensors(backend, layout: layout(number))
            let input =
              isInPlace ? try tensors.updated(logits, shape) : try tensors.input(logits, shape)
            let gradient = isInPlace ? input : try tensors.output(shape)
            try backend.tokenLogProbabilitiesGradient(
              input, targets: try tensors.input(targets, [replicas, rows]),
              logSumExp: try tensors.input(logSumExp, [replicas, rows]),
              outputGradient: try tensors.input(upstream, [replicas, rows]), into: gradient)
            expectWithin(
              try gradient.floats(),
              Oracle.tokenLogProbabilitiesGradient(
                logits.doubles, targets: targets, logSumExp: logSumExp.doubles,
                outputGradient: upstream.doubles, vocabulary: vocabulary),
              "gradient", mostlyZero: vocabulary == 1)
            try tensors.verify()
          }
        }
      }
    }

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

    /// Replicas and values per replica.
    static let sums: [(Int, Int)] = [
      (1, 1), (2, 2), (3, 7), (1, 8), (2, 15), (3, 16), (1, 17), (2, 33), (1, 64), (3, 129),
      (2, 257), (1, 4099), (2, 70001),
    ]

    @Test(arguments: availableBackends)
    func weightedSumAndGradient(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count)) in Self.sums.enumerated() {
        try Trace.with("seed = \(7200 + number), \(replicas) x \(count)") {
          var numbers = TestNumbers(seed: 7200 + number)
          let values = numbers.awkward(replicas * count)
          let weights = numbers.awkward(replicas * count)
          let upstream = numbers.normals(replicas)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let weightTensor = try tensors.input(weights, [replicas, count])
          let output = try tensors.output([replicas])
          try backend.weightedSum(
            try tensors.input(values, [replicas, count]), weights: weightTensor, into: output)
          expectWithin(
            try output.floats(),
            Oracle.weightedSum(values.doubles, weights: weights.doubles, replicas: replicas),
            "weightedSum", mostlyZero: count == 1)
          let gradient = try tensors.output([replicas, count])
          try backend.weightedSumGradient(
            weights: weightTensor, outputGradient: try tensors.input(upstream, [replicas]),
            into: gradient)
          expectWithin(
            try gradient.floats(),
            Oracle.weightedSumGradient(weights: weights.doubles, outputGradient: upstream.doubles),
            "weightedSum gradient", mostlyZero: count == 1)
          try tensors.verify()
        }
      }
    }
  }
}
