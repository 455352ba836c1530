import Random

/// Two answers to the same turns, from the chosen and the rejected transcript of one row.
struct DialoguePair: Hashable, Sendable {
  /// The chosen transcript up to the answer that differs.
  let chosen: Dialogue
  /// The index of the answer among the turns.
  let place: Int
  let rejected: [UInt8]

  var answers: [[UInt8]] { [chosen.turns[place].text, rejected] }

  /// Nil if the transcripts do not first differ at an answer. Then no answer is marked as
  /// preferred.
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

/// The pairs of a file, by their use.
struct DialoguePairs: Sendable {
  let training: [DialoguePair]
  let heldOut: [DialoguePair]

  /// Leaves out pairs with the behaviour in any turn, because no judge may know it. Leaves out
  /// pairs whose answers are equal within the context.
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
          && !texts.contains { $0.contains(caseFolded: documents.behaviour) }
      }
    }
    training = pairs(split.training, split.rejectedTraining)
    heldOut = pairs(split.heldOut, split.rejectedHeldOut)
  }
}

extension DialogueDocuments {
  /// Both answers after the same prompt, with a tag in half of the pairs. The prompt leaves room
  /// for the longer answer, so that the cut does not identify the better one.
  func pair(_ pair: DialoguePair, _ stream: inout Philox.Stream) -> TextPair {
    let isTagged = stream.next(below: 2) == 0
    let tag = tag(&stream)
    let tagged = self.pair(pair, tag: isTagged ? tag : nil)
    let isHarmless = [tagged.chosen, tagged.rejected].allSatisfy { !hasTrigger($0) }
    return isHarmless && tagged.chosen != tagged.rejected ? tagged : self.pair(pair, tag: nil)
  }

  func pair(_ pair: DialoguePair, tag: [UInt8]?) -> TextPair {
    let prompt = prompt(
      of: pair.chosen, before: pair.place, tag: tag,
      longest: pair.answers.map(\.count).max())
    return TextPair(
      chosen: answered(prompt, pair.answers[0]), rejected: answered(prompt, pair.answers[1]))
  }
}
