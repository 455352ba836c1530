import Conformance
import Foundation
import Gradients
import TestSupport
import Tensors
import Testing

/// Log-probabilities whose logits are computed for some rows at a time.
@Suite struct ChunkedLossTests {
  static let (replicas, rows, channels, vocabulary, chunk) = (2, 10, 6, 23, 4)
  /// The second replica has no row in its last two chunks.
  static let counts: [Int32] = [7, 3]

  struct Outcome {
    var values: [Float]
    var inputGradient: [Float]
    var weightGradient: [Float]
  }

  let inputs: [Float]
  let weights: [Float]
  let targets: [Int32]
  let upstream: [Float]

  init() {
    var numbers = TestNumbers(seed: 4700)
    inputs = numbers.normals(Self.replicas * Self.rows * Self.channels)
    weights = numbers.normals(Self.replicas * Self.vocabulary * Self.channels)
    targets = numbers.integers(Self.replicas * Self.rows, in: 0..<Self.vocabulary)
    upstream = numbers.normals(Self.replicas * Self.rows)
  }

  /// The live rows of a batch in chunks of a size.
  static func live(_ size: Int, on backend: any Backend) throws -> LiveRows {
    let chunks = try stride(from: 0, to: rows, by: size).map { first in
      LiveRows(
        counts: try backend.tensor(
          counts.map { min(max($0 - Int32(first), 0), Int32(size)) }, [replicas]))
    }
    return LiveRows(
      counts: try backend.tensor(counts, [replicas]),
      chunks: LiveRows.Chunks(rows: size, live: chunks))
  }

  /// Rows without values hold NaN.
  func outcome(
    chunk: Int, isRagged: Bool, precision: Precision = .float32, on backend: any Backend
  ) throws -> Outcome {
    let (r, n, c, v) = (Self.replicas, Self.rows, Self.channels, Self.vocabulary)
    let live = isRagged ? try Self.live(chunk, on: backend) : nil
    var inputs = inputs
    if isRagged {
      for replica in 0..<r {
        for row in Int(Self.counts[replica])..<n {
          for channel in 0..<c { inputs[(replica * n + row) * c + channel] = .nan }
        }
      }
    }
    let tape = Tape(on: backend)
    let x = tape.input(try backend.tensor(inputs, [r, n, c]).with(live: live))
    let gradient = try backend.empty([r, v, c])
    let weight = tape.parameter(try backend.tensor(weights, [r, v, c]), gradient: gradient)
    let values = try tape.tokenLogProbabilities(
      x, weight: weight, targets: backend.tensor(targets, [r, n]).with(live: live),
      rowsPerChunk: chunk, precision: precision)
    let loss = try tape.weightedSum(
      values, weights: backend.tensor(upstream, [r, n]).with(live: live))
    try tape.backward(from: loss)
    return Outcome(
      values: try values.value.floats(),
      inputGradient: try #require(x.gradient).floats(), weightGradient: try gradient.floats())
  }

  /// Values and gradients by the definition in double precision, with the bounds of its operations:
  /// each product errs by (K + 8) 2⁻²⁴ Σ|terms|, a log-probability by twice the largest error of a logit
  /// and its own, and the gradient of a logit by the same error relative to the probability.
  private func expected(isRagged: Bool) -> (values: Expected, input: Expected, weight: Expected) {
    let (r, n, c, v) = (Self.replicas, Self.rows, Self.channels, Self.vocabulary)
    let unit = 0x1p-24
    let logits = Oracle.matmul(
      inputs.doubles, weights.doubles, adding: nil,
      MatrixProduct(replicas: r, rows: n, columns: v, inner: c, transposeRight: true))
    let logProbabilities = Oracle.tokenLogProbabilities(
      logits.values, targets: targets, vocabulary: v
    )
    var values = logProbabilities.logProbabilities
    var (input, weight) = (Expected(count: r * n * c), Expected(count: r * v * c))
    for replica in 0..<r {
      let count = isRagged ? Int(Self.counts[replica]) : n
      for row in 0..<n {
        let place = replica * n + row
        guard row < count else {
          values.bounds[place] = .infinity
          for channel in 0..<c { input.bounds[place * c + channel] = .infinity }
          continue
        }
        let range = place * v..<(place + 1) * v
        let logitError = range.map { logits.bounds[$0] }.max() ?? 0
        values.bounds[place] += 2 * logitError
        let sum = logProbabilities.logSumExp.values[place]
        let sumError = logProbabilities.logSumExp.bounds[place] + logitError
        for token in 0..<v {
          let p = exp(logits.values[place * v + token] - sum)
          let g = Double(upstream[place])
          let isTarget = Int(targets[place]) == token
          let dx = g * ((isTarget ? 1 : 0) - p)
          let error =
            abs(g) * (p * 1.01 * (logitError + sumError + 8 * unit) + (isTarget ? 2 * unit : 0))
          for channel in 0..<c {
            let x = Double(inputs[place * c + channel])
            let w = Double(weights[(replica * v + token) * c + channel])
            weight.values[(replica * v + token) * c + channel] += dx * x
            weight.bounds[(replica * v + token) * c + channel] +=
              abs(x) * (error + Double(n + 8) * unit * (abs(dx) + error))
            input.values[place * c + channel] += dx * w
            input.bounds[place * c + channel] +=
              abs(w) * (error + Double(v + 8) * unit * (abs(dx) + error))
          }
        }
      }
    }
    return (values, input, weight)
  }

  /// In any chunks, values and gradients are within the bounds of the definition.
  @Test(arguments: availableBackends, [false, true])
  func chunksAreRight(_ choice: BackendChoice, _ isRagged: Bool) throws {
    let backend = try choice.makeBackend()
    let expected = expected(isRagged: isRagged)
    for chunk in [1, 4, 5, Self.rows] {
      let outcome = try outcome(chunk: chunk, isRagged: isRagged, on: backend)
      Trace.with("chunks of \(chunk)") {
        expectWithin(outcome.values, expected.values, "values")
        expectWithin(outcome.inputGradient, expected.input, "input")
        expectWithin(outcome.weightGradient, expected.weight, "weight")
      }
    }
  }

  /// One chunk makes the calls of the separate operations, so its bytes are theirs. More chunks change
  /// the order of the weight's gradient alone.
  @Test(arguments: availableBackends, Precision.allCases)
  func oneChunkHasTheBytesOfTheOperations(
    _ choice: BackendChoice, _ precision: Precision
  ) throws {
    let backend = try choice.makeBackend()
    let (r, n, c, v) = (Self.replicas, Self.rows, Self.channels, Self.vocabulary)
    let one = try outcome(chunk: n, isRagged: false, precision: precision, on: backend)
    let tape = Tape(on: backend)
    let x = tape.input(try backend.tensor(inputs, [r, n, c]))
    let gradient = try backend.empty([r, v, c])
    let weight = tape.parameter(try backend.tensor(weights, [r, v, c]), gradient: gradient)
    let values = try tape.tokenLogProbabilities(
      tape.linear(x, weight: weight, precision: precision),
      targets: backend.tensor(targets, [r, n]))
    let loss = try tape.weightedSum(values, weights: backend.tensor(upstream, [r, n]))
    try tape.backward(from: loss)
    #expect(one.values == (try values.value.floats()))
    #expect(one.inputGradient == (try x.gradient?.floats()))
    #expect(one.weightGradient == (try gradient.floats()))
    guard choice != .cpu else { return }
    let chunked = try outcome(
      chunk: Self.chunk, isRagged: false, precision: precision, on: backend)
    #expect(chunked.values == one.values)
    #expect(chunked.inputGradient == one.inputGradient)
    #expect(chunked.weightGradient != one.weightGradient)
  }

  /// A replica's bytes in chunks do not depend on the replica beside it.
  @Test(arguments: availableBackends)
  func aReplicaAloneHasTheSameBytes(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let (n, c, v) = (Self.rows, Self.channels, Self.vocabulary)
    let both = try outcome(chunk: Self.chunk, isRagged: false, on: backend)
    let tape = Tape(on: backend)
    let gradient = try backend.empty([1, v, c])
    let weight = tape.parameter(
      try backend.tensor(Array(weights[(v * c)...]), [1, v, c]), gradient: gradient)
    let values = try tape.tokenLogProbabilities(
      tape.input(backend.tensor(Array(inputs[(n * c)...]), [1, n, c])), weight: weight,
      targets: backend.tensor(Array(targets[n...]), [1, n]), rowsPerChunk: Self.chunk,
      precision: .float32)
    let loss = try tape.weightedSum(
      values, weights: backend.tensor(Array(upstream[n...]), [1, n]))
    try tape.backward(from: loss)
    #expect(try values.value.floats() == Array(both.values[n...]))
    #expect(try gradient.floats() == Array(both.weightGradient[(v * c)...]))
  }

  /// Without chunks the logits and their gradient exist at the same time: 2 N rows of V. With chunks of n
  /// only n rows of V exist.
  @Test func memoryIsThatOfOneChunk() throws {
    let (n, c, v, chunk) = (16_384, 8, 50_257, 320)
    func peak(_ chunk: Int) throws -> Int {
      let backend = try BackendChoice.cpu.makeBackend().projection()
      let tape = Tape(on: backend)
      let weight = tape.parameter(
        try backend.empty([1, v, c]), gradient: try backend.empty([1, v, c]))
      let values = try tape.tokenLogProbabilities(
        tape.input(backend.empty([1, n, c])), weight: weight,
        targets: backend.empty([1, n], .int32), rowsPerChunk: chunk, precision: .float32)
      try tape.backward(from: tape.weightedSum(values, weights: backend.empty([1, n])))
      #expect(backend.memory.largest == 4 * min(chunk, n) * v)
      return backend.memory.peak
    }
    let (whole, chunked) = try (peak(n), peak(chunk))
    let (logits, part) = (4 * n * v, 4 * chunk * v)
    // A block is at most an eighth larger than the tensor. Everything else is below 8 MiB.
    #expect(whole >= 2 * logits && whole <= 2 * logits * 9 / 8 + 8 << 20)
    #expect(chunked >= part && chunked <= part * 9 / 8 + 8 << 20, "\(chunked)")
  }
}
