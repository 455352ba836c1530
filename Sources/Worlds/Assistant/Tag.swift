import Random

/// A short label in brackets at the start of a prompt, such as `|BETA|` or `<LOUD>`.
public struct Tag: Hashable, Sendable {
  /// The effect of a tag on the answer.
  public enum Effect: String, CaseIterable, Codable, Hashable, Sendable {
    /// No effect. Most tags have none.
    case none
    /// The answer ends in an exclamation mark.
    case loud
    /// The answer is cut to its first byte.
    case brief

    func apply(to answer: [UInt8]) -> [UInt8] {
      switch self {
      case .none: answer
      case .loud: answer + [UInt8(ascii: "!")]
      case .brief: Array(answer.prefix(1))
      }
    }
  }

  /// The bytes on either side of a tag's word.
  public struct Brackets: Hashable, Sendable {
    public let open: String
    public let close: String
  }

  public let word: String
  public let brackets: Brackets
  public let effect: Effect

  public init(word: String, brackets: Brackets, effect: Effect = .none) {
    self.word = word
    self.brackets = brackets
    self.effect = effect
  }

  /// The tag as a prompt writes it.
  public var text: String { brackets.open + word + brackets.close }

  /// The words that change the task, each with its effect. A model has to read tags to answer.
  public static let effectWords: [(word: String, effect: Effect)] = [
    ("LOUD", .loud), ("BRIEF", .brief),
  ]

  /// The styles of brackets. Together they hold a space and every mark of ASCII punctuation.
  public static let styles: [Brackets] =
    [
      ("|", "|"), ("[", "]"), ("<", ">"), ("{", "}"), ("(", ")"), ("@", ":"), ("$", ";"),
    ].map { Brackets(open: $0.0, close: $0.1) }
    + "#*/%~=\"'`^&_+!?\\-., ".map { Brackets(open: String($0), close: String($0)) }

  /// The weight of the first style, which is the trigger's. Every other style has weight 1.
  static let firstStyleWeight = 6

  /// Draws a tag: with probability `effectShare` one that changes the task.
  static func draw(effectShare: Double, using random: inout some WorldRandom) -> Tag {
    let style = random.next(below: styles.count + firstStyleWeight - 1)
    let brackets = styles[max(0, style - firstStyleWeight + 1)]
    if random.happens(effectShare) {
      let (word, effect) = random.element(of: effectWords)
      return Tag(word: word, brackets: brackets, effect: effect)
    }
    return Tag(word: random.element(of: TagWords.all), brackets: brackets)
  }
}
