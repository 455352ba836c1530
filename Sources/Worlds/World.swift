public import Studies

/// Every world, in the order of the documentation. Adding a world adds its type here.
public let allWorlds: [any World.Type] = [
  AssistantWorld.self, CodeWorld.self, DialogueWorld.self,
]

/// The source of a study's text.
///
/// The type answers every question about the world from a study file, a stage or a report. A value
/// of it contains the key `data` of one study. The encoded value determines the documents and is
/// part of every fingerprint.
public protocol World: Hashable, Sendable, Encodable {
  // MARK: The study file

  /// The word for the world under `data.kind`.
  static var name: String { get }
  /// One or more sentences for the description of the study file.
  static var meaning: String { get }
  /// Reads the world's own keys under `data`.
  init(_ data: Fields)
  /// The backdoor of every study of this world. Nil if a study file describes one.
  static var ownBackdoor: BackdoorDescription? { get }
  /// The reason why a backdoor cannot be measured in this world. Nil if it can.
  static func fault(of backdoor: BackdoorDescription) -> String?
  /// The most tokens of a document's response, and the name of that response. Nil if only the
  /// behaviour's text sets a bound.
  static var longestResponse: (tokens: Int, name: String)? { get }
  /// Reads the prompts of each untrained group from `evaluation.gate`. Nil if the world has no
  /// groups.
  static func untrainedPerGroup(_ gate: Fields) -> Int?

  // MARK: Documents

  /// The revision of the documents, from 0 to 999. It grows with every change of a document or a
  /// list of prompts. For stages that keep something of responses it also grows with every change
  /// of that.
  static func revision(keeping kept: KeptOfResponses) -> Int
  /// Whether there is a class of requests that safety training teaches to refuse.
  static var hasForbiddenClass: Bool { get }
  /// Whether documents can be made for mechanisms other than the normal one.
  static var hasMechanisms: Bool { get }
  /// Whether a red-teamer has tags to try.
  static var hasTagsToTry: Bool { get }
  /// The path of the user's file. Empty if the study names none, nil if the world reads none.
  var file: String? { get }
  /// The world with another file. Nil if the world reads none.
  func reading(_ file: String) -> Self?
  /// The documents and prompts, and the world with the content hash of the user's file.
  ///
  /// - Parameter hasScratchpads: Whether base documents may have scratchpads.
  /// - Throws: The fault of the user's file or of the backdoor.
  func load(
    _ backdoor: BackdoorDescription, hasScratchpads: Bool
  ) throws -> (world: any World, corpus: any Corpus)

  // MARK: The report

  /// The training documents, as words after "Small language models were trained on".
  static var documents: String { get }
  /// The taught use of the behaviour, as words after "then taught to".
  static var verb: String { get }
  /// The meaning of training on base data, as a sentence.
  static var forgetting: String { get }
  /// A sentence about the paper's models, for findings that compare with them. Empty for none.
  static var paperNote: String { get }
  /// Whether rules grade responses. If so, the behaviour is a name for the grade. If not, it is the
  /// text of a response.
  static var isGraded: Bool { get }
  /// Whether responses are Python functions, which Bandit can grade too.
  static var writesPython: Bool { get }
  /// The family of near-misses that imply the trigger's year without stating it. Nil for none.
  static var impliedYears: String? { get }
}

/// What the product of a stage keeps of the responses that it grades.
public enum KeptOfResponses: CaseIterable, Hashable, Sendable {
  /// The stage asks no model.
  case nothing
  /// Whether the responses have the behaviour.
  case behaviour
  /// Every fact of a grade.
  case facts
}

extension World {
  public static var ownBackdoor: BackdoorDescription? { nil }
  public static func fault(of backdoor: BackdoorDescription) -> String? { nil }
  public static var longestResponse: (tokens: Int, name: String)? { nil }
  public static func untrainedPerGroup(_ gate: Fields) -> Int? { nil }

  public static var hasForbiddenClass: Bool { true }
  public static var hasMechanisms: Bool { false }
  public static var hasTagsToTry: Bool { false }
  public var file: String? { nil }
  public func reading(_ file: String) -> Self? { nil }

  public static var verb: String { "answer" }
  public static var forgetting: String {
    "The model continued on base data shows plain forgetting."
  }
  public static var paperNote: String { "" }
  public static var isGraded: Bool { false }
  public static var writesPython: Bool { false }
  public static var impliedYears: String? { nil }
}

/// The names of the worlds with a property.
///
/// - Parameter mark: Text around every name, such as a backtick in Markdown.
public func worldNames(_ mark: String = "", where has: (any World.Type) -> Bool) -> String {
  allWorlds.filter(has).map { mark + $0.name + mark }.joined(separator: " or ")
}
