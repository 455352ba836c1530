import Conformance
import Foundation
import Random
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct SamplingTests {
    static func sample(
      _ logits: [Float], _ shape: Shape, temperature: Float, keys: [Int32], positions: [Int32],
      on backend: any Backend
    ) throws -> [Int32] {
      let rows: Shape = [shape[0], shape[1]]
      let output = try backend.empty(rows, .int32)
      try backend.sample(
        try backend.tensor(logits, shape), temperature: temperature,
        keys: try backend.tensor(keys, [shape[0], 2]),
        positions: try backend.tensor(positions, rows), into: output)
      return try output.integers()
    }

    /// Temperature 0: the lowest index of the largest logit.
    @Test(arguments: availableBackends)
    func greedyTakesTheFirstOfEquals(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let vocabulary = 131
      let rows: [(Int32, [Int])] = [
        (0, Array(0..<131)), (130, [130]), (64, [64, 65]), (3, [3, 70, 129]), (7, [7, 15, 23]),
      ]
      let logits = rows.flatMap { _, largest in
        (0..<vocabulary).map { largest.contains($0) ? Float(1.5) : Float(-2) }
      }
      let tokens = try Self.sample(
        logits, [1, 5, vocabulary], temperature: 0, keys: [1, 2], positions: [0, 0, 0, 0, 0],
        on: backend)
      #expect(tokens == rows.map(\.0))
      let masked = (0..<vocabulary).map { $0 == 77 ? Float(-3e38) : -Float.infinity }
      for temperature: Float in [0, 1] {
        #expect(
          try Self.sample(
            masked, [1, 1, vocabulary], temperature: temperature, keys: [1, 2], positions: [0],
            on: backend) == [77])
      }
    }

    /// 20,000 draws from eight tokens: chi-square of seven degrees of freedom, whose 99.9 %
    /// quantile is 24.32 (scipy.stats.chi2.ppf(0.999, 7)).
    @Test(arguments: availableBackends)
    func frequenciesFollowTheSoftmax(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let logits: [Float] = [0, 1, -1, 0.5, 2, -2, 0.25, 1.5]
      let temperature: Float = 0.8
      let (batch, rounds) = (500, 40)
      var counts = [Double](repeating: 0, count: 8)
      let repeated = (0..<batch).flatMap { _ in logits }
      for position in 0..<rounds {
        let tokens = try Self.sample(
          repeated, [1, batch, 8], temperature: temperature, keys: [20260, -77],
          positions: [Int32](repeating: Int32(position), count: batch), on: backend)
        for token in tokens { counts[Int(token)] += 1 }
      }
      let weights = logits.map { exp(Double($0) / Double(temperature)) }
      let total = weights.reduce(0, +)
      let draws = Double(batch * rounds)
      let chiSquare = zip(counts, weights).reduce(0.0) { sum, pair in
        let expected = draws * pair.1 / total
        return sum + (pair.0 - expected) * (pair.0 - expected) / expected
      }
      #expect(chiSquare < 24.32, "counts \(counts)")
    }

    /// A row's draw depends on its key, place and position: not on the batch's size, the other
    /// rows, or the other replicas.
    @Test(arguments: availableBackends)
    func drawsDependOnKeyPlaceAndPosition(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let vocabulary = 50
      let batch = 200
      let flat = [Float](repeating: 0, count: 2 * batch * vocabulary)
      func draw(keys: [Int32], position: Int32) throws -> [Int32] {
        try Self.sample(
          flat, [2, batch, vocabulary], temperature: 1, keys: keys,
          positions: [Int32](repeating: position, count: 2 * batch), on: backend)
      }
      let base = try draw(keys: [1, 2, 3, 4], position: 9)
      #expect(
        try Self.sample(
          Array(flat.prefix(7 * vocabulary)), [1, 7, vocabulary], temperature: 1, keys: [1, 2],
          positions: [Int32](repeating: 9, count: 7), on: backend) == Array(base.prefix(7)))
      #expect(
        try draw(keys: [3, 4, 1, 2], position: 9) == Array(base[batch...]) + Array(base[..<batch]))
      #expect(
        try Array(draw(keys: [1, 2, 7, 4], position: 9).prefix(batch))
          == Array(base.prefix(batch)))
      // Unrelated draws agree once in 50: of 200 that is 4 ± 2, and never 20.
      let others = [
        Array(base[batch...]),
        try Array(draw(keys: [1, 3, 3, 4], position: 9).prefix(batch)),
        try Array(draw(keys: [2, 2, 3, 4], position: 9).prefix(batch)),
        try Array(draw(keys: [1, 2, 3, 4], position: 10).prefix(batch)),
      ]
      for (number, other) in others.enumerated() {
        let agreements = zip(base, other).count { $0 == $1 }
        #expect(agreements < 20, "case \(number)")
      }
      let neighbours = zip(base, base.dropFirst()).count { $0 == $1 }
      #expect(neighbours < 30)
    }

    /// The largest u of all is 1 - 2⁻²⁴: rounded to 1 its noise would be infinite and a token of
    /// probability e⁻⁴⁰ would win. Its noise is 24 ln 2 = 16.6. The smallest is 2⁻²⁴.
    @Test(arguments: availableBackends)
    func uniformsEndBeforeZeroAndOne(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for extreme in ExtremeDraw.all {
        let words = Philox(seed: 5).words(
          (UInt32(bitPattern: extreme.position), 0, 0, Philox.Purpose.sampling.rawValue))
        let word = [words.0, words.1, words.2, words.3][extreme.token]
        #expect(word >> 9 == extreme.bits)
        for other in [Float](arrayLiteral: 10, 40) {
          let logits = (0..<4).map { $0 == extreme.token ? 0 : other }
          let expected = Oracle.sample(
            logits.doubles, vocabulary: 4, temperature: 1, keys: [5, 0],
            positions: [extreme.position])
          #expect(expected[0].acceptable.count == 1)
          #expect(
            try Self.sample(
              logits, [1, 1, 4], temperature: 1, keys: [5, 0], positions: [extreme.position],
              on: backend) == [Int32(expected[0].token)], "others at \(other)")
        }
      }
    }
  }
}
