/// One training sequence: tokens, of which those from `firstTarget` on are predicted.
public struct Example: Hashable, Sendable {
  public let tokens: [Int32]
  /// The first token whose log-probability counts, at least 1.
  public let firstTarget: Int

  public init(tokens: [Int32], firstTarget: Int) {
    precondition(
      firstTarget >= 1 && firstTarget <= tokens.count,
      "example: first target \(firstTarget) of \(tokens.count) tokens")
    self.tokens = tokens
    self.firstTarget = firstTarget
  }

  public var targetCount: Int { tokens.count - firstTarget }
}

/// The shape of every batch of a stage. It is a property of the stage and not of its cohort.
public struct BatchGeometry: Hashable, Sendable, Codable {
  /// B.
  public var batch: Int
  /// T.
  public var positions: Int
  /// The largest number of targets of one sequence.
  public var targets: Int

  public init(batch: Int, positions: Int, targets: Int) {
    self.batch = batch
    self.positions = positions
    self.targets = targets
  }
}
