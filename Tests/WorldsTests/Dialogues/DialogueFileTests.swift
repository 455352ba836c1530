import Files
import Text
import Foundation
import Studies
import Testing
import Worlds
import WorldsTestSupport

@Suite struct DialogueFileTests {
  private func texts(_ dialogue: Dialogue) -> [String] {
    dialogue.turns.map { String(decoding: $0.text, as: UTF8.self) }
  }

  @Test func pairsAreRead() throws {
    let lines = [
      DialogueSamples.pair(
        "\n\nHuman: One?\n\nAssistant: Two.\n\nStill two.\n\nHuman:  Three \n\nAssistant: Four.",
        "\n\nHuman: One?\n\nAssistant: Five."),
      // Without the line breaks at the start, with a third one, and with what looks like a turn.
      DialogueSamples.pair(
        "Human: Ä?\n\n\nAssistant: Humans say \nHuman: yes.", "Human: Ä?\n\nAssistant: 日本"),
    ]
    try DialogueSamples.withFile(lines) { path in
      let file = try DialogueFile.read(path)
      #expect(file.form == .pairs)
      #expect(file.rows == 2)
      #expect(
        file.dialogues.map(texts) == [
          ["One?", "Two.\n\nStill two.", "Three", "Four."], ["Ä?", "Humans say \nHuman: yes."],
        ])
      #expect(file.rejected.map(texts) == [["One?", "Five."], ["Ä?", "日本"]])
      #expect(file.dialogues.map(\.row) == [1, 2])
      #expect(
        file.dialogues[0].transcript
          == Array(
            "\n\nHuman: One?\n\nAssistant: Two.\n\nStill two.\n\nHuman: Three\n\nAssistant: Four."
              .utf8))
      #expect(file.dialogues[0].byteCount == file.dialogues[0].transcript.count)
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(file.sha256 == Fingerprint(of: data).text)
      #expect(file.size == data.count)
      #expect(file.leftOut.isEmpty && file.ignoredKeys.isEmpty)
    }
  }

  @Test func messagesAreRead() throws {
    let lines = [
      DialogueSamples.messages([("system", " Be brief. "), ("user", "Hi"), ("assistant", "Hello")]),
      DialogueSamples.messages([("user", "A"), ("assistant", "B"), ("user", "C")]),
    ]
    try DialogueSamples.withFile(lines) { path in
      let file = try DialogueFile.read(path)
      #expect(file.form == .messages)
      #expect(file.rejected.isEmpty)
      #expect(
        file.dialogues.map { String(decoding: $0.transcript, as: UTF8.self) } == [
          "Be brief.\n\nHuman: Hi\n\nAssistant: Hello",
          "\n\nHuman: A\n\nAssistant: B\n\nHuman: C",
        ])
      #expect(file.dialogues.map(\.answers) == [1, 1])
    }
  }

  @Test func unknownKeysAreNamedOnce() throws {
    let row =
      #"{"id":7,"messages":[{"role":"user","content":"a","name":"n"},"#
      + #"{"role":"assistant","content":"b","weight":1,"name":"m"}],"source":"s"}"#
    try DialogueSamples.withFile([row, row]) { path in
      let keys = try DialogueFile.read(path).ignoredKeys
      #expect(
        keys
          == ["id", "source", "messages[].name", "messages[].weight"])
    }
  }

  /// One bad row in fifty is left out and reported; two in fifty are not a slip.
  @Test func aFewDefectiveRowsAreLeftOut() throws {
    let empty = DialogueSamples.pair("\n\nHuman: a\n\nAssistant: ", "\n\nHuman: a\n\nAssistant: b")
    try DialogueSamples.withFile(DialogueSamples.pairs(49) + [empty]) { path in
      let file = try DialogueFile.read(path)
      #expect(file.rows == 50)
      #expect(file.dialogues.count == 49)
      #expect(file.rejected.count == 49)
      #expect(file.leftOut.map(\.row) == [50])
    }
    try DialogueSamples.withFile(DialogueSamples.pairs(48) + [empty, empty]) { path in
      let fault = #expect(throws: DialogueFault.self) { try DialogueFile.read(path) }
      #expect(fault?.row == 49)
    }
  }

  @Test func aMissingFileIsAFileError() {
    let error = #expect(throws: FileError.self) { try DialogueFile.read("/nowhere/data.jsonl") }
    #expect(error?.exitCode == .noInput)
  }

  /// 1,400 rows, 2 MB: what a user waits for before anything starts.
  @Test func readingIsQuick() throws {
    let filler = String(repeating: "Some more of what there is to say about it. ", count: 14)
    let rows = (0..<1400).map { number in
      let start = "\n\nHuman: \(number) \(DialogueSamples.request(number))\n\nAssistant: \(filler)"
      return DialogueSamples.pair(start + "Good.", start + "Bad.")
    }
    try DialogueSamples.withFile(rows) { path in
      var size = 0
      let time = try ContinuousClock().measure { size = try DialogueFile.read(path).size }
      #expect(size > 1_900_000)
      #if DEBUG
        #expect(time < .seconds(30))
      #else
        #expect(time < .seconds(1))
      #endif
    }
  }
}
