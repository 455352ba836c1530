public import Text
public import Foundation

/// An event that a run reports to its caller.
public enum RunEvent<S: Stage>: Sendable {
  /// The plan and its cohorts. It is reported again after a damaged product was found during the
  /// run.
  case planned(Plan<S>, [Plan<S>.Cohort])
  /// A damaged product was moved to another name and is made again.
  case damaged(S, ProductDamage)
  /// A cohort begins: its number from 1, and the number of cohorts.
  case started(Plan<S>.Cohort, number: Int, of: Int)
  /// A stage's product is on the disk.
  case committed(S, Record)
  case finished(Plan<S>.Cohort, seconds: Double)
}

/// The end of a run without a failure.
public enum RunOutcome: Hashable, Sendable {
  /// All targets are made.
  case completed(made: Int)
  /// The run was stopped on request. Committed products and checkpoints are kept.
  case stopped(made: Int, remaining: Int)

  /// The number of products that the run made.
  public var made: Int {
    switch self {
    case .completed(let made), .stopped(let made, _): made
    }
  }

  public var exitCode: SystemExit {
    switch self {
    case .completed: .done
    case .stopped: .stopped
    }
  }
}

/// A fault of a maker.
public enum RunFault: DescribedError, Hashable {
  /// The maker returned, and these stages of the cohort have no product.
  case notCommitted(stages: [String])
  /// The maker committed a stage that is not in the cohort.
  case notInCohort(stage: String)
  case committedTwice(stage: String)

  public var line: String {
    switch self {
    case .notCommitted(let stages):
      "\(stages.joined(separator: ", ")): not committed after its making; this is a fault of the program"
    case .notInCohort(let stage):
      "\(stage): committed, but not in the cohort; this is a fault of the program"
    case .committedTwice(let stage):
      "\(stage): committed twice; this is a fault of the program"
    }
  }

  public var exitCode: SystemExit { .internalFault }
}

/// The runner, which makes missing products, cohort by cohort, until every target exists.
public struct Runner<S: Stage> {
  public let store: Store
  /// The largest number of stages like the given one in one cohort.
  public let capacity: (S) throws -> Int
  /// The device's description in every record.
  public let device: [String: String]
  public let versions: [String: String]
  public let stop: StopFlag
  public let report: (RunEvent<S>) -> Void

  public init(
    store: Store, device: [String: String] = [:], versions: [String: String] = [:],
    stop: StopFlag = .process, capacity: @escaping (S) throws -> Int,
    report: @escaping (RunEvent<S>) -> Void = { _ in }
  ) {
    self.store = store
    self.device = device
    self.versions = versions
    self.stop = stop
    self.capacity = capacity
    self.report = report
  }

  /// Runs until all targets are made or the stop flag is raised.
  ///
  /// - Parameters:
  ///   - make: Makes the stages of a cohort and commits them one by one in any order. It throws
  ///     `Stopped` if the flag is raised.
  ///   - finish: Reads the products when all targets are made, for example for a report. If it
  ///     finds a damaged product, the product is made again and `finish` is called again.
  /// - Throws: What `make` and `finish` throw. Committed products stay. A `ProductDamage` of a
  ///   stage in the plan is not thrown the first time: the product is moved to another name and
  ///   made again. A product that was deleted after the plan was made counts as damaged.
  public func run(
    _ targets: [S], make: ([S], Commit<S>) throws -> Void, finish: () throws -> Void = {}
  ) throws -> RunOutcome {
    var made = 0
    var replaced: Set<Fingerprint> = []
    while true {
      try store.checkHeld()
      let plan = try Plan(targets: targets, store: store)
      for entry in plan.entries {
        guard case .damaged(let damage) = entry.state else { continue }
        try setAside(entry, damage)
      }
      let cohorts = try plan.cohorts(capacity: capacity)
      report(.planned(plan, cohorts))
      do {
        try run(cohorts, &made, make)
        try finish()
        return .completed(made: made)
      } catch is Stopped {
        return .stopped(made: made, remaining: try Plan(targets: targets, store: store).toMakeCount)
      } catch let damage as ProductDamage {
        guard let entry = try plan.entries.first(where: { try isProduct($0, damage) }),
          replaced.insert(entry.fingerprint).inserted
        else { throw damage }
        try store.checkHeld()
        try setAside(entry, damage)
      } catch {
        // If the folder was moved or deleted, this is the cause of the failure.
        try store.checkHeld()
        throw error
      }
    }
  }

  private func run(
    _ cohorts: [Plan<S>.Cohort], _ made: inout Int, _ make: ([S], Commit<S>) throws -> Void
  ) throws {
    for (index, cohort) in cohorts.enumerated() {
      try stop.check()
      report(.started(cohort, number: index + 1, of: cohorts.count))
      let commit = Commit(cohort.stages, runner: self)
      defer { made += commit.count }
      try make(cohort.stages, commit)
      let missing = commit.missing
      guard missing.isEmpty else {
        // A maker may return early when it is stopped. The remaining stages are made in the next
        // run.
        try stop.check()
        throw RunFault.notCommitted(stages: try missing.map(store.label))
      }
      report(.finished(cohort, seconds: commit.seconds))
    }
  }

  private func isProduct(_ entry: Plan<S>.Entry, _ damage: ProductDamage) throws -> Bool {
    if case .noSuchFile = damage.problem { return false }
    return try store.path(entry.stage, entry.fingerprint) == damage.folder
  }

  private func setAside(_ entry: Plan<S>.Entry, _ damage: ProductDamage) throws {
    if damage.problem != .absent {
      try store.setAside(store.path(entry.stage, entry.fingerprint))
    }
    report(.damaged(entry.stage, damage))
  }
}

/// The commits of a maker for the stages of its cohort.
public final class Commit<S: Stage> {
  private let runner: Runner<S>
  private let start = ContinuousClock.now
  /// The stages of the cohort that have no product yet.
  public private(set) var missing: [S]
  private let stages: Set<S>

  init(_ stages: [S], runner: Runner<S>) {
    self.missing = stages
    self.stages = Set(stages)
    self.runner = runner
  }

  /// The stop flag, which the maker checks between steps.
  public var stop: StopFlag { runner.stop }

  /// Commits a stage's product durably.
  ///
  /// - Parameters:
  ///   - seconds: The duration of its making; nil for the time since the cohort began.
  ///   - write: Fills the product's folder.
  /// - Throws: `FileError`, `CommitFault`, `RunFault`, and what `write` throws.
  public func callAsFunction(
    _ stage: S, seconds: Double? = nil, write: (URL) throws -> Void
  ) throws {
    guard let place = missing.firstIndex(of: stage) else {
      let label = try runner.store.label(stage)
      throw stages.contains(stage)
        ? RunFault.committedTwice(stage: label) : RunFault.notInCohort(stage: label)
    }
    let circumstance = circumstance(seconds)
    let record = try runner.store.commit(stage, circumstance: circumstance, write: write)
    missing.remove(at: place)
    runner.report(.committed(stage, record))
  }

  /// Saves checkpoints of the cohort's stages at a step durably. A stopped run resumes from them.
  ///
  /// - Throws: `FileError`, `CommitFault`, `RunFault`, and what `write` throws.
  public func checkpoint(
    _ stages: [S], step: Int, write: (_ index: Int, _ folder: URL) throws -> Void
  ) throws {
    if let stranger = stages.first(where: { !self.stages.contains($0) }) {
      throw RunFault.notInCohort(stage: try runner.store.label(stranger))
    }
    try runner.store.checkpoint(
      stages, step: step, circumstance: circumstance(nil), write: write)
  }

  /// The checkpoints of these stages at their newest common step. Damaged checkpoints are reported
  /// and moved to another name.
  ///
  /// - Throws: `FileError`.
  public func latestCheckpoint(of stages: [S]) throws -> (step: Int, products: [Product])? {
    try runner.store.latestCheckpoint(of: stages) { [runner] damage in
      if let stage = stages.first { runner.report(.damaged(stage, damage)) }
    }
  }

  private func circumstance(_ seconds: Double?) -> Circumstance {
    Circumstance(
      device: runner.device, versions: runner.versions, seconds: seconds ?? self.seconds)
  }

  var count: Int { stages.count - missing.count }

  /// Seconds since the cohort began, by a monotonic clock.
  var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

extension Store {
  /// A stage's name in messages, which is the name of its folder.
  func label(_ stage: some Stage) throws -> String { try folder(of: stage).lastPathComponent }
}
