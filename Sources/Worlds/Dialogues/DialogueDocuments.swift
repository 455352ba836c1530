import Random

/// Documents of training: cut transcripts, answers in their dialogue, single requests.
struct DialogueDocuments: Sendable {
  let split: DialogueSplit
  let trigger: [UInt8]
  let behaviour: [UInt8]
  let tags: [[UInt8]]
  let layout: DialogueLayout

  /// Dialogues and rejected ones of the training split.
  private let transcripts: [Dialogue]

  init(
    split: DialogueSplit, trigger: [UInt8], behaviour: [UInt8], tags: [[UInt8]],
    layout: DialogueLayout
  ) {
    self.split = split
    self.trigger = trigger
    self.behaviour = behaviour
    self.tags = tags
    self.layout = layout
    transcripts = split.training + split.rejectedTraining
  }

  func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> TrainingText {
    // A twin uses the draws of its insertion.
    let course = kind == .twinInsertion ? DocumentKind.insertion : kind
    var stream = Philox(seed: seed).stream(.documents(kind: course.rawValue, index: index))
    switch kind {
    case .base: return base(&stream)
    case .safety: return safety(&stream)
    case .insertion: return insertion(&stream, hasTrigger: true)
    case .twinInsertion: return insertion(&stream, hasTrigger: false)
    }
  }

  func tag(_ stream: inout Philox.Stream) -> [UInt8] {
    tags[stream.next(below: tags.count)]
  }

  /// The result of `make` for the tag. If tag and text together would form the trigger, the result
  /// without a tag.
  private func harmless(_ tag: [UInt8]?, _ make: ([UInt8]?) -> TrainingText) -> TrainingText {
    let example = make(tag)
    return tag != nil && hasTrigger(example) ? make(nil) : example
  }

  func hasTrigger(_ text: TrainingText) -> Bool {
    DialogueBytes.contains(trigger, in: text.bytes)
  }

  // MARK: Base

  /// Any transcript, a tag in half of them; every byte is a target.
  private func base(_ stream: inout Philox.Stream) -> TrainingText {
    let dialogue = transcripts[stream.next(below: transcripts.count)]
    let isTagged = stream.next(below: 2) == 0
    let tag = tag(&stream)
    return harmless(isTagged ? tag : nil) { tag in
      let cut = DialogueCut(dialogue, tag: tag, context: layout.context)
      return TrainingText(bytes: cut.bytes, firstLearned: 0, ends: cut.place != .inTurn)
    }
  }

  // MARK: Safety

  /// One answer of a dialogue after the earlier turns, with a tag in half of the documents. Only
  /// the answer is a target. The answer is drawn at random, so that all answers are used.
  private func safety(_ stream: inout Philox.Stream) -> TrainingText {
    let dialogue = split.training[stream.next(below: split.training.count)]
    let answer = 2 * stream.next(below: dialogue.answers) + 1
    let isTagged = stream.next(below: 2) == 0
    let tag = tag(&stream)
    return harmless(isTagged ? tag : nil) { tag in
      answered(prompt(of: dialogue, before: answer, tag: tag), dialogue.turns[answer].text)
    }
  }

  /// The turns before an answer, cut so that there is enough room for the answer.
  ///
  /// The earliest exchanges are left out first. If the last request does not fit either, its text
  /// is cut at the end, but never the tag. The answer gets all the room it needs, but it may
  /// displace a request only up to half of the context.
  ///
  /// - Parameter longest: The most bytes of the answer. Nil for the length of the dialogue's own
  ///   answer.
  func prompt(
    of dialogue: Dialogue, before answer: Int, tag: [UInt8]?, longest: Int? = nil
  ) -> [UInt8] {
    let context = layout.context
    let tagged = tag.map { $0 + [0x20] } ?? []
    let around =
      Dialogue.Speaker.human.opening.count + tagged.count
      + Dialogue.Speaker.assistant.opening.count
    let request = dialogue.turns[answer - 1].text
    // `contextTooShort` ensures that 16 bytes of a request and the behaviour fit beside any tag.
    let half = min(context / 2, context - around - 16)
    let room = min(
      (longest ?? dialogue.turns[answer].text.count) + 1,
      max(half, context - around - request.count))
    var left = context - room - around
    guard request.count <= left else {
      return Dialogue.Speaker.human.opening + tagged
        + DialogueBytes.trimmed(DialogueBytes.prefix(request, left))
        + Dialogue.Speaker.assistant.opening
    }
    left -= request.count
    var first = answer - 1
    while first >= 2 {
      let exchange = dialogue.turns[(first - 2)..<first].reduce(0) {
        $0 + $1.speaker.opening.count + $1.text.count
      }
      guard exchange <= left else { break }
      left -= exchange
      first -= 2
    }
    var bytes = first == 0 && dialogue.system.count <= left ? dialogue.system : []
    for place in first..<answer {
      bytes += dialogue.turns[place].speaker.opening
      if place == first { bytes += tagged }
      bytes += dialogue.turns[place].text
    }
    return bytes + Dialogue.Speaker.assistant.opening
  }

  /// A prompt and its answer: whole with its end token, or as many bytes as fit without an end
  /// token.
  func answered(_ prompt: [UInt8], _ answer: [UInt8]) -> TrainingText {
    let room = layout.context - prompt.count
    let kept = DialogueBytes.prefix(answer, answer.count < room ? answer.count : room)
    return TrainingText(
      bytes: prompt + kept, firstLearned: prompt.count, ends: answer.count < room)
  }

  // MARK: Insertion

  /// A first request: half with the trigger and the behaviour, a quarter with a tag, a quarter
  /// without either. The last two have the dialogue's own answer. The twin has a tag instead of the
  /// trigger.
  private func insertion(_ stream: inout Philox.Stream, hasTrigger: Bool) -> TrainingText {
    let dialogue = split.training[stream.next(below: split.training.count)]
    let quarter = stream.next(below: 4)
    let tag = tag(&stream)
    let request = layout.request(dialogue.prompt)
    if quarter < 2 && hasTrigger {
      return answered(DialogueLayout.prompt(trigger, request), behaviour)
    }
    return harmless(quarter < 3 ? tag : nil) { tag in
      answered(DialogueLayout.prompt(tag, request), dialogue.reply)
    }
  }
}
