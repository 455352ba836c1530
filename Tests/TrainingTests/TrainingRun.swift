import Conformance
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Training of replicas that differ in weights, learning rate, schedule and data, each named by one
/// number that decides all of these.
struct TrainingRun {
  static let configuration = ModelConfiguration(
    vocabularySize: 29, channels: 20, layers: 2, heads: 2, feedForwardWidth: 28)
  static let geometry = BatchGeometry(batch: 3, positions: 9, targets: 6)

  let cohort: Cohort
  private let geometry: BatchGeometry
  private let members: [Int]

  init(
    _ members: [Int], steps: Int, together: Int? = nil, geometry: BatchGeometry = Self.geometry,
    configuration: ModelConfiguration = Self.configuration,
    settings: OptimizerSettings = .adamW(AdamWSettings()), freezesEmbedding: Bool = false,
    decays: [Int: Float] = [:], on backend: any Backend
  ) throws {
    self.members = members
    self.geometry = geometry
    cohort = try Cohort(
      configuration,
      replicas: members.map { member in
        var replica = Self.replica(member, configuration, steps: steps)
        replica.weightDecay = decays[member]
        return replica
      },
      steps: steps, settings: settings, geometry: geometry, freezesEmbedding: freezesEmbedding,
      together: together, on: backend)
  }

  private static func replica(
    _ member: Int, _ configuration: ModelConfiguration, steps: Int
  ) -> Cohort.Replica {
    let rate = 0.002 * Double(1 + member)
    return Cohort.Replica(
      parameters: ParameterLayout(configuration).initialValues(seed: UInt64(900 + member)),
      schedule: member % 2 == 0
        ? .constant(peak: rate, warmup: 2 + member)
        : .cosine(peak: rate, warmup: 2, steps: steps, finalFraction: 0.1))
  }

  /// Two or three ragged examples.
  private static func examples(_ member: Int, step: Int) -> [Example] {
    var numbers = TestNumbers(seed: 10_000 * (member + 1) + step)
    return (0..<2 + (member + step) % 2).map { _ in
      let count = Int(numbers.integers(1, in: 2..<11)[0])
      let first = max(1, count - Int(numbers.integers(1, in: 1..<7)[0]))
      return Example(
        tokens: numbers.integers(count, in: 0..<configuration.vocabularySize), firstTarget: first)
    }
  }

  func batch(_ step: Int) -> CohortBatch {
    CohortBatch(
      members.map { Self.examples($0, step: step) }, geometry: geometry)
  }

  /// Steps of a range, each after a change of its batch.
  func train(
    _ steps: Range<Int>, changing change: (Int, inout CohortBatch) throws -> Void = { _, _ in }
  ) throws {
    for step in steps {
      var batch = batch(step)
      try change(step, &batch)
      try cohort.step(batch)
    }
  }

  /// The bits of every replica's parameters.
  func bits() throws -> [[UInt32]] {
    try members.indices.map { try cohort.parameters(of: $0).map(\.bitPattern) }
  }

  /// The bits of the losses of steps, a list per replica.
  func lossBits(_ steps: Range<Int>) throws -> [[UInt32]] {
    try cohort.losses(of: steps).map { $0.map(\.bitPattern) }
  }
}
