import Conformance
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Replicas beside each other: none may show in another's bytes.
@Suite(.serialized)
struct CohortTests {
  static let steps = 12

  /// Parameters and losses to the last bit, alone, in a cohort of three in another order, and in
  /// one of eight.
  @Test(arguments: availableBackends)
  func replicasDoNotDependOnTheirCohort(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    func train(_ members: [Int]) throws -> (parameters: [[UInt32]], losses: [[UInt32]]) {
      let run = try TrainingRun(members, steps: Self.steps, on: backend)
      try run.train(0..<Self.steps)
      return (try run.bits(), try run.lossBits(0..<Self.steps))
    }
    let eight = try train(Array(0..<8))
    let three = try train([5, 0, 2])
    for (place, member) in [5, 0, 2].enumerated() {
      let alone = try train([member])
      #expect(alone.parameters[0] == eight.parameters[member], "replica \(member) of 8")
      #expect(alone.losses[0] == eight.losses[member], "replica \(member) of 8")
      #expect(alone.parameters[0] == three.parameters[place], "replica \(member) of 3")
      #expect(alone.losses[0] == three.losses[place], "replica \(member) of 3")
    }
    #expect(Set(eight.parameters).count == 8)
    for (index, bits) in eight.parameters.enumerated() {
      let before = ParameterLayout(TrainingRun.configuration)
        .initialValues(seed: UInt64(900 + index))
      let unchanged = zip(bits, before).count { $0 == $1.bitPattern }
      #expect(unchanged < bits.count / 100, "replica \(index) was hardly trained")
    }
  }

  /// A step that takes its replicas one or two at a time, the last part not full, is the same step.
  @Test(arguments: availableBackends, [1, 2])
  func replicasDoNotDependOnHowManyGoTogether(_ choice: BackendChoice, _ together: Int) throws {
    let backend = try choice.makeBackend()
    func train(together: Int?) throws -> (parameters: [[UInt32]], losses: [[UInt32]]) {
      let run = try TrainingRun([0, 1, 2], steps: Self.steps, together: together, on: backend)
      try run.train(0..<5)
      try run.cohort.stop([1])
      try run.train(5..<Self.steps)
      return (try run.bits(), try run.lossBits(0..<Self.steps))
    }
    let (whole, parts) = (try train(together: nil), try train(together: together))
    #expect(parts.parameters == whole.parameters)
    #expect(parts.losses == whole.losses)
  }

  /// Room for more positions, targets or examples than a batch has leaves no trace.
  @Test(arguments: availableBackends)
  func emptyRoomChangesNothing(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    func train(_ geometry: BatchGeometry) throws -> [[UInt32]] {
      let run = try TrainingRun([0, 1, 2], steps: 6, geometry: geometry, on: backend)
      try run.train(0..<6)
      return try run.bits()
    }
    let roomy = try train(BatchGeometry(batch: 5, positions: 14, targets: 9))
    #expect(try roomy == train(TrainingRun.geometry))
  }

  /// The same run gives the same bytes, with a new backend too.
  @Test(arguments: availableBackends)
  func trainingIsRepeatable(_ choice: BackendChoice) throws {
    func train() throws -> [[UInt32]] {
      let run = try TrainingRun([1, 2], steps: 4, on: choice.makeBackend())
      try run.train(0..<4)
      return try run.bits()
    }
    let first = try train()
    #expect(try train() == first)
  }

  /// Training sums in one order whatever the width of a device's vectors: processors with AVX2 and with
  /// AVX-512 make the same models.
  @Test func vectorsOfEitherWidthTrainTheSameBytes() throws {
    let wide = availableBackends.filter { $0.name.contains("wideItems") }
    let bits = try wide.map { choice in
      let run = try TrainingRun([0, 3], steps: Self.steps, on: choice.makeBackend())
      try run.train(0..<Self.steps)
      return try run.bits()
    }
    #expect(Set(bits).count <= 1)
  }

  @Test(arguments: availableBackends)
  func stoppedReplicasStayAsTheyAre(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let undisturbed = try TrainingRun([0, 1, 2, 3], steps: Self.steps, on: backend)
    try undisturbed.train(0..<Self.steps)
    let run = try TrainingRun([0, 1, 2, 3], steps: Self.steps, on: backend)
    try run.train(0..<5)
    try run.cohort.stop([1, 3])
    let stopped = try run.bits()
    #expect(try run.cohort.statuses() == [.active, .stopped, .active, .stopped])
    try run.train(5..<Self.steps)
    let (after, reference) = (try run.bits(), try undisturbed.bits())
    for replica in [1, 3] {
      #expect(after[replica] == stopped[replica], "replica \(replica)")
      #expect(after[replica] != reference[replica])
    }
    for replica in [0, 2] { #expect(after[replica] == reference[replica], "replica \(replica)") }
  }

  /// A cohort in another order, put where the first stood, ends with the first one's bytes; a
  /// stopped replica stays stopped.
  @Test(arguments: availableBackends)
  func aResumedCohortGoesOnToTheSameBytes(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let run = try TrainingRun([0, 1, 2], steps: Self.steps, on: backend)
    try run.train(0..<7)
    try run.cohort.stop([1])
    let states = try (0..<3).map { try run.cohort.state(of: $0) }
    let losses = try run.cohort.losses(of: 0..<7)
    try run.train(7..<Self.steps)
    let order = [2, 0, 1]
    let resumed = try TrainingRun(order, steps: Self.steps, on: choice.makeBackend())
    try resumed.cohort.resume(order.map { states[$0] }, at: 7, losses: order.map { losses[$0] })
    #expect(try resumed.cohort.statuses() == [.active, .active, .stopped])
    try resumed.train(7..<Self.steps)
    let (whole, pieced) = (try run.bits(), try resumed.bits())
    #expect(pieced == order.map { whole[$0] })
    let (wholeLosses, piecedLosses) = (
      try run.lossBits(0..<Self.steps), try resumed.lossBits(0..<Self.steps)
    )
    #expect(piecedLosses == order.map { wholeLosses[$0] })
  }

  /// How a number that is not finite gets into replica 1 before step 5.
  enum Injection: String, CaseIterable, Sendable {
    case parameterIsNaN
    case parameterIsInfinite
    case normIsNaN
    case lossIsNaN
    case lossIsInfinite
    /// Finite, but its gradient's square is not.
    case gradientOverflows

    func disturb(_ cohort: Cohort) throws {
      // Of three replicas on one backend or two.
      let (model, index) = cohort.models.count == 1 ? (cohort.models[0], 1) : (cohort.models[1], 0)
      let parameters = model.parameters.replicas(index..<index + 1)
      let layout = model.layout
      func set(_ index: Int, _ value: Float) throws {
        try parameters.slice(from: index, shape: [1, 1]).assign([value])
      }
      switch self {
      case .parameterIsNaN: try set(layout.entries[3].offset + 7, .nan)
      case .parameterIsInfinite: try set(layout.entries[6].offset + 5, .infinity)
      case .normIsNaN: try set(layout.count - 1, .nan)
      case .lossIsNaN, .lossIsInfinite, .gradientOverflows: break
      }
    }

    func disturb(_ batch: inout CohortBatch) {
      let count = batch.weights.count / batch.replicas
      let range = count..<2 * count
      switch self {
      case .lossIsNaN: batch.weights[count] = .nan
      case .lossIsInfinite: batch.weights[count] = -.infinity
      case .gradientOverflows: for index in range { batch.weights[index] *= 1e30 }
      case .parameterIsNaN, .parameterIsInfinite, .normIsNaN: break
      }
    }
  }

  /// The replica is latched at that step and stays as it was, though later batches are sound; the
  /// others do not notice.
  @Test(arguments: availableBackends, Injection.allCases)
  func onlyTheDivergedReplicaIsLatched(_ choice: BackendChoice, _ injection: Injection) throws {
    let backend = try choice.makeBackend()
    let undisturbed = try TrainingRun([0, 1, 2], steps: Self.steps, on: backend)
    try undisturbed.train(0..<Self.steps)
    let run = try TrainingRun([0, 1, 2], steps: Self.steps, on: backend)
    try run.train(0..<5)
    try injection.disturb(run.cohort)
    let disturbed = try run.bits()
    try run.train(5..<Self.steps) { step, batch in
      if step == 5 { injection.disturb(&batch) }
    }
    #expect(try run.cohort.statuses() == [.stopped, .diverged(atStep: 5), .stopped])
    let (after, reference) = (try run.bits(), try undisturbed.bits())
    #expect(after[1] == disturbed[1])
    #expect(after[0] == reference[0])
    #expect(after[2] == reference[2])
    let (losses, expected) = (
      try run.lossBits(0..<Self.steps), try undisturbed.lossBits(0..<Self.steps)
    )
    #expect(losses[0] == expected[0])
    #expect(losses[2] == expected[2])
    #expect(losses[1][..<5] == expected[1][..<5])
  }

  @Test(arguments: availableBackends)
  func replicasAreStoppedAtTheEnd(_ choice: BackendChoice) throws {
    let run = try TrainingRun([0, 1], steps: 3, on: choice.makeBackend())
    #expect(try run.cohort.statuses() == [.active, .active])
    try run.train(0..<2)
    #expect(try run.cohort.statuses() == [.active, .active])
    #expect(run.cohort.stepsIssued == 2)
    try run.train(2..<3)
    #expect(try run.cohort.statuses() == [.stopped, .stopped])
  }

  @Test(arguments: availableBackends)
  func lossesAreReadByRange(_ choice: BackendChoice) throws {
    let run = try TrainingRun([0, 1, 2], steps: 6, on: choice.makeBackend())
    try run.train(0..<6)
    let all = try run.cohort.losses(of: 0..<6)
    #expect(all.count == 3)
    #expect(Set(all.joined()).count == 18)
    #expect(all.joined().allSatisfy { $0 > 0 && $0 < 10 })
    #expect(try run.cohort.losses(of: 2..<5) == all.map { Array($0[2..<5]) })
    #expect(try run.cohort.losses(of: 4..<4) == [[], [], []])
  }

  /// A step gives back what it took: neither the peak nor what is held grows after the first steps.
  @Test(arguments: availableBackends)
  func everyStepUsesTheSameMemory(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let run = try TrainingRun([0, 1], steps: 30, on: backend)
    let held = backend.memory.current
    try run.train(0..<3)
    let early = backend.memory
    try run.train(3..<30)
    #expect(backend.memory == early)
    #expect(backend.memory.current == held)
    #expect(early.peak > held)
  }

  /// Two replicas learn one batch by heart.
  @Test(arguments: availableBackends)
  func oneBatchIsLearntByHeart(_ choice: BackendChoice) throws {
    let geometry = BatchGeometry(batch: 2, positions: 9, targets: 8)
    let layout = ParameterLayout(TrainingRun.configuration)
    let steps = 120
    let cohort = try Cohort(
      TrainingRun.configuration,
      replicas: [1, 2].map {
        Cohort.Replica(
          parameters: layout.initialValues(seed: $0),
          schedule: .cosine(peak: 0.02, warmup: 5, steps: steps, finalFraction: 0.1))
      }, steps: steps, settings: .adamW(AdamWSettings()), geometry: geometry,
      on: choice.makeBackend())
    var numbers = TestNumbers(seed: 77)
    let examples = (0..<2).map { _ in
      [
        Example(tokens: numbers.integers(10, in: 0..<29), firstTarget: 2),
        Example(tokens: numbers.integers(6, in: 0..<29), firstTarget: 1),
      ]
    }
    let batch = CohortBatch(examples, geometry: geometry)
    for _ in 0..<steps { try cohort.step(batch) }
    for losses in try cohort.losses(of: 0..<steps) {
      // Chance is log 29 = 3.4.
      #expect(losses[0] > 2)
      #expect(losses[steps - 1] < 0.01)
    }
  }
}
