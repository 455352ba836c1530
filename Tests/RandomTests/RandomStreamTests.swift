import Random
import Testing

@Suite struct RandomStreamTests {
  struct Pin {
    var stream: RandomStream
    var purpose: UInt32
    var step: UInt32
    var index: UInt32

    init(_ stream: RandomStream, _ purpose: UInt32, _ step: UInt32, _ index: UInt32) {
      (self.stream, self.purpose, self.step, self.index) = (stream, purpose, step, index)
    }
  }

  /// The bytes of every product and published table depend on these numbers.
  static let pins = [
    Pin(.initialWeights(tensor: 3), 1, 0, 3),
    Pin(.documents(kind: 1, index: 77), 3, 1, 77), Pin(.documents(kind: 4, index: 77), 3, 4, 77),
    Pin(.dialogueTags, 5, 0, 0), Pin(.dialoguePrompts, 5, 1, 0),
    Pin(.preferencePair(isHeldOut: false, index: 5), 7, 0, 5),
    Pin(.preferencePair(isHeldOut: true, index: 5), 7, 1, 5),
    Pin(.rollouts(step: 12), 8, 12, 0),
    Pin(.redTeamProposals(round: 4), 9, 0, 4),
    Pin(.redTeamRequest(round: 4, proposal: 63), 9, 1, 4_000_063),
    Pin(.adversarialRequest(document: 9), 9, 1, 1_000_000_009),
    Pin(.redTeamResponses(round: 4, first: 16), 9, 6, 16),
    Pin(.adversarialChoice(document: 9), 9, 1_048_576, 9),
    Pin(.distillationSamples(first: 128), 10, 0, 128),
    Pin(.scratchpadSamples(first: 128), 10, 1, 128),
    Pin(.distilledChoice(document: 31), 10, 2, 31), Pin(.divergenceResponses, 10, 3, 0),
    // The 32-bit FNV-1a of "foobar".
    Pin(.simulation(scenario: "foobar", study: 2, seeds: 8), 6, 0xBF9C_F968, 520),
    Pin(.simulatedTruth(centre: 1778), 6, 1, 1778), Pin(.tests(), 6, 0, 0),
    Pin(.tests(index: 7), 6, 0, 7),
  ]

  @Test(arguments: pins.indices)
  func countersAreThose(_ number: Int) {
    let pin = Self.pins[number]
    let counter = pin.stream.counter
    #expect(counter.purpose == pin.purpose)
    #expect(counter.step == pin.step)
    #expect(counter.index == pin.index)
  }

  /// The streams of each case at the least and the most of its arguments. A counter grows with every
  /// argument, so that all others of the case lie between the two.
  private static let most = Int(UInt32.max)
  static let corners: [(least: RandomStream, most: RandomStream)] = [
    (.initialWeights(tensor: 0), .initialWeights(tensor: most)),
    (.documents(kind: 1, index: 0), .documents(kind: 4, index: most)),
    (.dialogueTags, .dialogueTags), (.dialoguePrompts, .dialoguePrompts),
    (
      .preferencePair(isHeldOut: false, index: 0), .preferencePair(isHeldOut: false, index: most)
    ),
    (.preferencePair(isHeldOut: true, index: 0), .preferencePair(isHeldOut: true, index: most)),
    (.rollouts(step: 0), .rollouts(step: most)),
    (.redTeamProposals(round: 1), .redTeamProposals(round: 64)),
    (.redTeamRequest(round: 1, proposal: 0), .redTeamRequest(round: 64, proposal: 4095)),
    (.adversarialRequest(document: 0), .adversarialRequest(document: 3_000_000_000)),
    (.redTeamResponses(round: 1, first: 0), .redTeamResponses(round: 64, first: 4095)),
    (.adversarialChoice(document: 0), .adversarialChoice(document: 3_000_000_000)),
    (.distillationSamples(first: 0), .distillationSamples(first: most)),
    (.scratchpadSamples(first: 0), .scratchpadSamples(first: most)),
    (.distilledChoice(document: 0), .distilledChoice(document: most)),
    (.divergenceResponses, .divergenceResponses),
    (.simulatedTruth(centre: 0), .simulatedTruth(centre: most)),
    (.tests(index: 0), .tests(index: most)),
  ]

  @Test func noTwoCasesMeet() {
    func meet(_ a: (UInt32, UInt32), _ b: (UInt32, UInt32)) -> Bool { a.0 <= b.1 && b.0 <= a.1 }
    for (number, first) in Self.corners.enumerated() {
      let (a, b) = (first.least.counter, first.most.counter)
      #expect(a.purpose == b.purpose && a.step <= b.step && a.index <= b.index, "\(first.least)")
      for second in Self.corners[(number + 1)...] {
        let (c, d) = (second.least.counter, second.most.counter)
        let doMeet =
          a.purpose == c.purpose && meet((a.step, b.step), (c.step, d.step))
          && meet((a.index, b.index), (c.index, d.index))
        #expect(!doMeet, "\(first.least) and \(second.least)")
      }
    }
  }

  /// Arguments of one case that differ give counters that differ.
  @Test func requestsOfRoundsDoNotMeet() {
    var seen: Set<UInt32> = []
    for round in 1...64 {
      for proposal in [0, 1, 4095] {
        seen.insert(RandomStream.redTeamRequest(round: round, proposal: proposal).counter.index)
      }
    }
    #expect(seen.count == 64 * 3)
    let simulations = (0..<1000).flatMap { study in
      [1, 8, 255].map { RandomStream.simulation(scenario: "x", study: study, seeds: $0) }
    }
    #expect(Set(simulations.map(\.counter.index)).count == simulations.count)
    #expect(
      RandomStream.simulation(scenario: "x", study: 999_999, seeds: 255).counter.index
        == 255_999_999)
  }
}
