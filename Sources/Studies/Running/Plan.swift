public import Text

/// The plan of a run: the missing products of a study, their order and their cohorts.
public struct Plan<S: Stage>: Sendable {
  /// The state of the product of a stage.
  public enum State: Hashable, Sendable {
    case done
    case missing
    /// The product exists but is damaged: it is made again.
    case damaged(ProductDamage)
    /// The product is absent, and no missing product needs it.
    case notNeeded

    /// Whether the runner makes it.
    public var toMake: Bool {
      switch self {
      case .missing, .damaged: true
      case .done, .notNeeded: false
      }
    }
  }

  /// A stage of the plan, and the state of its product.
  public struct Entry: Sendable {
    public let stage: S
    public let fingerprint: Fingerprint
    /// Indices of the inputs in `entries`, all smaller than this entry's index.
    public let inputs: [Int]
    /// Indices of all stages whose products are read to make this product: the inputs, then the
    /// others.
    public let reads: [Int]
    public internal(set) var state: State
  }

  /// Stages that are made together. A single stage is a cohort of one.
  public struct Cohort: Sendable {
    public let name: String
    public let cohortKey: String
    public let stages: [S]
  }

  /// Every distinct stage once, each after all its inputs; the order depends on the targets alone.
  public private(set) var entries: [Entry]

  /// Expands the targets and looks each distinct stage up in the store.
  ///
  /// Targets are needed. The stages that a stage reads are needed if the stage is to be made. So a
  /// deleted product is not made again if all products that need it exist.
  ///
  /// - Throws: `FileError`, `CommitFault`, and what `Fingerprint(of:)` throws.
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

  /// The missing products as cohorts, in the order in which they are made.
  ///
  /// The order is by depth, which is the longest path to a stage without inputs: first all stages
  /// of depth 0, then stages that need only those, and so on. Within a depth, stages with the same
  /// name and key are put into cohorts in their order, each as large as allowed. Waiting for a
  /// whole depth gives the largest cohorts, because all branches of a grid do the same step
  /// together. This also holds for a run that was stopped and resumed.
  ///
  /// - Parameter capacity: The largest number of stages like the given one in one cohort.
  /// - Throws: `PlanFault` if not even one stage fits, and what `capacity` throws.
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

/// The reason why a plan cannot be divided into cohorts.
public enum PlanFault: DescribedError, Hashable {
  case doesNotFit(name: String, key: String)

  public var line: String {
    switch self {
    case .doesNotFit(let name, let key):
      "\(name) (\(key.printable())): one model needs more memory than the device has; "
        + "choose a smaller size or another device"
    }
  }

  public var exitCode: SystemExit { .unavailable }
}

/// Expands stages depth first, inputs before the stages that need them.
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
