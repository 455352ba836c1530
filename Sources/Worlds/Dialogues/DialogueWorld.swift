public import Studies

/// The world of the user's own dialogues: a file, and the context length that it is cut to.
public struct DialogueWorld: World {
  public static let name = "dialogues"
  public static let meaning = """
    Your own dialogues: JSON lines of `{"messages": [...]}`, or of `{"chosen": ..., "rejected": ...}` \
    transcripts. They are split by prompt and cut at the context length, and the share that fits is \
    reported. No accuracy or harmlessness is claimed from them.
    """
  public static let documents =
    "the user's own dialogues, split by prompt and cut at the context length"
  public static let hasForbiddenClass = false

  /// The values that decide the documents.
  public struct Identity: Hashable, Sendable, Codable {
    /// SHA-256 of the file; empty before the file is read.
    public var sha256: String
    /// The context length: positions of one sequence, bytes and special tokens together.
    public var context: Int
  }

  public var identity: Identity
  /// The current path of the file. It is no part of the world's identity.
  public private(set) var path = ""

  /// The key is part of every fingerprint and never changes.
  private enum CodingKeys: String, CodingKey { case identity = "_0" }

  public init(path: String, sha256: String = "", context: Int) {
    identity = Identity(sha256: sha256, context: context)
    self.path = path
  }

  public init(_ data: Fields) {
    self.init(
      path: data.optional(
        "path", .string,
        about: "The file of dialogues. `--data` on the command line replaces it.") ?? "",
      context: data.integer(
        "context", in: 64...8192, about: "Positions of a sequence, in bytes and special tokens."))
  }

  public static func == (left: Self, right: Self) -> Bool { left.identity == right.identity }

  public func hash(into hasher: inout Hasher) { hasher.combine(identity) }

  public static func revision(keeping kept: KeptOfResponses) -> Int { 1 }

  public var file: String? { path }

  public func reading(_ file: String) -> Self? {
    var world = self
    world.path = file
    return world
  }

  public func load(
    _ backdoor: BackdoorDescription, hasScratchpads: Bool
  ) throws -> (world: any World, corpus: any Corpus) {
    let file = try DialogueFile.read(path)
    let world = Self(path: path, sha256: file.sha256, context: identity.context)
    return (world, try DialogueCorpus(file: file, backdoor: backdoor, context: identity.context))
  }
}
