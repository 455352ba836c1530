import Text

/// Which dialogues are trained on and which are only ever asked: a property of their prompt alone.
///
/// The hash of the normalised first human turn decides, so that equal prompts land together,
/// whatever their rows, and adding rows moves none. Every transcript goes by its own prompt, the
/// rejected one of a pair too.
package struct DialogueSplit: Sendable {
  /// One prompt in this many is held out.
  static let heldOutOneIn: UInt64 = 10

  /// The dialogues of messages and the chosen ones of pairs.
  package private(set) var training: [Dialogue] = []
  package private(set) var heldOut: [Dialogue] = []
  /// The rejected ones of pairs.
  package private(set) var rejectedTraining: [Dialogue] = []
  package private(set) var rejectedHeldOut: [Dialogue] = []
  /// Distinct normalised prompts of the dialogues, rejected ones left aside.
  package private(set) var trainingPrompts: Set<[UInt8]> = []
  package private(set) var heldOutPrompts: Set<[UInt8]> = []

  package init(_ file: DialogueFile) {
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
    FNV1a.hash64(normalizedPrompt) % heldOutOneIn == 0
  }
}
