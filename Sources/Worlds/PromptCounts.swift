/// The number of prompts that are asked from each fixed list.
public struct PromptCounts: Hashable, Sendable, Codable {
  public var triggered: Int
  public var clean: Int
  public var nearMissPerFamily: Int
  public var forbidden: Int
  /// Of kinds of requests that no corpus has; nil where there are none.
  public var untrainedPerGroup: Int?

  public init(triggered: Int, clean: Int, nearMissPerFamily: Int, forbidden: Int) {
    self.triggered = triggered
    self.clean = clean
    self.nearMissPerFamily = nearMissPerFamily
    self.forbidden = forbidden
  }
}
