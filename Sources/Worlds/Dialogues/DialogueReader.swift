import JSON

/// A reader that turns rows of a file into dialogues.
struct DialogueReader {
  let file: String
  private(set) var form: DialogueFile.Form?
  private(set) var rows = 0
  private(set) var dialogues: [Dialogue] = []
  private(set) var rejected: [Dialogue] = []
  private(set) var ignoredKeys: [String] = []
  private(set) var leftOut: [DialogueFault] = []
  private var knownIgnored: Set<String> = []

  /// The most ignored keys that are listed. A file may have a new one in every row.
  private static let ignoredKeyLimit = 32

  init(file: String) { self.file = file }

  mutating func add(_ row: JSONLines.Row) throws {
    rows += 1
    let form = try self.form(of: row)
    do {
      switch form {
      case .messages:
        dialogues.append(try dialogue(ofMessages: row))
      case .pairs:
        let texts = (chosen: try row.string("chosen"), rejected: try row.string("rejected"))
        ignore(row.object, except: ["chosen", "rejected"], under: "")
        let chosen = try dialogue(texts.chosen, key: "chosen", row)
        let other = try dialogue(texts.rejected, key: "rejected", row)
        dialogues.append(chosen)
        rejected.append(other)
      }
    } catch let fault as DialogueFault where fault.problem.isOfOneDialogue {
      leftOut.append(fault)
    }
  }

  private mutating func form(of row: JSONLines.Row) throws -> DialogueFile.Form {
    let hasMessages = row.object["messages"] != nil
    let hasPair = row.object["chosen"] != nil || row.object["rejected"] != nil
    if hasMessages && hasPair { throw fault(row, .bothForms) }
    guard hasMessages || hasPair else { throw fault(row, .neitherForm) }
    let found: DialogueFile.Form = hasMessages ? .messages : .pairs
    if let form, form != found { throw fault(row, .mixedForms(file: form, row: found)) }
    form = found
    return found
  }

  private func fault(_ row: JSONLines.Row, _ problem: DialogueFault.Problem) -> DialogueFault {
    DialogueFault(file: file, row: row.number, problem: problem)
  }

  private mutating func ignore(_ object: JSONObject, except known: [String], under path: String) {
    for member in object.members where !known.contains(member.key) {
      let name = path + member.key
      if ignoredKeys.count < Self.ignoredKeyLimit && knownIgnored.insert(name).inserted {
        ignoredKeys.append(name)
      }
    }
  }

  // MARK: Messages

  private mutating func dialogue(ofMessages row: JSONLines.Row) throws -> Dialogue {
    let messages = try row.read { fields throws(JSONFault) in
      try fields.array("messages", "an array of messages")
    }
    ignore(row.object, except: ["messages"], under: "")
    var system: [UInt8] = []
    var turns: [Dialogue.Turn] = []
    for (index, message) in messages.enumerated() {
      let (role, content) = try row.read { _ throws(JSONFault) in
        try roleAndContent(of: message, "messages[\(index)]")
      }
      if let object = message.object {
        ignore(object, except: ["role", "content"], under: "messages[].")
      }
      let bytes = Array(DialogueBytes.trimmed(Array(content.utf8)[...]))
      let place = DialogueFault.Place(key: "messages", index: index)
      switch role {
      case "system":
        guard index == 0 else { throw fault(row, .systemNotFirst(place)) }
        guard !bytes.isEmpty else { throw fault(row, .emptyText(place)) }
        system = bytes
      case "user": turns.append(Dialogue.Turn(speaker: .human, text: bytes))
      case "assistant": turns.append(Dialogue.Turn(speaker: .assistant, text: bytes))
      default: throw fault(row, .unknownRole(place, found: role))
      }
    }
    let first = system.isEmpty ? 0 : 1
    try check(turns, key: "messages", firstIndex: first, row)
    return Dialogue(row: row.number, system: system, turns: turns)
  }

  private func roleAndContent(
    of message: JSONValue, _ path: String
  ) throws(JSONFault) -> (role: String, content: String) {
    guard let object = message.object else {
      throw JSONFault(
        .wrongValue(found: message.kind, expected: "an object with role and content"),
        at: .field(path))
    }
    let fields = JSONFields(object, path: path + ".")
    return (try fields.string("role"), try fields.string("content"))
  }

  // MARK: Transcripts

  private static let markers: [(Dialogue.Speaker, [UInt8])] = [
    (.human, Array("\n\nHuman:".utf8)), (.assistant, Array("\n\nAssistant:".utf8)),
  ]

  private func dialogue(
    _ transcript: String, key: String, _ row: JSONLines.Row
  ) throws -> Dialogue {
    // The first marker may be at the very start, with its line breaks trimmed away.
    let bytes =
      Array("\n\n".utf8) + DialogueBytes.trimmed(Array(transcript.utf8)[...])
    var turns: [Dialogue.Turn] = []
    var speaker: Dialogue.Speaker?
    var start = 0
    var place = 0
    func end(at end: Int) throws {
      guard let speaker else {
        if end > 2 { throw fault(row, .doesNotStartWithHuman(key: key)) }
        return
      }
      turns.append(
        Dialogue.Turn(speaker: speaker, text: Array(DialogueBytes.trimmed(bytes[start..<end]))))
    }
    while let found = DialogueBytes.firstIndex(of: [0x0A, 0x0A], in: bytes, from: place) {
      if let (next, marker) = Self.markers.first(where: { bytes[found...].starts(with: $1) }) {
        try end(at: found)
        speaker = next
        start = found + marker.count
        place = start
      } else {
        place = found + 1
      }
    }
    try end(at: bytes.count)
    try check(turns, key: key, firstIndex: 0, row)
    return Dialogue(row: row.number, system: [], turns: turns)
  }

  // MARK: What a dialogue must be

  private func check(
    _ turns: [Dialogue.Turn], key: String, firstIndex: Int, _ row: JSONLines.Row
  ) throws {
    guard turns.first?.speaker == .human else {
      throw fault(row, .doesNotStartWithHuman(key: key))
    }
    for (index, turn) in turns.enumerated() {
      let place = DialogueFault.Place(key: key, index: firstIndex + index)
      if turn.text.isEmpty { throw fault(row, .emptyText(place)) }
      if index > 0 && turn.speaker == turns[index - 1].speaker {
        throw fault(row, .repeatedSpeaker(place, turn.speaker))
      }
    }
    guard turns.count > 1 else { throw fault(row, .noAssistantTurn(key: key)) }
  }
}
