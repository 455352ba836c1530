import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct NormalizationTests {
    /// Replicas, rows, channels.
    static let sizes: [(Int, Int, Int)] = [
      (1, 1, 1), (2, 2, 7), (3, 7, 8), (1, 8, 15), (2, 15, 16), (3, 16, 17), (1, 17, 31),
      (2, 31, 33), (3, 33, 64), (1, 65, 65), (2, 97, 63), (1, 129, 129), (1, 257, 32),
      (1, 4099, 16), (2, 3, 4099),
    ]

    @Test(arguments: availableBackends)
    func rmsNorm(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, channels)) in Self.sizes.enumerated() {
        try Trace.with("seed = \(4000 + number), R = \(replicas), rows \(rows), C = \(channels)") {
          var numbers = TestNumbers(seed: 4000 + number)
          let input = numbers.awkward(replicas * rows * channels)
          let weight = numbers.normals(replicas * channels)
          let epsilon: Float = number % 2 == 0 ? 1e-5 : 1e-6
          let tensors = GuardedTensors(backend, layout: layout(number))
          let output = try tensors.output([replicas, rows, channels])
          let scale = try tensors.output([replicas, rows])
          try backend.rmsNorm(
            try tensors.input(input, [replicas, rows, channels]),
            weight: try tensors.input(weight, [replicas, channels]), epsilon: epsilon,
            into: output, scale: scale)
          let expected = Oracle.rmsNorm(
            input.doubles, weight: weight.doubles, epsilon: Double(epsilon), replicas: replicas,
            rows: rows, channels: channels)
          expectWithin(try output.floats(), expected.output, "rmsNorm")
          expectWithin(try scale.floats(), expected.scale, "scale")
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func rmsNormGradient(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, channels)) in Self.sizes.enumerated() {
        for adding in MatrixTests.Adding.allCases {
          try Trace.with(
            "seed = \(4100 + number), R = \(replicas), rows \(rows), C = \(channels), \(adding)"
          ) {
            var numbers = TestNumbers(seed: 4100 + number)
            let shape: Shape = [replicas, rows, channels]
            let input = numbers.awkward(shape.elementCount)
            let weight = numbers.normals(replicas * channels)
            let upstream = numbers.normals(shape.elementCount)
            let addend = numbers.awkward(shape.elementCount)
            let scale = Oracle.rmsNorm(
              input.doubles, weight: weight.doubles, epsilon: 1e-5, replicas: replicas,
              rows: rows, channels: channels
            ).scale.floats
            let tensors = GuardedTensors(backend, layout: layout(number))
            let output: Tensor
            let added: Tensor?
            switch adding {
            case .nothing: (added, output) = (nil, try tensors.output(shape))
            case .another:
              (added, output) = (try tensors.input(addend, shape), try tensors.output(shape))
            case .output:
              output = try tensors.updated(addend, shape)
              added = output
            }
            let weightGradient = try tensors.output([replicas, channels])
            try backend.rmsNormGradient(
              try tensors.input(input, shape),
              weight: try tensors.input(weight, [replicas, channels]),
              scale: try tensors.input(scale, [replicas, rows]),
              outputGradient: try tensors.input(upstream, shape), adding: added,
              into: output, weightGradient: weightGradient)
            let expected = Oracle.rmsNormGradient(
              input.doubles, weight: weight.doubles, scale: scale.doubles,
              outputGradient: upstream.doubles,
              adding: adding == .nothing ? nil : addend.doubles, replicas: replicas, rows: rows,
              channels: channels)
            expectWithin(try output.floats(), expected.input, "input gradient")
            expectWithin(try weightGradient.floats(), expected.weight, "weight gradient")
            try tensors.verify()
          }
        }
      }
    }

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
