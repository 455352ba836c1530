import Conformance
public import Foundation
import Tensors

/// A tuner, which finds the fastest tiling of products by trying all tilings that a device can run.
///
/// Before the timing, the bytes of every tiling's result are compared with those of the first
/// tiling, and the first result is compared with sums in double precision. Existing backends keep
/// their earlier tuning.
public final class ProductTuner {
  private let backend: OpenCLBackend
  private let folder: URL
  public private(set) var record: TuningRecord

  public init(_ backend: OpenCLBackend, folder: URL = TuningRecord.standardFolder) {
    self.backend = backend
    self.folder = folder
    record = backend.tuning
  }

  /// A tiling with a wrong result. No tuning of such a device is kept.
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
  ///   - rounds: the rounds per tiling, in alternation.
  ///   - secondsPerRound: the shortest duration of a round.
  /// - Throws: `WrongProduct`, a failure of the device, or a failure to write the record.
  public func tune(
    _ shape: ProductShape, rounds: Int = 5, secondsPerRound: Double = 0.02
  ) throws -> TuningRecord.Entry {
    let problem = shape.problem()
    let tensors = try problem.tensors(on: backend)
    let output = tensors[tensors.count - 1]
    func seconds(calls: Int) throws -> Double {
      try backend.finish()
      let start = ContinuousClock.now
      for _ in 0..<calls { try problem(on: backend, tensors) }
      try backend.finish()
      let time = (ContinuousClock.now - start).components
      return (Double(time.seconds) + Double(time.attoseconds) * 1e-18) / Double(calls)
    }

    defer { backend.forcedTiling = nil }
    let tilings = backend.tilings(for: shape.precision)
    let expected = problem.expected()[0]
    var first: [UInt32]?
    var calls: [Int] = []
    for tiling in tilings {
      backend.forcedTiling = tiling
      try backend.fill(output, bits: Float.nan.bitPattern)
      try problem(on: backend, tensors)
      let bits = try output.floats().map(\.bitPattern)
      // Some thousand elements are compared in double precision, all elements by their bytes.
      guard first != nil || expected.deviation(of: bits).failures == 0, bits == first ?? bits
      else { throw WrongProduct(shape: shape, tiling: tiling) }
      first = bits
      calls.append(max(1, Int(secondsPerRound / max(try seconds(calls: 2), 1e-7))))
    }
    var times = [[Double]](repeating: [], count: tilings.count)
    for _ in 0..<rounds {
      for (index, tiling) in tilings.enumerated() {
        backend.forcedTiling = tiling
        times[index].append(try seconds(calls: calls[index]))
      }
    }
    let outcomes = zip(tilings, times).map { tiling, seconds in
      let sorted = seconds.sorted()
      return TuningRecord.Outcome(
        tiling: tiling, median: sorted[rounds / 2], least: sorted[0], most: sorted[rounds - 1])
    }
    // The guess stays unless another tiling's slowest round is faster than the guess's fastest
    // round. So noise does not change the choice.
    let guess = backend.guess(
      for: shape.product, on: shape.precision == .bfloat16 ? backend.matrixUnits : nil)
    let guessed = outcomes.first { $0.tiling == guess } ?? outcomes[0]
    let best = outcomes.filter { $0.most < guessed.least }.min { $0.median < $1.median }
    let entry = TuningRecord.Entry(
      shape: shape, chosen: (best ?? guessed).tiling, outcomes: outcomes)
    record.replace(entry)
    try record.keep(in: folder)
    return entry
  }
}
