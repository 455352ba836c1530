import Foundation
import Random
import TestSupport
import Testing

/// The random numbers of every backend, against the vectors of their authors.
@Suite struct PhiloxTests {
  /// Random123 1.14.0, tests/kat_vectors, the three lines "philox4x32 10".
  static let vectors: [(counter: [UInt32], key: [UInt32], words: [UInt32])] = [
    ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    (
      [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
      [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    ),
    (
      [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
      [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    ),
  ]

  @Test(arguments: 0..<3)
  func knownAnswers(_ number: Int) {
    let (counter, key, expected) = Self.vectors[number]
    let philox = Philox(seed: UInt64(key[0]) | UInt64(key[1]) << 32)
    let words = philox.words((counter[0], counter[1], counter[2], counter[3]))
    #expect([words.0, words.1, words.2, words.3] == expected)
  }

  /// A stream's words are those of the counter (block, index, step, purpose).
  @Test func streamsAreCounters() {
    let philox = Philox(seed: 0x0123_4567_89ab_cdef)
    var stream = philox.stream(.redTeamResponses(round: 5, first: 11))
    for block: UInt32 in 0..<3 {
      let words = philox.words((block, 11, 7, 9))
      #expect(stream.nextWord() == words.0)
      #expect(stream.nextWord() == words.1)
      #expect(stream.next() == UInt64(words.2) | UInt64(words.3) << 32)
    }
  }

  @Test func streamsDoNotMeet() {
    var seen: Set<UInt64> = []
    var count = 0
    for seed: UInt64 in [0, 1, 1 << 32] {
      for stream in RandomStreamTests.pins.map(\.stream) {
        var stream = Philox(seed: seed).stream(stream)
        for _ in 0..<8 {
          seen.insert(stream.next())
          count += 1
        }
      }
    }
    #expect(seen.count == count)
  }

  /// Every value of a small bound, evenly: chi-square of six degrees of freedom, 99.9 % quantile
  /// 22.46 (scipy.stats.chi2.ppf(0.999, 6)).
  @Test func boundedDrawsAreEven() {
    var stream = Philox(seed: 42).stream(.tests())
    var counts = [Double](repeating: 0, count: 7)
    for _ in 0..<7000 { counts[stream.next(below: 7)] += 1 }
    let chiSquare = counts.reduce(0) { $0 + ($1 - 1000) * ($1 - 1000) / 1000 }
    #expect(chiSquare < 22.46)
    #expect((0..<100).allSatisfy { _ in stream.next(below: 1) == 0 })
  }

  @Test func uniformsAndNormalsHaveTheirMoments() {
    var stream = Philox(seed: 43).stream(.tests())
    let count = 20000
    let uniforms = (0..<count).map { _ in stream.nextUniform() }
    #expect(uniforms.allSatisfy { $0 > 0 && $0 < 1 })
    // The mean of n uniforms has the deviation 1/√(12 n) = 0.00204; five of them.
    #expect(abs(uniforms.reduce(0, +) / Double(count) - 0.5) < 0.0103)
    let pairs = (0..<count / 2).map { _ in stream.nextNormals() }
    let normals = pairs.flatMap { [$0.0, $0.1] }
    let mean = normals.reduce(0, +) / Double(count)
    let square = normals.reduce(0) { $0 + $1 * $1 } / Double(count)
    let product = pairs.reduce(0) { $0 + $1.0 * $1.1 } / Double(count / 2)
    #expect(abs(mean) < 5 / Double(count).squareRoot())
    #expect(abs(square - 1) < 5 * (2 / Double(count)).squareRoot())
    #expect(abs(product) < 5 / Double(count / 2).squareRoot())
  }
}
