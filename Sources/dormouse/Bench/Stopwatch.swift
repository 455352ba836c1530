/// How long something took, in rounds.
struct RoundTimes {
  /// Seconds of one call, a number per round, ascending.
  let seconds: [Double]

  var median: Double { seconds[seconds.count / 2] }

  /// Times a call in rounds, each long enough for the clock; one call before is not counted, since
  /// kernels are compiled and memory is allocated at first use.
  ///
  /// - Parameter body: makes a number of calls and waits for the last.
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
