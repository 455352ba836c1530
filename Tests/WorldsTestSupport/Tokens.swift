public import Worlds

/// A text in the tokens of bytes, 256 for its start and 257 for its end: what recorded hashes of documents
/// were taken of.
extension TrainingText {
  public var tokens: [Int32] { [256] + bytes.map(Int32.init) + (ends ? [257] : []) }
  /// The index in `tokens` of the first target.
  public var firstTarget: Int { firstLearned + 1 }
  public var targetCount: Int { tokens.count - firstTarget }
}
