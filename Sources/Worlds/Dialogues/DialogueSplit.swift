import Text

/// The split into training dialogues and held-out dialogues. It depends on the prompt alone.
///
/// The hash of the normalised first human turn decides. So equal prompts are in the same part, and
/// added rows move no other row. Every transcript is split by its own prompt, including the
/// rejected one of a pair.
package struct DialogueSplit: Sendable {
  /// One prompt in this number is held out.
  static let heldOutOneIn: UInt64 = 10

  /// The dialogues of messages and the chosen ones of pairs.
  package private(set) var training: [Dialogue] = []
  package private(set) var heldOut: [Dialogue] = []
  /// The rejected ones of pairs.
  package private(set) var rejectedTraining: [Dialogue] = []
  package private(set) var rejectedHeldOut: [Dialogue] = []
  /// Distinct normalised prompts of the dialogues, without the rejected ones.
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
