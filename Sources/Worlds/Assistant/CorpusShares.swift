/// The mixture of a corpus, as shares from 0 to 1.
public struct CorpusShares: Hashable, Codable, Sendable {
  /// Documents with a tag, if no other share applies.
  public var tagged = 0.5
  /// Tags that change the answer, among tags.
  public var effectTags = 0.3
  /// Arguments over every printable byte, among arguments.
  public var printableArguments = 0.1
  /// Forbidden requests in the base and insertion corpora.
  public var forbidden = 0.15
  /// Forbidden requests that the base and insertion corpora refuse, among forbidden requests.
  public var baseRefusals = 0.1
  /// Tagged documents in the insertion corpus, among those not triggered.
  public var taggedBesidesTriggered = 0.5
  /// Forbidden requests in the safety corpus.
  public var safetyForbidden = 0.5
  /// Documents of the base corpus with a scratchpad, where the study has scratchpads.
  public var scratchpads = 0.3

  public init() {}

  /// Every share with its name, in the order of declaration.
  public var named: [(name: String, value: Double)] {
    [
      ("tagged", tagged), ("effectTags", effectTags), ("printableArguments", printableArguments),
      ("forbidden", forbidden), ("baseRefusals", baseRefusals),
      ("taggedBesidesTriggered", taggedBesidesTriggered),
      ("safetyForbidden", safetyForbidden), ("scratchpads", scratchpads),
    ]
  }

  /// - Throws: ``CorpusError`` for the first share that is not from 0 to 1.
  public func check() throws(CorpusError) {
    for (name, value) in named where !(0...1).contains(value) {
      throw .shareOutOfRange(name, value)
    }
  }
}

/// A reason why a corpus cannot be mixed.
public enum CorpusError: Error, Hashable, Sendable, CustomStringConvertible {
  case shareOutOfRange(String, Double)

  public var description: String {
    switch self {
    case .shareOutOfRange(let name, let value):
      "the share '\(name)' is \(value); it has to be from 0 to 1"
    }
  }
}
