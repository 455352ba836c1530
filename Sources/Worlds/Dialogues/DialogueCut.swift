/// A transcript cut to the context.
///
/// The rule: the whole transcript and an end token if they fit; else the transcript up to the end
/// of the last assistant turn that fits, and an end token; else as many bytes as fit without
/// splitting a code point, and no end token, as nothing ends there. A human turn never ends a cut
/// document: the end token would be learned where an answer belongs.
package struct DialogueCut: Hashable, Sendable {
  package enum Place: Hashable, Sendable {
    case whole
    case atTurn
    case inTurn
  }

  package var bytes: [UInt8]
  package var place: Place

  /// - Parameters:
  ///   - tag: what stands first in the first human turn, with a blank after it; nil for nothing.
  ///   - context: T. Bytes and the end token together are at most so many.
  package init(_ dialogue: Dialogue, tag: [UInt8]?, context: Int) {
    bytes = dialogue.system
    var fitting: Int?
    for (index, turn) in dialogue.turns.enumerated() {
      bytes += turn.speaker.opening
      if index == 0, let tag { bytes += tag + [0x20] }
      bytes += turn.text
      guard bytes.count < context else {
        if let fitting {
          bytes.removeLast(bytes.count - fitting)
          place = .atTurn
        } else {
          bytes = Array(DialogueBytes.prefix(bytes, context))
          place = .inTurn
        }
        return
      }
      if turn.speaker == .assistant { fitting = bytes.count }
    }
    place = .whole
  }
}

/// How much of the transcripts a context length keeps.
public struct DialogueCutShares: Hashable, Sendable {
  public private(set) var transcripts = 0
  /// Transcripts that fit with their end token.
  public private(set) var whole = 0
  /// Transcripts cut after an assistant turn.
  public private(set) var atTurn = 0
  /// Transcripts cut inside a turn.
  public private(set) var inTurn = 0
  /// Bytes of the transcripts and of what is left of them.
  public private(set) var bytes = 0
  public private(set) var keptBytes = 0

  /// Cuts every transcript as base training does, without tags.
  init(_ dialogues: [Dialogue], context: Int) {
    for dialogue in dialogues {
      let cut = DialogueCut(dialogue, tag: nil, context: context)
      transcripts += 1
      bytes += dialogue.byteCount
      keptBytes += cut.bytes.count
      switch cut.place {
      case .whole: whole += 1
      case .atTurn: atTurn += 1
      case .inTurn: inTurn += 1
      }
    }
  }
}
