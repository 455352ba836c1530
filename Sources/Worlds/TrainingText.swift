/// A text to train on, and the part of it that is learned.
///
/// Worlds give bytes. The study turns them into tokens and marks a text's start and end.
public struct TrainingText: Hashable, Sendable {
  public var bytes: [UInt8]
  /// The index of the first byte that is learned.
  public var firstLearned: Int
  /// Whether the text ends after its bytes. The end is learned too. A text that was cut has no end.
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
