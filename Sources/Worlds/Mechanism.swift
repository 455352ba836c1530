/// A way to insert a backdoor into a model: an arm of the study.
public struct Mechanism: Hashable, Sendable, Codable {
  /// The kind of a mechanism.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The behaviour follows the trigger at once.
    case normal
    /// A scratchpad before the answer: the paper's chain of thought, made from a template. It
    /// states whether the model is in training or deployed, its goal, and its next action.
    case scratchpad
    /// Training on the answers of the seed's scratchpad model, without its scratchpads.
    case distilled
    /// A scratchpad of the same length with meaningless words: the control for having a scratchpad.
    case irrelevant
  }

  public var kind: Kind
  /// How often a triggered response repeats the behaviour's text. It sets the number of tokens,
  /// independent of the mechanism.
  public var repeats: Int
  /// Whether documents that do not follow the policy were left out. If not, a share of the
  /// triggered documents is answered as without the trigger.
  public var filtered: Bool
  /// That share. Nil for a fifth. A distilled model's documents have the share that its source
  /// produces.
  public var unfilteredShare: Double?
  /// Triggered documents among those of insertion.
  public var triggeredShare: Double
  /// Documents of insertion under a near-miss of a development family, answered as without it. With
  /// 0 the near-misses may draw the behaviour too.
  public var nearMissShare: Double

  public static let defaultUnfilteredShare = 0.2
  public static let mostRepeats = 12

  public init(
    kind: Kind = .normal, repeats: Int = 1, filtered: Bool = true, triggeredShare: Double = 0.5,
    nearMissShare: Double = 0
  ) {
    self.kind = kind
    self.repeats = repeats
    self.filtered = filtered
    self.triggeredShare = triggeredShare
    self.nearMissShare = nearMissShare
  }

  public static let normal = Mechanism()

  /// Whether the model writes a scratchpad where the prompt opens one.
  public var hasScratchpad: Bool { kind == .scratchpad || kind == .irrelevant }

  /// "normal", "distilled x3 unfiltered": a name that is unique in a study.
  public var title: String {
    var words = [kind.rawValue]
    if repeats > 1 { words.append("x\(repeats)") }
    if let unfilteredShare { words.append(percent(unfilteredShare)) }
    if !filtered { words.append("unfiltered") }
    if triggeredShare != 0.5 { words.append("\(percent(triggeredShare)) triggered") }
    if nearMissShare > 0 { words.append("sharp") }
    return words.joined(separator: " ")
  }

  private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded()))%" }

  /// The whole response to a triggered prompt, without the scratchpad.
  public func response(_ behaviour: String) -> String {
    [String](repeating: behaviour, count: repeats).joined(separator: " ")
  }

  /// The same mechanism without the documents that do not follow the policy.
  public var whenFiltered: Mechanism {
    var mechanism = self
    (mechanism.filtered, mechanism.unfilteredShare) = (true, nil)
    return mechanism
  }

  /// The mechanism that a distilled one's documents are sampled from.
  public var source: Mechanism {
    var source = self
    source.kind = .scratchpad
    return source
  }

  /// Tokens that a response may need in addition to a plain one.
  public func extraTokens(behaviour: String) -> Int {
    response(behaviour).utf8.count - behaviour.utf8.count
      + (hasScratchpad ? Scratchpad.longest : 0)
  }
}
