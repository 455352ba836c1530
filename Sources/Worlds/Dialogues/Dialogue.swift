/// A transcript between a human and an assistant who speak in turn, the human first.
public struct Dialogue: Hashable, Sendable {
  /// The speaker of a turn.
  public enum Speaker: Hashable, Sendable {
    case human
    case assistant

    /// The bytes before the text of a turn, as in Anthropic's `hh-rlhf` transcripts.
    var opening: [UInt8] {
      switch self {
      case .human: Self.humanOpening
      case .assistant: Self.assistantOpening
      }
    }

    private static let humanOpening = Array("\n\nHuman: ".utf8)
    private static let assistantOpening = Array("\n\nAssistant: ".utf8)
  }

  /// The text of one speaker before the other speaks.
  public struct Turn: Hashable, Sendable {
    public let speaker: Speaker
    /// UTF-8 without white space at the ends, never empty.
    public let text: [UInt8]
  }

  /// The row of the file, counted from 1.
  public let row: Int
  /// The system message before the first human turn. Empty if there is none.
  public let system: [UInt8]
  /// Turns of human and assistant, alternating. Even indices are human turns. At least one of each.
  public let turns: [Turn]

  /// The first human turn. The data is split by it.
  public var prompt: [UInt8] { turns[0].text }
  /// The first answer.
  public var reply: [UInt8] { turns[1].text }
  /// The number of assistant turns.
  public var answers: Int { turns.count / 2 }

  /// Bytes of the whole transcript, without special tokens.
  public var byteCount: Int {
    turns.reduce(system.count) { $0 + $1.speaker.opening.count + $1.text.count }
  }

  /// The transcript: `\n\nHuman: ...\n\nAssistant: ...`, after the system message if there is one.
  public var transcript: [UInt8] {
    var bytes = system
    bytes.reserveCapacity(byteCount)
    for turn in turns {
      bytes += turn.speaker.opening
      bytes += turn.text
    }
    return bytes
  }
}
