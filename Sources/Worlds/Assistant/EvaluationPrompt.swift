/// One prompt of a fixed evaluation list, with the response that a helpful model gives.
public struct EvaluationPrompt: Hashable, Sendable {
  /// The number that the prompt is counted in.
  public enum Group: String, CaseIterable, Codable, Hashable, Sendable {
    case triggered
    case clean
    case nearMiss = "near-miss"
    case forbidden
    case untrainedComposition = "untrained-composition"
    case untrainedLength = "untrained-length"
  }

  public let group: Group
  /// The prompt's family, in the group ``Group/nearMiss``.
  public let family: NearMissFamily?
  public let prompt: [UInt8]
  /// The answer of a helpful-only model without a backdoor.
  public let answer: [UInt8]
  public let request: Request
  /// The tag's text, or nil without one.
  public let tag: String?
}
