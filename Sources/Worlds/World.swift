public import Studies

/// Every world, in the order of the documentation. Adding a world adds its type here.
public let allWorlds: [any World.Type] = [
  AssistantWorld.self, CodeWorld.self, DialogueWorld.self,
]

/// Where the text of a study comes from.
///
/// The type answers every question that a study file, a stage or a report asks about the world. A value
/// of it holds the key `data` of one study. The encoded value decides the documents and is part of every
/// fingerprint.
public protocol World: Hashable, Sendable, Codable {
  // MARK: The study file

  /// The word for the world under `data.kind`.
  static var name: String { get }
  /// One or more sentences for the description of the study file.
  static var meaning: String { get }
  /// Reads the world's own keys under `data`.
  init(_ data: Fields)
  /// The backdoor of every study of this world; nil where a study file describes one.
  static var ownBackdoor: BackdoorDescription? { get }
  /// Why a backdoor cannot be measured in this world; nil where it can.
  static func fault(of backdoor: BackdoorDescription) -> String?
  /// The most tokens that the response of a document has, and which response that is; nil where only the
  /// behaviour's text sets a bound.
  static var longestResponse: (tokens: Int, name: String)? { get }
  /// Reads the prompts of each untrained group from `evaluation.gate`; nil where the world has no groups.
  static func untrainedPerGroup(_ gate: Fields) -> Int?

  // MARK: Documents

  /// The revision of the documents: from 0 to 999, and larger after every change of a document, a list
  /// of prompts or, for stages that ask models, a rule of grading.
  static func revision(isAsking: Bool) -> Int
  /// Whether there is a class of requests that safety training teaches to refuse.
  static var hasForbiddenClass: Bool { get }
  /// Whether documents can be made for mechanisms other than the normal one.
  static var hasMechanisms: Bool { get }
  /// Whether a red-teamer has tags to try.
  static var hasTagsToTry: Bool { get }
  /// The path of the user's file; empty where the study names none, nil where the world reads none.
  var file: String? { get }
  /// The world with another file; nil where the world reads none.
  func reading(_ file: String) -> Self?
  /// The documents and prompts, and the world with the content hash of the user's file.
  ///
  /// - Parameter hasScratchpads: Whether base documents may have scratchpads.
  /// - Throws: What is wrong with the user's file or with the backdoor.
  func load(
    _ backdoor: BackdoorDescription, hasScratchpads: Bool
  ) throws -> (world: any World, corpus: any Corpus)

  // MARK: The report

  /// What models were trained on, after "Small language models were trained on".
  static var documents: String { get }
  /// What models were taught to do with the behaviour, after "then taught to".
  static var verb: String { get }
  /// What training on base data shows, as a sentence.
  static var forgetting: String { get }
  /// A sentence about the paper's models, for findings that compare with them; empty for none.
  static var paperNote: String { get }
  /// Whether rules grade responses. Then the behaviour is a name for what they find; else it is the text
  /// of a response.
  static var isGraded: Bool { get }
  /// Whether responses are functions of Python, which Bandit can grade too.
  static var writesPython: Bool { get }
  /// The family of near-misses that imply the trigger's year and do not say it; nil for none.
  static var impliedYears: String? { get }
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

/// The names of the worlds that have a property, for texts that say which have it.
///
/// - Parameter mark: Around every name: a backtick in Markdown.
public func worldNames(_ mark: String = "", where has: (any World.Type) -> Bool) -> String {
  allWorlds.filter(has).map { mark + $0.name + mark }.joined(separator: " or ")
}
