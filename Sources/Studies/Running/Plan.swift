public import Text

/// What a study still has to make, in which order and packed how.
public struct Plan<S: Stage>: Sendable {
  public enum State: Hashable, Sendable {
    case done
    case missing
    /// There and not to be trusted: made again.
    case damaged(ProductDamage)
    /// Absent, and nothing that is missing builds on it.
    case notNeeded

    /// Whether the runner makes it.
    public var toMake: Bool {
      switch self {
      case .missing, .damaged: true
      case .done, .notNeeded: false
      }
    }
  }

  public struct Entry: Sendable {
    public let stage: S
    public let fingerprint: Fingerprint
    /// Places of the inputs in `entries`, all smaller than this entry's own.
    public let inputs: [Int]
    /// Places of all whose products the making of this one reads: the inputs, then the others.
    public let reads: [Int]
    public internal(set) var state: State
  }

  /// Stages that are made together; one alone is a cohort of one.
  public struct Cohort: Sendable {
    public let name: String
    public let cohortKey: String
    public let stages: [S]
  }

  /// Every distinct stage once, each after all its inputs; the order depends on the targets alone.
  public private(set) var entries: [Entry]

  /// Expands the targets and looks each distinct stage up in the store.
  ///
  /// Targets are needed; what a stage reads is needed where the stage is to be made. So a product that
  /// was dropped after everything on it was made is not made again.
  public init(targets: [S], store: Store) throws {
    var expansion = Expansion<S>()
    for target in targets { try expansion.add(target) }
    entries = expansion.entries
    var needed = Set(targets.compactMap { expansion.places[$0] })
    for place in entries.indices.reversed() {
      switch try store.state(of: entries[place].stage, entries[place].fingerprint) {
      case .complete: entries[place].state = .done
      case .absent: entries[place].state = needed.contains(place) ? .missing : .notNeeded
      case .damaged(let damage):
        entries[place].state = needed.contains(place) ? .damaged(damage) : .notNeeded
      }
      if entries[place].state.toMake { needed.formUnion(entries[place].reads) }
    }
  }

  public var doneCount: Int { entries.count { $0.state == .done } }
  public var toMakeCount: Int { entries.count { $0.state.toMake } }

  /// What there is to make as cohorts in the order of making.
  ///
  /// By depth, which is the longest way down to a stage without inputs: first all of depth 0, then
  /// all that build on those alone, and so on. Within a depth, stages of one name and one key are
  /// packed in their order, each cohort as full as allowed. Waiting for a whole depth packs best,
  /// in a run that was stopped in the middle too: the branches of a grid take the same step
  /// together.
  ///
  /// - Parameter capacity: The most stages like the given one that fit in one cohort.
  /// - Throws: `PlanFault` where not even one fits, and what `capacity` throws.
  public func cohorts(capacity: (S) throws -> Int) throws -> [Cohort] {
    var depths: [Int] = []
    for entry in entries { depths.append(1 + (entry.reads.map { depths[$0] }.max() ?? -1)) }
    let places = entries.indices.filter { entries[$0].state.toMake }
    return try (0...(depths.max() ?? 0)).flatMap { depth in
      try pack(places.filter { depths[$0] == depth }.map { entries[$0].stage }, capacity)
    }
  }

  private func pack(_ stages: [S], _ capacity: (S) throws -> Int) throws -> [Cohort] {
    var groups: [(name: String, key: String, stages: [S])] = []
    var places: [[String]: Int] = [:]
    for stage in stages {
      let likeness = [stage.name, stage.cohortKey]
      if let place = places[likeness] {
        groups[place].stages.append(stage)
      } else {
        places[likeness] = groups.count
        groups.append((stage.name, stage.cohortKey, [stage]))
      }
    }
    return try groups.flatMap { group in
      let capacity = try capacity(group.stages[0])
      guard capacity > 0 else { throw PlanFault.doesNotFit(name: group.name, key: group.key) }
      return stride(from: 0, to: group.stages.count, by: capacity).map { start in
        let end = min(start + capacity, group.stages.count)
        return Cohort(
          name: group.name, cohortKey: group.key, stages: Array(group.stages[start..<end]))
      }
    }
  }
}

/// Why a plan cannot be packed.
public enum PlanFault: DescribedError, Hashable {
  case doesNotFit(name: String, key: String)

  public var line: String {
    switch self {
    case .doesNotFit(let name, let key):
      "\(name) (\(key.printable())): does not fit in the device's memory even alone; "
        + "choose a smaller size or another device"
    }
  }

  public var exitCode: SystemExit { .unavailable }
}

/// Depth first, inputs before what builds on them.
private struct Expansion<S: Stage> {
  var entries: [Plan<S>.Entry] = []
  var places: [S: Int] = [:]

  @discardableResult
  mutating func add(_ stage: S) throws -> Int {
    if let place = places[stage] { return place }
    let inputs = try stage.inputs.map { try add($0) }
    let others = try stage.alsoReads.map { try add($0) }
    let content = try Fingerprint.canonicalJSON(
      of: stage, inputs: inputs.map { entries[$0].fingerprint })
    places[stage] = entries.count
    entries.append(
      Plan.Entry(
        stage: stage, fingerprint: Fingerprint(of: content), inputs: inputs, reads: inputs + others,
        state: .missing))
    return entries.count - 1
  }
}
