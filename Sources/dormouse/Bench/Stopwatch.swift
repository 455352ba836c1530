/// The times of a call, measured in rounds.
struct RoundTimes {
  /// Seconds of one call: one number per round, ascending.
  let seconds: [Double]

  var median: Double { seconds[seconds.count / 2] }

  /// Measures a call in rounds. Each round is long enough for the clock. One call before them is not
  /// counted, because the first call compiles kernels and allocates memory.
  ///
  /// - Parameter body: Makes a number of calls and waits for the last.
  init(
    rounds: Int, secondsPerRound: Double = 0.05, _ body: (_ calls: Int) throws -> Void
  ) rethrows {
    var calls = 1
    var last = try Self.time { try body(1) }
    while last < secondsPerRound && calls < 1 << 20 {
      calls =
        last <= 0 ? calls * 2 : max(calls + 1, Int(Double(calls) * 1.2 * secondsPerRound / last))
      last = try Self.time { try body(calls) }
    }
    seconds = try (0..<rounds).map { _ in
      try Self.time { try body(calls) } / Double(calls)
    }.sorted()
  }

  static func time(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).seconds
  }
}
