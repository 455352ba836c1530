import Conformance
import Foundation
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// What cohorts promise, with the optimizers beside AdamW, and of models with an output matrix too.
@Suite(.serialized)
struct OptimizerTrainingTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let settings: OptimizerSettings
    var tied = true
    var frozen = false

    var testDescription: String { "\(settings), tied \(tied), frozen \(frozen)" }

    var configuration: ModelConfiguration {
      var configuration = TrainingRun.configuration
      configuration.tiesEmbeddings = tied
      return configuration
    }

    func run(
      _ members: [Int], together: Int? = nil, decays: [Int: Float] = [:], on backend: any Backend
    ) throws -> TrainingRun {
      try TrainingRun(
        members, steps: steps, together: together, configuration: configuration,
        settings: settings, freezesEmbedding: frozen, decays: decays, on: backend)
    }
  }

  static let steps = 6
  static let muon = OptimizerSettings.muon(MuonSettings())
  static let settings = [
    Setting(settings: .sgd(SGDSettings(weightDecay: 0.1))),
    Setting(settings: .sgd(SGDSettings()), tied: false, frozen: true),
    Setting(settings: muon),
    Setting(settings: .muon(MuonSettings(scale: .original, learningRateRatio: 5)), tied: false),
    Setting(settings: muon, frozen: true),
    Setting(settings: muon, tied: false, frozen: true),
  ]

  /// All of a replica, to the last bit.
  private static func bits(_ cohort: Cohort, _ replica: Int) throws -> [UInt32] {
    let state = try cohort.state(of: replica)
    return (state.parameters + state.firstMoment + state.secondMoment).map(\.bitPattern)
  }

  /// Parameters and moments to the last bit, alone and two at a time; every matrix and vector that is
  /// not frozen moves.
  @Test(arguments: availableBackends, settings)
  func replicasDoNotDependOnTheirCohort(_ choice: BackendChoice, _ setting: Setting) throws {
    let backend = try choice.makeBackend()
    let company = try setting.run([0, 1, 2, 3, 4], on: backend)
    let pairs = try setting.run([3, 1, 0], together: 2, on: backend)
    try company.train(0..<Self.steps)
    try pairs.train(0..<Self.steps)
    for (place, member) in [3, 1, 0].enumerated() {
      let alone = try setting.run([member], on: backend)
      try alone.train(0..<Self.steps)
      let bits = try Self.bits(company.cohort, member)
      #expect(try Self.bits(alone.cohort, 0) == bits, "replica \(member) of 5")
      #expect(try Self.bits(pairs.cohort, place) == bits, "replica \(member) of 3")
      let layout = ParameterLayout(setting.configuration)
      let before = layout.initialValues(seed: UInt64(900 + member)).map(\.bitPattern)
      for (index, entry) in layout.entries.enumerated() {
        let moved = (entry.offset..<entry.offset + entry.count).count { bits[$0] != before[$0] }
        if index == 0 && setting.frozen {
          #expect(moved == 0)
        } else {
          #expect(moved > entry.count * 9 / 10, "\(entry.name): \(moved) of \(entry.count)")
        }
      }
    }
  }

  /// A cohort in another order, put where the first stood, ends with the first one's bytes; a replica
  /// that is stopped and one that has diverged keep all of theirs.
  @Test(arguments: availableBackends, settings)
  func cohortsAreResumedAndReplicasLatched(_ choice: BackendChoice, _ setting: Setting) throws {
    let backend = try choice.makeBackend()
    let run = try setting.run([0, 1, 2], on: backend)
    try run.train(0..<3)
    try run.cohort.stop([1])
    let states = try (0..<3).map { try run.cohort.state(of: $0) }
    let losses = try run.cohort.losses(of: 0..<3)
    func disturb(_ step: Int, _ batch: inout CohortBatch, replica: Int) {
      if step == 4 { batch.weights[replica * batch.weights.count / 3] = .nan }
    }
    try run.train(3..<Self.steps) { disturb($0, &$1, replica: 2) }
    #expect(try run.cohort.statuses() == [.stopped, .stopped, .diverged(atStep: 4)])
    #expect(try run.cohort.state(of: 1) == states[1])
    let order = [2, 0, 1]
    let resumed = try setting.run(order, on: choice.makeBackend())
    try resumed.cohort.resume(order.map { states[$0] }, at: 3, losses: order.map { losses[$0] })
    try resumed.train(3..<4)
    let latched = try Self.bits(resumed.cohort, 0)
    try resumed.train(4..<Self.steps) { disturb($0, &$1, replica: 0) }
    #expect(try Self.bits(resumed.cohort, 0) == latched)
    for (place, member) in order.enumerated() {
      #expect(
        try Self.bits(resumed.cohort, place) == Self.bits(run.cohort, member), "replica \(member)")
    }
  }

  /// Replicas with weight decay of their own are what they are among others of that decay.
  @Test(
    arguments: availableBackends, [.adamW(AdamWSettings())] + settings.prefix(3).map(\.settings))
  func weightDecayIsTheReplicas(_ choice: BackendChoice, _ settings: OptimizerSettings) throws {
    let backend = try choice.makeBackend()
    func bits(_ decays: [Int: Float]) throws -> [[UInt32]] {
      let run = try Setting(settings: settings).run([0, 1, 2], decays: decays, on: backend)
      try run.train(0..<Self.steps)
      return try run.bits()
    }
    let (mixed, own) = (try bits([0: 0, 2: 0.5]), try bits([:]))
    #expect(mixed[0] == (try bits([0: 0, 1: 0, 2: 0]))[0])
    #expect(mixed[1] == own[1])
    #expect(mixed[2] == (try bits([0: 0.5, 1: 0.5, 2: 0.5]))[2])
    #expect(mixed[2] != own[2])
  }

  /// Within a tenth; and no step takes more than the first.
  @Test(arguments: availableBackends, settings)
  func memoryIsAsProjected(_ choice: BackendChoice, _ setting: Setting) throws {
    for replicas in [1, 3] {
      let backend = try choice.makeBackend()
      let projected = try TrainingMemory.cohort(
        TrainingMemoryTests.deep, replicas: replicas, steps: 4, settings: setting.settings,
        geometry: TrainingMemoryTests.geometry, freezesEmbedding: setting.frozen, on: backend
      ).peakAllocated
      let cohort = try TrainingMemoryTests.cohort(
        replicas, settings: setting.settings, freezesEmbedding: setting.frozen, on: backend)
      let held = backend.memory.current
      for step in 0..<4 { try cohort.step(TrainingMemoryTests.batch(replicas, step: step)) }
      let measured = backend.memory.peakAllocated
      #expect(
        abs(Double(measured) / Double(projected) - 1) < 0.1,
        "\(replicas) replicas: \(measured) bytes, projected \(projected)")
      #expect(backend.memory.current == held)
    }
  }

  /// One batch by heart, each optimizer at a learning rate of its own.
  @Test(
    arguments: availableBackends,
    [
      (OptimizerSettings.sgd(SGDSettings()), 0.3), (muon, 0.02),
      (.muon(MuonSettings(scale: .original, learningRateRatio: 2)), 0.02),
    ])
  func oneBatchIsLearntByHeart(
    _ choice: BackendChoice, _ optimizer: (settings: OptimizerSettings, rate: Double)
  ) throws {
    let geometry = BatchGeometry(batch: 2, positions: 9, targets: 8)
    let steps = 150
    let cohort = try Cohort(
      TrainingRun.configuration,
      replicas: [
        Cohort.Replica(
          parameters: ParameterLayout(TrainingRun.configuration).initialValues(seed: 1),
          schedule: .cosine(
            peak: optimizer.rate, warmup: 5, steps: steps, finalFraction: 0.1))
      ], steps: steps, settings: optimizer.settings, geometry: geometry,
      on: choice.makeBackend())
    var numbers = TestNumbers(seed: 77)
    let examples = [
      Example(tokens: numbers.integers(10, in: 0..<29), firstTarget: 2),
      Example(tokens: numbers.integers(6, in: 0..<29), firstTarget: 1),
    ]
    for _ in 0..<steps { try cohort.step(CohortBatch([examples], geometry: geometry)) }
    let losses = try cohort.losses(of: 0..<steps)[0]
    // Chance is log 29 = 3.4.
    #expect(losses[0] > 2)
    #expect(losses[steps - 1] < 0.05, "\(losses[steps - 1])")
  }

  /// AdamW is encoded as its settings alone, any other under its name; all are read again.
  @Test func encoding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    let adamW = AdamWSettings(beta1: 0.5, beta2: 0.75, epsilon: 0.25, weightDecay: 0, clip: 2)
    let flat = "{\"beta1\":0.5,\"beta2\":0.75,\"clip\":2,\"epsilon\":0.25,\"weightDecay\":0}"
    #expect(try text(adamW) == flat)
    let sgd = SGDSettings(momentum: 0.5, weightDecay: 0.25, clip: 1)
    let muon = MuonSettings(
      momentum: 0.5, scale: .original, learningRateRatio: 4, adamW: adamW)
    for (settings, expected) in [
      (OptimizerSettings.adamW(adamW), flat),
      (.sgd(sgd), "{\"sgd\":{\"clip\":1,\"momentum\":0.5,\"weightDecay\":0.25}}"),
      (
        .muon(muon),
        "{\"muon\":{\"adamW\":\(flat),\"learningRateRatio\":4,\"momentum\":0.5,"
          + "\"scale\":\"original\"}}"
      ),
    ] {
      #expect(try text(settings) == expected)
      #expect(
        try JSONDecoder().decode(OptimizerSettings.self, from: Data(expected.utf8)) == settings)
    }
  }
}
