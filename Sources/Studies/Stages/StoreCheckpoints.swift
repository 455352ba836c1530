public import Foundation

extension Store {
  /// Makes a checkpoint of a stage durable, so that a stopped run goes on from `step`; older ones
  /// of the stage are removed once it is. The commit of the stage removes them all.
  ///
  /// Throws `FileError`, `CommitFault` and what `write` throws.
  @discardableResult
  public func checkpoint(
    _ stage: some Stage, step: Int, circumstance: Circumstance, write: (URL) throws -> Void
  ) throws -> Record {
    let fingerprint = try Fingerprint(of: stage)
    let record = try commit(
      stage, fingerprint, step: step, circumstance: circumstance, write: write)
    try removeCheckpoints(of: stage, fingerprint, before: step)
    return record
  }

  /// The newest checkpoint of a stage that verifies to the last byte, nil where there is none.
  ///
  /// - Parameter damaged: Called for every newer one that does not; it is moved aside.
  public func latestCheckpoint(
    of stage: some Stage, damaged: (ProductDamage) -> Void = { _ in }
  ) throws -> (step: Int, product: Product)? {
    let fingerprint = try Fingerprint(of: stage)
    for step in try checkpointSteps(of: stage, fingerprint).reversed() {
      let path = try path(stage, fingerprint, step: step)
      do {
        let product = try product(at: path, fingerprint, step: step)
        try verify(product)
        return (step, product)
      } catch let damage as ProductDamage {
        damaged(damage)
        try setAside(path)
      }
    }
    return nil
  }

  /// The steps of a stage's checkpoints, ascending.
  private func checkpointSteps(
    of stage: some Stage, _ fingerprint: Fingerprint
  ) throws -> [Int] {
    guard try files.kind(stagesPath) != nil else { return [] }
    let prefix =
      URL(fileURLWithPath: try path(stage, fingerprint)).lastPathComponent + Self.checkpointMark
    return try files.list(stagesPath).compactMap { name in
      name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
    }.sorted()
  }

  func removeCheckpoints(
    of stage: some Stage, _ fingerprint: Fingerprint, before limit: Int
  ) throws {
    for step in try checkpointSteps(of: stage, fingerprint) where step < limit {
      try discard(path(stage, fingerprint, step: step))
    }
  }
}
