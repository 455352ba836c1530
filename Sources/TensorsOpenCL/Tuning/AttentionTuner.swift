import Conformance
public import Foundation
import Kernels
public import Tensors

/// A kernel of attention with `manyItems`, whose tile can be tuned.
public enum AttentionKernel: String, Codable, CaseIterable, Sendable {
  case forward
  case gradientQuery = "gradient query"
  case gradientKey = "gradient key"

  /// Whether its tile changes the last bits of results. The forward pass rescales its sums once per tile.
  /// The gradients add all terms in ascending order in any tile.
  public var tileDecidesBytes: Bool { self == .forward }

  var program: KernelProgram {
    switch self {
    case .forward: .attentionForwardLocal
    case .gradientQuery: .attentionGradientQueryLocal
    case .gradientKey: .attentionGradientKeyLocal
    }
  }
}

extension TuningRecord {
  /// The tile of a kernel of attention for all calls of one head width, and the outcomes of all tried
  /// tiles.
  ///
  /// The tile of the forward pass changes the last bits of results. So it is one for all numbers of
  /// positions: a sequence has the same bytes in every batch.
  public struct AttentionEntry: Codable, Sendable {
    public let kernel: AttentionKernel
    public let headWidth: Int
    public let chosen: Int
    /// The tile without tuning.
    public let guess: Int
    public let outcomes: [Outcome]

    /// A tile's time per call in seconds, as of `TuningRecord.Outcome`. The calls of a gradient include
    /// both of its kernels.
    public struct Outcome: Codable, Sendable {
      public let tile: Int
      public let median: Double
      public let least: Double
      public let most: Double
    }
  }

  /// The entry of a kernel and a head width.
  public func entry(for kernel: AttentionKernel, headWidth: Int) -> AttentionEntry? {
    attention?.first { $0.kernel == kernel && $0.headWidth == headWidth }
  }

  /// The tiles that are not those without tuning. A record is a file that may have any content, so a tile
  /// must be one of those that exist.
  var changedTiles: [AttentionEntry] {
    (attention ?? []).filter {
      $0.chosen != $0.guess && AttentionTiles.all.contains($0.chosen)
    }
    .sorted { ($0.headWidth, $0.kernel.rawValue) < ($1.headWidth, $1.kernel.rawValue) }
  }

  /// The changed tiles that decide bytes, for the description of an implementation.
  var changedTilesText: String {
    changedTiles.filter(\.kernel.tileDecidesBytes).map {
      ", attention in tiles of \($0.chosen) (D \($0.headWidth))"
    }.joined()
  }
}

/// A tuner, which finds the fastest tiles of attention's kernels by trying all tiles that a device can
/// run.
///
/// Before the timing, the results in every tile are compared with sums in double precision. Existing
/// backends keep their tiles.
public final class AttentionTuner {
  private let backend: OpenCLBackend
  private let folder: URL
  public private(set) var record: TuningRecord

  /// - Parameter record: the record to add to; nil takes the device's.
  public init(
    _ backend: OpenCLBackend, record: TuningRecord? = nil,
    folder: URL = TuningRecord.standardFolder
  ) {
    self.backend = backend
    self.folder = folder
    self.record = record ?? backend.tuning
  }

  /// A tile with a wrong result. No tuning of such a device is kept.
  public struct WrongAttention: Error, CustomStringConvertible {
    public let tile: Int
    public let note: String

    public var description: String {
      "attention is wrong in tiles of \(tile): \(note); try check-device"
    }
  }

  /// Tunes the kernels of one head width and keeps the result. Empty if the device has no tiles to choose
  /// from: with `wideItems`.
  ///
  /// - Parameters:
  ///   - sizes: the sizes of the timed calls, with more positions than the largest tile.
  ///   - rounds: the rounds per tile, in alternation.
  ///   - secondsPerRound: the shortest duration of a round.
  /// - Throws: `WrongAttention`, a failure of the device, or a failure to write the record.
  public func tune(
    _ sizes: AttentionSizes, rounds: Int = 5, secondsPerRound: Double = 0.02
  ) throws -> [TuningRecord.AttentionEntry] {
    guard backend.style == .manyItems else { return [] }
    defer { backend.forcedAttentionTiles = [:] }
    for tile in AttentionTiles.all { try check(tile, headWidth: sizes.headWidth) }
    let calls = try calls(sizes)
    let entries = try AttentionKernel.allCases.map { kernel in
      let (call, tensors) = kernel == .forward ? calls.forward : calls.gradient
      return try entry(
        of: kernel, headWidth: sizes.headWidth, rounds: rounds, secondsPerRound: secondsPerRound
      ) { try call(on: backend, tensors) }
    }
    for entry in entries { record.replace(entry) }
    try record.keep(in: folder)
    return entries
  }

  private typealias Call = (call: OperationCase, tensors: [Tensor])

  private func calls(_ sizes: AttentionSizes) throws -> (forward: Call, gradient: Call) {
    var numbers = TestNumbers(seed: 3)
    let rows = sizes.rows * sizes.positions
    let projection = numbers.operands(rows * 3 * sizes.channels, .float32)
    let lengths = [Int32](repeating: Int32(sizes.positions), count: sizes.rows)
    let table = sizes.headWidth % 2 == 0 ? sizes.rotaryTable : nil
    let forward = OperationCase.attention(
      sizes, projection: projection, rotaryTable: table, lengths: lengths)
    let tensors = try forward.tensors(on: backend)
    backend.forcedAttentionTiles = [:]
    try forward(on: backend, tensors)
    let gradient = OperationCase.attentionGradient(
      sizes, projection: projection, rotaryTable: table, lengths: lengths,
      output: try tensors[2].floats(),
      logSumExp: try tensors[3].floats(),
      outputGradient: numbers.operands(rows * sizes.channels, .float32))
    return ((forward, tensors), (gradient, try gradient.tensors(on: backend)))
  }

  /// The largest tile is the guess, as without tuning.
  private func entry(
    of kernel: AttentionKernel, headWidth: Int, rounds: Int, secondsPerRound: Double,
    _ call: () throws -> Void
  ) throws -> TuningRecord.AttentionEntry {
    func seconds(_ tile: Int, calls: Int) throws -> Double {
      backend.forcedAttentionTiles = [kernel: tile]
      try backend.finish()
      let start = ContinuousClock.now
      for _ in 0..<calls { try call() }
      try backend.finish()
      let time = (ContinuousClock.now - start).components
      return (Double(time.seconds) + Double(time.attoseconds) * 1e-18) / Double(calls)
    }
    let tiles = backend.usableTiles(of: kernel, headWidth: headWidth)
    let calls = try tiles.map { tile in
      // The first call may compile.
      _ = try seconds(tile, calls: 1)
      return max(1, Int(secondsPerRound / max(try seconds(tile, calls: 2), 1e-7)))
    }
    var times = [[Double]](repeating: [], count: tiles.count)
    for _ in 0..<rounds {
      for (index, tile) in tiles.enumerated() {
        times[index].append(try seconds(tile, calls: calls[index]))
      }
    }
    let outcomes = zip(tiles, times).map { tile, seconds in
      let sorted = seconds.sorted()
      return TuningRecord.AttentionEntry.Outcome(
        tile: tile, median: sorted[rounds / 2], least: sorted[0], most: sorted[rounds - 1])
    }
    // As for products: noise does not change the choice.
    let best = outcomes.filter { $0.most < outcomes[0].least }.min { $0.median < $1.median }
    return TuningRecord.AttentionEntry(
      kernel: kernel, headWidth: headWidth, chosen: (best ?? outcomes[0]).tile, guess: tiles[0],
      outcomes: outcomes)
  }

  /// Compares both directions in a tile with the definition, on two tiles of positions and a part of one.
  private func check(_ tile: Int, headWidth: Int) throws {
    let usable = AttentionKernel.allCases.filter {
      backend.usableTiles(of: $0, headWidth: headWidth).contains(tile)
    }
    backend.forcedAttentionTiles = Dictionary(uniqueKeysWithValues: usable.map { ($0, tile) })
    let sizes = AttentionSizes(
      replicas: 1, batch: 2, positions: 2 * tile + 3, heads: 2, headWidth: headWidth)
    var numbers = TestNumbers(seed: 4)
    let projection = numbers.normals(sizes.rows * sizes.positions * 3 * sizes.channels)
    let lengths = [Int32(sizes.positions), Int32(tile + 1)]
    let forward = OperationCase.attention(sizes, projection: projection, lengths: lengths)
    let expected = forward.expected()
    guard case .numbers(let output) = expected[0], case .numbers(let logSumExp) = expected[1] else {
      return
    }
    let gradient = OperationCase.attentionGradient(
      sizes, projection: projection, lengths: lengths, output: output.floats,
      logSumExp: logSumExp.floats,
      outputGradient: numbers.normals(sizes.rows * sizes.positions * sizes.channels))
    for (call, expected) in [(forward, expected), (gradient, gradient.expected())] {
      let outcome = try call.run(on: backend)
      if let note = outcome.violations.first
        ?? call.deviation(of: outcome, from: expected).note
      {
        throw WrongAttention(tile: tile, note: "\(call): \(note)")
      }
    }
  }
}
