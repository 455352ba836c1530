/// A text to train on, and which part of it is learned.
///
/// Worlds give bytes: how they become tokens, and what marks a text's start and end, is the study's.
public struct TrainingText: Hashable, Sendable {
  public var bytes: [UInt8]
  /// The index of the first byte that is learned.
  public var firstLearned: Int
  /// Whether the text ends after its bytes, which is learned too. A text that was cut off does not
  /// end.
  public var ends: Bool

  public init(bytes: [UInt8], firstLearned: Int, ends: Bool = true) {
    self.bytes = bytes
    self.firstLearned = firstLearned
    self.ends = ends
  }
}

/// Two responses to one prompt.
public struct TextPair: Hashable, Sendable {
  public var chosen: TrainingText
  public var rejected: TrainingText

  public init(chosen: TrainingText, rejected: TrainingText) {
    self.chosen = chosen
    self.rejected = rejected
  }
}
