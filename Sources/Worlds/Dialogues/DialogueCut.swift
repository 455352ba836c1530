/// A transcript cut to the context.
///
/// The first rule that fits applies:
///
/// 1. the whole transcript and an end token;
/// 2. the transcript up to the end of the last assistant turn that fits, and an end token;
/// 3. as many bytes as fit without splitting a code point, and no end token.
///
/// A human turn never ends a cut document. Otherwise the model would learn the end token in the
/// place of an answer.
package struct DialogueCut: Hashable, Sendable {
  /// The place of the cut.
  package enum Place: Hashable, Sendable {
    case whole
    case atTurn
    case inTurn
  }

  package var bytes: [UInt8]
  package var place: Place

  /// - Parameters:
  ///   - tag: The first text in the first human turn, followed by a blank. Nil for none.
  ///   - context: T, the most bytes including the end token.
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

/// The amount of the transcripts that a context length keeps.
public struct DialogueCutShares: Hashable, Sendable {
  public private(set) var transcripts = 0
  /// Transcripts that fit with their end token.
  public private(set) var whole = 0
  /// Transcripts cut after an assistant turn.
  public private(set) var atTurn = 0
  /// Transcripts cut inside a turn.
  public private(set) var inTurn = 0
  /// Bytes of the transcripts before and after the cut.
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
