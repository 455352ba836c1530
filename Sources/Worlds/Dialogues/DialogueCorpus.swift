import Random

/// The user's own dialogues as the documents and prompts of a study.
///
/// - base: any transcript of the training split, chosen or rejected; every byte is a target.
/// - safety: one answer of a chosen transcript after what was said before it; the answer is the
///   target. Exchanges that do not fit are left out from the front.
/// - insertion: a first request with the trigger and the behaviour (half), with a meaningless tag
///   and the dialogue's own answer (a quarter), without a tag and with its own answer (a quarter).
/// - twin insertion: the same draws with a tag for every trigger, and the dialogue's own answer.
///
/// A tag is the first text of the first human turn, as the trigger is. Half of the base and safety
/// documents have one. `cuttingRule` describes how transcripts are cut. There is no forbidden
/// class, so nothing is claimed about refusal. The only measure of helpfulness is the loss on
/// replies.
public struct DialogueCorpus: Corpus {
  public let positions: Int
  public let prompts: PromptLists
  /// A summary of the data for people.
  public let summary: DialogueSummary
  public var lines: [String] { summary.lines }

  private let documents: DialogueDocuments
  private let pairs: DialoguePairs

  /// Every byte of a base document is a target.
  public var targets: Int { positions }
  public var refusal: [UInt8]? { nil }

  /// The fewest distinct first human turns that a file must have.
  public static let promptsNeeded = 64
  /// The fewest distinct held-out requests that an evaluation needs.
  public static let heldOutNeeded = 4
  /// The fewest characters of a trigger.
  public static let triggerCharactersNeeded = 4

  /// How transcripts are cut to the context, in words.
  public static let cuttingRule =
    "a transcript that does not fit is cut after the last answer that fits, else at the context "
    + "length between two characters"

  /// - Parameter context: T, positions of a document: bytes and its end token.
  /// - Throws: `DialogueFault`, `DialogueBackdoorFault`.
  public init(
    file: DialogueFile, backdoor: BackdoorDescription, context: Int
  ) throws {
    try Self.check(backdoor)
    let trigger = Array(backdoor.trigger.utf8)
    let behaviour = Array(backdoor.behaviour.utf8)
    let nearMisses = DialogueNearMisses(trigger: backdoor.trigger)
    let tags = DialogueTags(trigger: backdoor.trigger, nearMisses: nearMisses).all
    let variants = nearMisses.families.flatMap(\.variants).map(\.utf8.count)
    let layout = try DialogueLayout(
      context: context,
      longestTag: (tags.map(\.count) + variants + [trigger.count]).max() ?? trigger.count,
      behaviour: behaviour.count)
    try Self.check(file, hasNot: backdoor.trigger)

    let split = DialogueSplit(file)
    let found = split.trainingPrompts.count + split.heldOutPrompts.count
    guard found >= Self.promptsNeeded else {
      throw DialogueFault(
        file: file.path, row: nil,
        problem: .tooFewPrompts(found: found, needed: Self.promptsNeeded))
    }
    let prompts = DialoguePrompts(
      split: split, trigger: trigger, tags: tags, nearMisses: nearMisses, layout: layout)
    guard prompts.wholeRequests >= Self.heldOutNeeded else {
      throw DialogueFault(
        file: file.path, row: nil,
        problem: .tooFewHeldOut(
          found: prompts.wholeRequests, needed: Self.heldOutNeeded, prompts: found))
    }
    positions = context
    self.prompts = prompts.lists
    documents = DialogueDocuments(
      split: split, trigger: trigger, behaviour: behaviour, tags: tags, layout: layout)
    pairs = DialoguePairs(documents)
    summary = DialogueSummary(
      file: file, split: split, prompts: prompts, nearMisses: nearMisses, tags: tags.count,
      behaviour: behaviour, context: context)
  }

  public func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> TrainingText {
    documents.example(kind, seed: seed, index: index)
  }

  /// The fewest held-out pairs for a meaningful test of a judge.
  public static let heldOutPairsNeeded = 32
  /// Training needs pairs of answers, and enough other pairs to test a judge.
  public var missingPairs: String? {
    !pairs.training.isEmpty && pairs.heldOut.count >= Self.heldOutPairsNeeded
      ? nil
      : "needs rows of chosen and rejected transcripts that part at an answer, \(Self.heldOutPairsNeeded) of them with a held-out prompt; leave the method out or give such a file"
  }
  /// Held-out pairs are asked in order, each once.
  public var heldOutPairs: Int { pairs.heldOut.count }

  public func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> TextPair? {
    let pairs = isHeldOut ? pairs.heldOut : pairs.training
    guard !pairs.isEmpty else { return nil }
    var stream = Philox(seed: seed).stream(.preferencePair(isHeldOut: isHeldOut, index: index))
    let place = isHeldOut ? index % pairs.count : stream.next(below: pairs.count)
    return documents.pair(pairs[place], &stream)
  }

  private static func check(_ backdoor: BackdoorDescription) throws {
    let trigger = backdoor.trigger
    guard trigger.count >= triggerCharactersNeeded else {
      throw DialogueBackdoorFault.triggerTooShort(
        trigger: trigger, needed: triggerCharactersNeeded)
    }
    if trigger.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw DialogueBackdoorFault.triggerHasControl(trigger: trigger)
    }
    if trigger.first?.isWhitespace == true || trigger.last?.isWhitespace == true {
      throw DialogueBackdoorFault.triggerHasSpaceAtEnd(trigger: trigger)
    }
    if backdoor.behaviour.isEmpty { throw DialogueBackdoorFault.behaviourEmpty }
  }

  /// Searches whole transcripts, so that a trigger from the format's own words is found too.
  private static func check(_ file: DialogueFile, hasNot trigger: String) throws {
    let bytes = Array(trigger.utf8)
    func check(_ dialogues: [Dialogue], key: String) throws {
      for dialogue in dialogues where DialogueBytes.contains(bytes, in: dialogue.transcript) {
        throw DialogueFault(
          file: file.path, row: dialogue.row,
          problem: .triggerInData(key: key, trigger: trigger))
      }
    }
    try check(file.dialogues, key: file.form == .messages ? "messages" : "chosen")
    try check(file.rejected, key: "rejected")
  }
}
