import Files
public import Foundation

extension Store {
  /// Saves checkpoints of the stages of a cohort durably, so that a stopped run resumes from
  /// `step`. Older checkpoints are removed when all new ones are saved. The commit of a stage
  /// removes its checkpoints.
  ///
  /// - Parameter write: Fills the folder of the stage at an index.
  ///
  /// Throws `FileError`, `CommitFault` and what `write` throws.
  public func checkpoint<S: Stage>(
    _ stages: [S], step: Int, circumstance: Circumstance, write: (Int, URL) throws -> Void
  ) throws {
    let fingerprints = try stages.map { try Fingerprint(of: $0) }
    for (index, stage) in stages.enumerated() {
      _ = try commit(stage, fingerprints[index], step: step, circumstance: circumstance) {
        try write(index, $0)
      }
    }
    for (stage, fingerprint) in zip(stages, fingerprints) {
      try removeCheckpoints(of: stage, fingerprint, before: step)
    }
  }

  /// The newest step at which every stage has an undamaged checkpoint, and these checkpoints; nil
  /// if there is none. All bytes are checked.
  ///
  /// - Parameter damaged: Called for every newer checkpoint that is damaged. It is moved to another
  ///   name.
  /// - Throws: `FileError`.
  public func latestCheckpoint<S: Stage>(
    of stages: [S], damaged: (ProductDamage) -> Void = { _ in }
  ) throws -> (step: Int, products: [Product])? {
    let fingerprints = try stages.map { try Fingerprint(of: $0) }
    let steps = try zip(stages, fingerprints).map { Set(try checkpointSteps(of: $0, $1)) }
    guard let first = steps.first else { return nil }
    for step in steps.dropFirst().reduce(first, { $0.intersection($1) }).sorted(by: >) {
      var products: [Product] = []
      for (stage, fingerprint) in zip(stages, fingerprints) {
        let path = try path(stage, fingerprint, step: step)
        do {
          let product = try product(at: path, fingerprint, step: step)
          try verify(product)
          products.append(product)
        } catch let damage as ProductDamage {
          damaged(damage)
          try setAside(path)
          break
        }
      }
      if products.count == stages.count { return (step, products) }
    }
    return nil
  }

  /// The newest step of the checkpoints of every stage that has one, by the name of the folder of
  /// its product (see ``folder(of:)``). Bytes are not checked.
  ///
  /// - Throws: `FileError`.
  public func checkpointSteps() throws -> [String: Int] {
    guard try files.kind(stagesPath) != nil else { return [:] }
    var steps: [String: Int] = [:]
    for name in try files.list(stagesPath) where !name.hasPrefix(".") {
      guard let mark = name.range(of: Self.checkpointMark), let step = Int(name[mark.upperBound...])
      else { continue }
      let product = String(name[..<mark.lowerBound])
      steps[product] = max(step, steps[product] ?? 0)
    }
    return steps
  }

  /// The steps of a stage's checkpoints.
  private func checkpointSteps(
    of stage: some Stage, _ fingerprint: Fingerprint
  ) throws -> [Int] {
    guard try files.kind(stagesPath) != nil else { return [] }
    let prefix =
      URL(fileURLWithPath: try path(stage, fingerprint)).lastPathComponent + Self.checkpointMark
    return try files.list(stagesPath).compactMap { name in
      name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
    }
  }

  func removeCheckpoints(
    of stage: some Stage, _ fingerprint: Fingerprint, before limit: Int
  ) throws {
    for step in try checkpointSteps(of: stage, fingerprint) where step < limit {
      try discard(path(stage, fingerprint, step: step))
    }
  }
}
