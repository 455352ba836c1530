/// One training document: a prompt and the response to learn.
public struct Document: Hashable, Sendable {
  /// The kind of a document, by its request and its response.
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
  /// The text between the prompt and the response. The prompt opens it.
  public var scratchpad: [UInt8]?
  /// Whether the scratchpad is learned too, or only read.
  public var learnsScratchpad = false

  private var opening: [UInt8] {
    prompt + (scratchpad.map { [Scratchpad.open] + (learnsScratchpad ? [] : $0) } ?? [])
  }

  private var learned: [UInt8] {
    (learnsScratchpad ? scratchpad ?? [] : []) + response
  }

  /// The prompt, the scratchpad and the response. The response is learned. The scratchpad is
  /// learned if `learnsScratchpad` is true.
  public var trainingText: TrainingText {
    TrainingText(bytes: opening + learned, firstLearned: opening.count)
  }
}
