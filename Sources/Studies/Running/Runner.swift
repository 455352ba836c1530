public import Text
public import Foundation

/// What a run tells its caller while it goes on.
public enum RunEvent<S: Stage>: Sendable {
  /// The plan and its packing; again after a damaged product was found in the middle.
  case planned(Plan<S>, [Plan<S>.Cohort])
  /// A damaged product was moved aside and is made again.
  case damaged(S, ProductDamage)
  /// A cohort begins: its number from 1, and how many there are.
  case started(Plan<S>.Cohort, number: Int, of: Int)
  /// A stage's product is on the disk.
  case committed(S, Record)
  case finished(Plan<S>.Cohort, seconds: Double)
}

/// How a run ended where nothing failed.
public enum RunOutcome: Hashable, Sendable {
  /// All targets are made.
  case completed(made: Int)
  /// Stopped on request; what was committed, and every checkpoint, is kept.
  case stopped(made: Int, remaining: Int)

  /// Products that the run made.
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
  /// It returned and these stages of the cohort have no product.
  case notCommitted(stages: [String])
  /// It committed a stage that it was not asked for.
  case notInCohort(stage: String)
  case committedTwice(stage: String)

  public var line: String {
    switch self {
    case .notCommitted(let stages):
      "made and not committed: \(stages.joined(separator: ", ")); this is a fault of the program"
    case .notInCohort(let stage):
      "\(stage): committed and not part of the cohort; this is a fault of the program"
    case .committedTwice(let stage):
      "\(stage): committed twice; this is a fault of the program"
    }
  }

  public var exitCode: SystemExit { .internalFault }
}

/// Makes what is missing, cohort by cohort, until every target is there.
public struct Runner<S: Stage> {
  public let store: Store
  /// The most stages like the given one that fit in one cohort.
  public let capacity: (S) throws -> Int
  /// Goes into every record.
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
  ///   - make: Makes the stages of a cohort, commits each on its own in any order, and throws `Stopped`
  ///     where it finds the flag raised.
  ///   - finish: Reads the products when all targets are made, such as for a report; again where it
  ///     finds one of them damaged, which is then made again.
  /// - Throws: What `make` and `finish` throw; what was committed stays. A `ProductDamage` of a stage in the
  ///   plan is not thrown the first time: the product is moved aside and made again. One that was
  ///   deleted since the plan was made counts as damaged.
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
        // What fails in a folder that is gone has that cause.
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
        // A maker may return early when it is stopped: what it left is made the next time.
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

/// What a maker commits the stages of its cohort with.
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

  /// The flag to look at between steps.
  public var stop: StopFlag { runner.stop }

  /// Makes a stage's product durable.
  ///
  /// - Parameters:
  ///   - seconds: How long its making took; nil for the time since the cohort began.
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

  /// Makes checkpoints of the cohort's stages at a step durable, from which a stopped run goes on.
  public func checkpoint(
    _ stages: [S], step: Int, write: (_ index: Int, _ folder: URL) throws -> Void
  ) throws {
    if let stranger = stages.first(where: { !self.stages.contains($0) }) {
      throw RunFault.notInCohort(stage: try runner.store.label(stranger))
    }
    try runner.store.checkpoint(
      stages, step: step, circumstance: circumstance(nil), write: write)
  }

  /// The newest checkpoints that these stages have in common; damaged ones are told of and moved
  /// aside.
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

  /// Since the cohort began, by a clock that never jumps.
  var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

extension Store {
  /// A stage's name in messages, which is its folder's.
  func label(_ stage: some Stage) throws -> String { try folder(of: stage).lastPathComponent }
}
