import Conformance
import Tensors
import Training
import Transformers

extension ConformanceCheck {
  /// The largest relative difference of the losses of two devices after five steps.
  private static let lossTolerance = 1e-4
  private static let steps = 5
  /// The name of these checks, beside the names of operations.
  static let trainingName = "training"
  static let optimizers: [(name: String, settings: OptimizerSettings)] = [
    ("AdamW", .adamW(AdamWSettings())), ("SGD", .sgd(SGDSettings())),
    ("Muon", .muon(MuonSettings())),
  ]
  private static let configuration = ModelConfiguration(
    channels: 32, layers: 2, heads: 2, feedForwardWidth: 48)
  private static let geometry = BatchGeometry(batch: 4, positions: 20, targets: 12)

  /// The result of a training, by replica.
  private struct Trained: Equatable {
    var losses: [[Float]]
    var parameters: [[UInt32]]
  }

  /// Trains a cohort of three decoders for five steps. The losses must be close to the reference's. A
  /// second run and a replica alone must give the same bytes.
  func checkTraining(_ optimizer: (name: String, settings: OptimizerSettings)) -> CheckResult {
    let configuration = Self.configuration
    let sizes =
      "R 3, \(configuration.parameters) parameters, \(Self.steps) steps, \(optimizer.name)"
    return measured(Self.trainingName, sizes) {
      let batches = (0..<Self.steps).map { step in (0..<3).map { examples(step: step, $0) } }
      func train(_ replicas: Range<Int>, on backend: any Backend) throws -> Trained {
        try self.train(replicas, batches, optimizer.settings, on: backend)
      }
      let together = try train(0..<3, on: device)
      let onReference = try naming("reference") { try train(0..<3, on: reference) }
      var worst: (ratio: Double, note: String?) = (0, nil)
      for (r, (losses, expected)) in zip(together.losses, onReference.losses).enumerated() {
        for (step, (loss, other)) in zip(losses, expected).enumerated() {
          let error = abs(Double(loss) - Double(other)) / (Self.lossTolerance * abs(Double(other)))
          let ratio = error.isNaN ? CheckResult.largestRatio : min(error, CheckResult.largestRatio)
          if ratio <= worst.ratio { continue }
          worst = (
            ratio,
            ratio > 1
              ? "the loss of replica \(r) at step \(step) is \(loss), and \(other) on the reference"
              : nil
          )
        }
      }
      if worst.note != nil { return worst }
      if try train(0..<3, on: device) != together {
        return (worst.ratio, "two runs differ in bytes")
      }
      let alone = try train(2..<3, on: device)
      if alone.parameters[0] != together.parameters[2] || alone.losses[0] != together.losses[2] {
        return (worst.ratio, "replica 2 gives different bytes alone than in a batch of replicas")
      }
      return worst
    }
  }

  private func train(
    _ replicas: Range<Int>, _ batches: [[[Example]]], _ settings: OptimizerSettings,
    on backend: any Backend
  ) throws -> Trained {
    let layout = ParameterLayout(Self.configuration)
    let cohort = try Cohort(
      Self.configuration,
      replicas: replicas.map {
        Cohort.Replica(
          parameters: layout.initialValues(seed: seed &+ UInt64($0)),
          schedule: .constant(peak: 1e-3 * Double($0 + 1), warmup: 2))
      },
      steps: Self.steps, settings: settings, geometry: Self.geometry, on: backend)
    for batch in batches {
      try cohort.step(CohortBatch(Array(batch[replicas]), geometry: Self.geometry))
    }
    return Trained(
      losses: try cohort.losses(of: 0..<Self.steps),
      parameters: try replicas.indices.map {
        try cohort.parameters(of: $0 - replicas.lowerBound).map(\.bitPattern)
      })
  }

  /// Rows of random tokens with different lengths. Replica 1 has fewer rows than the batch.
  private func examples(step: Int, _ replica: Int) -> [Example] {
    var numbers = TestNumbers(seed: seed, index: 1000 + 3 * step + replica)
    return (0..<(replica == 1 ? 3 : 4)).map { _ in
      let length = Int(numbers.integers(1, in: 2..<Self.geometry.positions + 2)[0])
      return Example(
        tokens: numbers.integers(length, in: 0..<Self.configuration.vocabularySize),
        firstTarget: max(1, length - Self.geometry.targets))
    }
  }
}
