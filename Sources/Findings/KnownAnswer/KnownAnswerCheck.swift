public import Random
public import Statistics

/// Runs the statistics of reports on simulated studies with known answers.
///
/// A pure function of the number of studies and the seed: every study of every scenario has its own
/// counter-based stream of random numbers.
public struct KnownAnswerCheck: Sendable {
  /// Simulated studies per scenario.
  public var studies: Int
  public var seed: UInt64

  public init(studies: Int = 1000, seed: UInt64 = 1) {
    self.studies = studies
    self.seed = seed
  }

  /// Every scenario in the order of the results page.
  public func run() -> [KnownAnswerRow] {
    proportions() + meanRates() + releases() + differences() + slopes() + verdicts()
  }

  /// The coverage of an interval: how often it contains the truth.
  ///
  /// - Parameter interval: The interval of one simulated study. Nil if there is none.
  public func coverage(
    _ scenario: String, _ statistic: String, seeds: Int, truth: Double,
    isComparison: Bool = false, interval: (inout Philox.Stream) throws -> Interval?
  ) -> KnownAnswerRow {
    var above = 0
    let outcomes = map(scenario, seeds) { stream -> Bool? in
      guard let interval = try? interval(&stream) else { return nil }
      if interval.lower > truth { above += 1 }
      return interval.contains(truth)
    }
    return KnownAnswerRow(
      scenario, statistic, seeds: seeds, .coverage, outcomes, above: above,
      isComparison: isComparison)
  }

  /// One value per simulated study.
  ///
  /// The scenario's name and the seeds determine the stream, so that a new scenario changes no
  /// other.
  func map<Value>(
    _ scenario: String, _ seeds: Int, _ body: (inout Philox.Stream) throws -> Value
  ) rethrows -> [Value] {
    try (0..<studies).map { study in
      var stream = Philox(seed: seed).stream(
        .simulation(scenario: scenario, study: study, seeds: seeds))
      return try body(&stream)
    }
  }

  // MARK: Coverage

  /// Wilson's interval over the prompts of one replica.
  private func proportions() -> [KnownAnswerRow] {
    [(0.01, 256), (0.1, 64), (0.5, 128), (0.9, 64), (0.99, 256)].map { rate, prompts in
      coverage(
        "one replica at \(rate), \(prompts) prompts", "Wilson over prompts", seeds: 1,
        truth: rate
      ) { stream in
        try Proportion(successes: stream.nextCount(rate, of: prompts), trials: prompts)
          .wilsonInterval()
      }
    }
  }

  /// The numbers of seeds of the published studies, and the smallest that gives useful intervals.
  static let seedCounts = [5, 8, 16]

  /// Cells, from the floor to the ceiling.
  static let cells: [SimulatedArms] = [
    SimulatedArms("rate in the middle", logits: [0]),
    SimulatedArms("rate in the middle, 64 prompts", logits: [0], prompts: 64),
    SimulatedArms("rate in the middle, 256 prompts", logits: [0], prompts: 256),
    SimulatedArms("seeds far apart, as at release points", logits: [-0.5], seedDeviation: 2.5),
    SimulatedArms("rate near 0", logits: [-4.5]),
    SimulatedArms("rate high", logits: [2.5]),
    SimulatedArms("rate near 1", logits: [4.5]),
    SimulatedArms("rate at the ceiling", logits: [7]),
    SimulatedArms(
      "high, but one seed in ten loses it", logits: [4.5], collapses: [0.1]),
  ]

  private func meanRates() -> [KnownAnswerRow] {
    Self.cells.flatMap { cell in
      Self.seedCounts.flatMap { seeds in
        let truth = cell.mean(0)
        return [
          coverage(cell.title, "mean rate, log-odds t", seeds: seeds, truth: truth) { stream in
            try rateEstimate(cell.rates(seeds: seeds, &stream)[0], prompts: cell.prompts).interval
          },
          coverage(
            cell.title, "mean rate, Student t", seeds: seeds, truth: truth, isComparison: true
          ) { stream in
            try seedLevelEstimate(cell.rates(seeds: seeds, &stream)[0]).interval
          },
          coverage(
            cell.title, "mean rate, bounded mean", seeds: seeds, truth: truth, isComparison: true
          ) { stream in
            try boundedMeanInterval(cell.rates(seeds: seeds, &stream)[0])
          },
        ]
      }
    }
  }

  /// Triggered rates at measured release points, of the seeds that reach one.
  private func releases() -> [KnownAnswerRow] {
    [
      SimulatedDecay("released early: half-life 1000 steps", halfLife: 1000, slope: 0),
      SimulatedDecay("released midway: half-life 200 steps", halfLife: 200, slope: 0),
      SimulatedDecay("released late: half-life 60 steps", halfLife: 60, slope: 0),
    ].flatMap { decay in
      // The truth has no formula: the mean over very many seeds.
      var stream = Philox(seed: seed).stream(.simulatedTruth(centre: Int(decay.centre * 1000)))
      let truth = decay.releaseOutcome(seeds: 40_000, &stream).estimate?.mean ?? .nan
      return Self.seedCounts.map { seeds in
        coverage(decay.title, "rate at release, log-odds t", seeds: seeds, truth: truth) { stream in
          decay.releaseOutcome(seeds: seeds, &stream).estimate?.interval
        }
      }
    }
  }

  /// Pairs of arms.
  static let pairs: [SimulatedArms] = [
    SimulatedArms("both in the middle, alike", logits: [0, 0]),
    SimulatedArms("both in the middle, apart", logits: [0, -1]),
    SimulatedArms("seeds far apart", logits: [0.5, -0.5], seedDeviation: 2.5),
    SimulatedArms("middle and near 1", logits: [4.5, 1]),
    SimulatedArms("both near 1", logits: [5, 4]),
    SimulatedArms("both near 0", logits: [-4, -5]),
    SimulatedArms("both at the ceiling, alike", logits: [7, 7]),
    SimulatedArms(
      "near 1, but one seed in ten loses it in one arm", logits: [4.5, 4.5], collapses: [0, 0.1]),
  ]

  private func differences() -> [KnownAnswerRow] {
    Self.pairs.flatMap { arms in
      Self.seedCounts.flatMap { seeds in
        let truth = arms.mean(0) - arms.mean(1)
        return [
          coverage(arms.title, "paired difference, log-odds t", seeds: seeds, truth: truth) {
            stream in
            try rateDifference(arms.pair(seeds: seeds, &stream)).interval
          },
          coverage(
            arms.title, "paired difference, Student t", seeds: seeds, truth: truth,
            isComparison: true
          ) { stream in
            let pair = arms.pair(seeds: seeds, &stream)
            return try pairedDifference(pair.first, pair.second).interval
          },
        ]
      }
    }
  }

  private func slopes() -> [KnownAnswerRow] {
    [
      ("none to speak of", 100.0, 0.0), ("on the right", 1000, 0), ("on the left", 12, 0),
      ("none to speak of", 100, 0.35),
    ].flatMap { place, halfLife, deviation in
      Self.seedCounts.flatMap { seeds -> [KnownAnswerRow] in
        let decay = SimulatedDecay(
          "", halfLife: halfLife, slope: 0.8, sizeDeviation: deviation)
        var censored = (left: 0.0, right: 0.0)
        let name =
          "half-lives over sizes, censored: \(place)" + (deviation > 0 ? ", sizes deviate" : "")
        var rows = [
          coverage(name, "slope over sizes", seeds: seeds, truth: decay.slope) { stream in
            let lives = decay.halfLives(seeds: seeds, &stream)
            censored = (censored.left + lives.censored.left, censored.right + lives.censored.right)
            return try lives.slope.get().interval()
          },
          coverage(
            name, "slope, clustered by seed", seeds: seeds, truth: decay.slope, isComparison: true
          ) { stream in
            try decay.halfLives(seeds: seeds, &stream).clusteredBySeed.get()
              .interval(ofCoefficient: 1)
          },
        ]
        let shares = [censored.left, censored.right].map {
          Int(($0 / Double(studies) * 100).rounded())
        }
        for index in rows.indices {
          rows[index].scenario =
            "half-lives over sizes, \(shares[0])% left, \(shares[1])% right-censored"
            + (deviation > 0 ? ", sizes deviate" : "")
        }
        return rows
      }
    }
  }
}
