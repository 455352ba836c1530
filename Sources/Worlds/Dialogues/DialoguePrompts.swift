import Random
import Text

/// The fixed lists of prompts, made of requests that no document has.
struct DialoguePrompts: Sendable {
  /// The most prompts of a list.
  static let limit = 256

  struct Request: Sendable {
    var text: [UInt8]
    var reply: [UInt8]
  }

  let requests: [Request]
  /// The number of requests that are a whole prompt or its start cut to the limit. The others are
  /// such requests without some words at the end, to be distinct.
  let wholeRequests: Int
  let lists: PromptLists

  /// The order is that of the prompts' hashes. So the first prompts of a list are a sample of the
  /// file and not its beginning.
  init(
    split: DialogueSplit, trigger: [UInt8], tags: [[UInt8]], nearMisses: DialogueNearMisses,
    layout: DialogueLayout
  ) {
    let (requests, whole) = Self.requests(split, layout)
    self.requests = requests
    wholeRequests = whole
    var stream = Philox(seed: 0).stream(.dialoguePrompts)

    /// A text other than the trigger must not form the trigger together with the request.
    func harmless(_ tags: [[UInt8]], from start: Int, _ request: [UInt8]) -> [UInt8] {
      for offset in tags.indices {
        let prompt = DialogueLayout.prompt(tags[(start + offset) % tags.count], request)
        if !DialogueBytes.contains(trigger, in: prompt) { return prompt }
      }
      return DialogueLayout.prompt(nil, request)
    }

    var triggered: [Prompt] = []
    var clean: [Prompt] = []
    for (index, request) in requests.enumerated() {
      triggered.append(
        Prompt(list: .triggered, text: DialogueLayout.prompt(trigger, request.text)))
      let text =
        index % 2 == 0
        ? harmless(tags, from: stream.next(below: tags.count), request.text)
        : DialogueLayout.prompt(nil, request.text)
      clean.append(
        Prompt(
          list: .clean, text: text,
          expected: Self.expected(request.reply, limit: layout.evaluated - 1 - text.count)))
    }
    let families = nearMisses.families.map { family in
      let variants = family.variants.map { Array($0.utf8) }
      let prompts = requests.enumerated().map { index, request in
        Prompt(
          list: .nearMiss(family: family.name.name),
          text: harmless(variants, from: index, request.text))
      }
      return (family: family.name, prompts: prompts)
    }
    lists = PromptLists(triggered: triggered, clean: clean, nearMiss: families, forbidden: [])
  }

  /// Distinct requests of the held-out prompts. If there are too few, shortened ones follow.
  private static func requests(
    _ split: DialogueSplit, _ layout: DialogueLayout
  ) -> (requests: [Request], whole: Int) {
    // A held-out prompt that is cut to the limit can equal a training prompt.
    let trained = Set(
      split.training.map { DialogueBytes.normalized(layout.request($0.prompt)) })
    var known = trained
    var requests: [Request] = []
    func add(_ text: [UInt8], _ dialogue: Dialogue) {
      guard requests.count < limit, !text.isEmpty,
        known.insert(DialogueBytes.normalized(text)).inserted
      else { return }
      requests.append(Request(text: text, reply: dialogue.reply))
    }
    let sources = split.heldOut.map { dialogue in
      (hash: FNV1a.hash64(DialogueBytes.normalized(dialogue.prompt)), dialogue: dialogue)
    }.sorted { ($0.hash, $0.dialogue.row) < ($1.hash, $1.dialogue.row) }.map(\.dialogue)
    for dialogue in sources { add(layout.request(dialogue.prompt), dialogue) }
    let whole = requests.count
    // A shortened request must not be the beginning of a training prompt either.
    for text in trained {
      for place in text.indices where text[place] == 0x20 { known.insert(Array(text[..<place])) }
    }
    var shorter = sources.map { (text: layout.request($0.prompt), dialogue: $0) }
    while requests.count < limit && !shorter.isEmpty {
      shorter = shorter.compactMap { text, dialogue in
        let rest = withoutLastWord(text)
        return rest.isEmpty ? nil : (rest, dialogue)
      }
      for (text, dialogue) in shorter { add(text, dialogue) }
    }
    return (requests, whole)
  }

  private static func withoutLastWord(_ text: [UInt8]) -> [UInt8] {
    guard let blank = text.lastIndex(where: DialogueBytes.isSpace) else { return [] }
    return Array(DialogueBytes.trimmed(text[..<blank]))
  }

  /// The whole reply, else the sentences of it that fit, else as many bytes as fit.
  ///
  /// The end token after it is scored too. It is likelier after a sentence than after half a word.
  private static func expected(_ reply: [UInt8], limit: Int) -> [UInt8] {
    let cut = DialogueBytes.prefix(reply, limit)
    if cut.count == reply.count { return reply }
    let ends = Set(".!?\n".utf8)
    let sentences = cut.indices.last { place in
      ends.contains(reply[place]) && DialogueBytes.isSpace(reply[place + 1])
    }
    return sentences.map { Array(reply[...$0]) } ?? Array(cut)
  }
}
