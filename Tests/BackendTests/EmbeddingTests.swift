import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct EmbeddingTests {
    /// Replicas, positions, rows of the table, channels.
    static let sizes: [(Int, Int, Int, Int)] = [
      (1, 1, 1, 1), (2, 2, 7, 8), (3, 7, 2, 15), (1, 8, 16, 16), (2, 15, 17, 31), (3, 33, 8, 17),
      (1, 63, 257, 33), (2, 65, 31, 64), (1, 129, 97, 65), (1, 4099, 33, 8), (1, 97, 4099, 7),
    ]

    @Test(arguments: availableBackends)
    func embedding(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count, rows, channels)) in Self.sizes.enumerated() {
        try Trace.with("seed = \(6000 + number), \(replicas) x \(count) of \(rows) x \(channels)") {
          var numbers = TestNumbers(seed: 6000 + number)
          let indices = numbers.integers(replicas * count, in: 0..<rows)
          let table = numbers.awkward(replicas * rows * channels)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let output = try tensors.output([replicas, count, channels])
          try backend.embedding(
            try tensors.input(indices, [replicas, count]),
            table: try tensors.input(table, [replicas, rows, channels]), into: output)
          expectWithin(
            try output.floats(),
            Oracle.embedding(
              indices, table: table.doubles, replicas: replicas, rows: rows, channels: channels),
            "embedding")
          try tensors.verify()
        }
      }
    }

    /// Rows that many, one and no position reach; a skewed draw makes all three likely.
    @Test(arguments: availableBackends)
    func embeddingGradient(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count, rows, channels)) in Self.sizes.enumerated() {
        for accumulate in [false, true] {
          try Trace.with(
            "seed = \(6100 + number), \(replicas) x \(count) of \(rows) x \(channels), \(accumulate)"
          ) {
            var numbers = TestNumbers(seed: 6100 + number)
            let indices = numbers.integers(replicas * count, in: 0..<rows).map {
              $0 % 5 == 0 ? 0 : $0
            }
            let upstream = numbers.awkward(replicas * count * channels)
            let held = numbers.awkward(replicas * rows * channels)
            let tensors = GuardedTensors(backend, layout: layout(number))
            let shape: Shape = [replicas, rows, channels]
            let gradient =
              accumulate ? try tensors.updated(held, shape) : try tensors.output(shape)
            try backend.embeddingGradient(
              try tensors.input(indices, [replicas, count]),
              outputGradient: try tensors.input(upstream, [replicas, count, channels]),
              accumulate: accumulate, into: gradient)
            expectWithin(
              try gradient.floats(),
              Oracle.embeddingGradient(
                indices, outputGradient: upstream.doubles,
                accumulatingOn: accumulate ? held.doubles : nil, replicas: replicas, rows: rows,
                channels: channels),
              "embedding gradient", mostlyZero: !accumulate)
            try tensors.verify()
          }
        }
      }
    }
  }
}
