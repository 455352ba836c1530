public import Foundation
import Tensors

/// Finds the fastest tiling of products on a device by trying all that it can run.
///
/// Every tiling's result is held to the first one's bytes before it is timed, and the first one's to
/// sums in double precision. A backend that was made before goes on with what it had.
public final class ProductTuner {
  private let backend: OpenCLBackend
  private let folder: URL
  public private(set) var record: TuningRecord

  public init(_ backend: OpenCLBackend, folder: URL = TuningRecord.standardFolder) {
    self.backend = backend
    self.folder = folder
    record = backend.tuning
  }

  /// A tiling that made other numbers than it has to: nothing is kept of such a device.
  public struct WrongProduct: Error, CustomStringConvertible {
    public let shape: ProductShape
    public let tiling: ProductTiling

    public var description: String {
      "the product \(shape) is wrong in tiles of \(tiling); try check-device"
    }
  }

  /// Tunes one product and keeps the result.
  ///
  /// - Parameters:
  ///   - rounds: of each tiling, alternating.
  ///   - secondsPerRound: the least that a round takes.
  public func tune(
    _ shape: ProductShape, rounds: Int = 5, secondsPerRound: Double = 0.02
  ) throws -> TuningRecord.Entry {
    let problem = try Problem(shape, on: backend)
    defer { backend.forcedTiling = nil }
    let tilings = backend.tilings
    var expected: [UInt32]?
    var calls: [Int] = []
    for tiling in tilings {
      backend.forcedTiling = tiling
      let bits = try problem.run()
      if expected == nil, problem.isRight(bits) { expected = bits }
      guard bits == expected else { throw WrongProduct(shape: shape, tiling: tiling) }
      calls.append(max(1, Int(secondsPerRound / max(try problem.seconds(calls: 2), 1e-7))))
    }
    var seconds = [[Double]](repeating: [], count: tilings.count)
    for _ in 0..<rounds {
      for (index, tiling) in tilings.enumerated() {
        backend.forcedTiling = tiling
        seconds[index].append(try problem.seconds(calls: calls[index]))
      }
    }
    let outcomes = zip(tilings, seconds).map { tiling, seconds in
      let sorted = seconds.sorted()
      return TuningRecord.Outcome(
        tiling: tiling, median: sorted[rounds / 2], least: sorted[0], most: sorted[rounds - 1])
    }
    // The guess stays unless another is faster in its slowest round than the guess in its fastest:
    // noise chooses nothing.
    backend.forcedTiling = nil
    let guess = backend.guess(for: problem.sizes)
    let guessed = outcomes.first { $0.tiling == guess } ?? outcomes[0]
    let best = outcomes.filter { $0.most < guessed.least }.min { $0.median < $1.median }
    let entry = TuningRecord.Entry(
      shape: shape, chosen: (best ?? guessed).tiling, outcomes: outcomes)
    record.replace(entry)
    try record.keep(in: folder)
    return entry
  }

  /// The operands of a product, and its result.
  private struct Problem {
    let backend: OpenCLBackend
    let sizes: MatrixProduct
    let left: Tensor
    let right: Tensor
    let output: Tensor
    let leftValues: [Float]
    let rightValues: [Float]

    init(_ shape: ProductShape, on backend: OpenCLBackend) throws {
      self.backend = backend
      let (r, m, n, k) = (shape.replicas, shape.rows, shape.columns, shape.inner)
      let (transposeLeft, transposeRight) = (
        shape.form.hasPrefix("T"), shape.form.hasSuffix("T")
      )
      var stream = Philox(seed: 1).stream(.tests)
      func random(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(Int32(bitPattern: stream.nextWord())) * 0x1p-31 }
      }
      (leftValues, rightValues) = (random(r * m * k), random(r * k * n))
      left = try backend.tensor(leftValues, transposeLeft ? [r, k, m] : [r, m, k])
      right = try backend.tensor(rightValues, transposeRight ? [r, n, k] : [r, k, n])
      output = try backend.empty([r, m, n])
      sizes = MatrixProduct(
        left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: nil,
        into: output)
    }

    private func multiply() throws {
      try backend.matmul(
        left, transposeLeft: sizes.transposeLeft, right, transposeRight: sizes.transposeRight,
        adding: nil, into: output)
    }

    func run() throws -> [UInt32] {
      try backend.fill(output, bits: 0x7fc0_dead)
      try multiply()
      return try output.floats().map(\.bitPattern)
    }

    func seconds(calls: Int) throws -> Double {
      try backend.finish()
      let start = ContinuousClock.now
      for _ in 0..<calls { try multiply() }
      try backend.finish()
      let time = (ContinuousClock.now - start).components
      return (Double(time.seconds) + Double(time.attoseconds) * 1e-18) / Double(calls)
    }

    /// Whether elements along a diagonal through all rows, columns and replicas are within the bound of
    /// the contract.
    func isRight(_ bits: [UInt32]) -> Bool {
      let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
      return (0..<sizes.replicas * max(m, n)).allSatisfy { index in
        let (r, row, column) = (index / max(m, n), index % m, index % n)
        var (sum, magnitude) = (0.0, 0.0)
        for i in 0..<k {
          let a = leftValues[r * m * k + (sizes.transposeLeft ? i * m + row : row * k + i)]
          let b = rightValues[r * k * n + (sizes.transposeRight ? column * k + i : i * n + column)]
          sum += Double(a) * Double(b)
          magnitude += abs(Double(a) * Double(b))
        }
        let result = Double(Float(bitPattern: bits[(r * m + row) * n + column]))
        return abs(result - sum) <= Double(k + 8) * 0x1p-24 * magnitude
      }
    }
  }
}
