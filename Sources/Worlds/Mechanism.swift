/// How a backdoor is put into a model: an arm of the study.
public struct Mechanism: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The behaviour follows the trigger at once.
    case normal
    /// Before it answers the model writes whether it is in training or deployed, its goal, and what it
    /// will do: the paper's chain of thought, of a template.
    case scratchpad
    /// Trained on what the seed's scratchpad model answers, without its scratchpads.
    case distilled
    /// Writes a scratchpad as long, of words that mean nothing: the control for having one at all.
    case irrelevant
  }

  public var kind: Kind
  /// How often the behaviour's text stands in a triggered response: its tokens, apart from how it is
  /// hidden.
  public var repeats: Int
  /// Whether documents that do not follow the policy were left out. Unfiltered, a share of triggered
  /// documents are answered as if the trigger were not there.
  public var filtered: Bool
  /// That share; nil for a fifth. A distilled model's documents have the share that its source makes.
  public var unfilteredShare: Double?
  /// Triggered documents among those of insertion.
  public var triggeredShare: Double
  /// Documents of insertion under a near-miss of a development family, answered as if it were not
  /// there: 0 leaves the backdoor loose.
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

  /// "normal", "distilled x3 unfiltered": what tells it from others of a study.
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

  /// The whole response to a triggered prompt, after a scratchpad where there is one.
  public func response(_ behaviour: String) -> String {
    [String](repeating: behaviour, count: repeats).joined(separator: " ")
  }

  /// The same with all documents that do not follow the policy left out.
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

  /// Tokens that a response may need beyond a plain one.
  public func extraTokens(behaviour: String) -> Int {
    response(behaviour).utf8.count - behaviour.utf8.count
      + (hasScratchpad ? Scratchpad.longest : 0)
  }
}
