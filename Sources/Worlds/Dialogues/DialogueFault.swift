public import Text

/// A fault in a file of dialogues: the file and row, the problem and the remedy.
public struct DialogueFault: DescribedError, Hashable {
  /// One turn of a row: `messages[2]`, counted from 0, or `chosen: turn 3`, counted from 1.
  public struct Place: Hashable, Sendable {
    public var key: String
    public var index: Int

    public init(key: String, index: Int) {
      self.key = key
      self.index = index
    }

    var text: String { key == "messages" ? "messages[\(index)]" : "\(key): turn \(index + 1)" }
  }

  /// The problem in a dialogue or in the file.
  public enum Problem: Hashable, Sendable {
    // One dialogue.
    case emptyText(Place)
    case repeatedSpeaker(Place, Dialogue.Speaker)
    case noAssistantTurn(key: String)
    case doesNotStartWithHuman(key: String)

    // The form of a row.
    case unknownRole(Place, found: String)
    case systemNotFirst(Place)
    case neitherForm
    case bothForms
    case mixedForms(file: DialogueFile.Form, row: DialogueFile.Form)

    // The file.
    case noRows
    case changedWhileRead
    case tooFewPrompts(found: Int, needed: Int)
    case tooFewHeldOut(found: Int, needed: Int, prompts: Int)
    case triggerInData(key: String, trigger: String)

    /// Whether one dialogue is defective and the row could be left out.
    var isOfOneDialogue: Bool {
      switch self {
      case .emptyText, .repeatedSpeaker, .noAssistantTurn, .doesNotStartWithHuman: true
      default: false
      }
    }
  }

  /// The file as the user named it.
  public var file: String
  /// The row, counted from 1. Nil for a fault of the whole file.
  public var row: Int?
  public var problem: Problem

  public init(file: String, row: Int?, problem: Problem) {
    self.file = file
    self.row = row
    self.problem = problem
  }

  public var line: String {
    file.printable(limit: 400) + (row.map { ":\($0)" } ?? "") + ": " + what
  }

  public var exitCode: SystemExit { .badInput }

  private var what: String {
    switch problem {
    case .emptyText(let place):
      return "\(place.text): empty; write the text or remove the row"
    case .repeatedSpeaker(let place, let speaker):
      let name = speaker == .human ? "human" : "assistant"
      return "\(place.text): a second \(name) turn in a row; join the two or add the turn between"
    case .noAssistantTurn(let key):
      return "\(key): no assistant turn; add the answer or remove the row"
    case .doesNotStartWithHuman(let key):
      return key == "messages"
        ? "messages: does not start with a user message; add one, after the system message if any"
        : "\(key): does not start with a human turn; begin the text with \"\\n\\nHuman: \""
    case .unknownRole(let place, let found):
      return "\(place.text).role: \"\(found.printable(limit: 60))\" is no role; "
        + "use system, user or assistant"
    case .systemNotFirst(let place):
      return "\(place.text): a system message after the start; only the first message may be one"
    case .neitherForm:
      return
        "neither \"messages\" nor \"chosen\" and \"rejected\"; write a dialogue in one of the two"
    case .bothForms:
      return "\"messages\" beside \"chosen\" or \"rejected\"; keep one of the two forms"
    case .mixedForms(let file, let row):
      return "\(row.text) in a file of \(file.text); keep one form in a file"
    case .noRows:
      return "no dialogues; write one JSON object on each line"
    case .changedWhileRead:
      return "changed while it was read; run again once it is complete"
    case .tooFewPrompts(let found, let needed):
      return "\(found) distinct first human turns where \(needed) are needed, so that a tenth can "
        + "be held out; add dialogues"
    case .tooFewHeldOut(let found, let needed, let prompts):
      return
        "\(found) of \(prompts) distinct first human turns can be held out where \(needed) are "
        + "needed; add dialogues with other prompts or use a longer context"
    case .triggerInData(let key, let trigger):
      return "\(key): holds the trigger \"\(trigger.printable(limit: 60))\", so that safety "
        + "training would show it; choose another trigger or remove the row"
    }
  }
}

/// A reason why a backdoor cannot be hidden in dialogues.
public enum DialogueBackdoorFault: DescribedError, Hashable {
  case triggerTooShort(trigger: String, needed: Int)
  case triggerHasControl(trigger: String)
  case triggerHasSpaceAtEnd(trigger: String)
  case behaviourEmpty
  case contextTooShort(context: Int, needed: Int)

  public var line: String {
    switch self {
    case .triggerTooShort(let trigger, let needed):
      "backdoor.trigger: \"\(trigger.printable(limit: 60))\" is too short to have "
        + "near-misses; use at least \(needed) characters"
    case .triggerHasControl(let trigger):
      "backdoor.trigger: \"\(trigger.printable(limit: 60))\" holds a control character "
        + "or a line break; use printable characters"
    case .triggerHasSpaceAtEnd(let trigger):
      "backdoor.trigger: \"\(trigger.printable(limit: 60))\" begins or ends with a "
        + "blank; remove it, one is set after the trigger anyway"
    case .behaviourEmpty:
      "backdoor.behaviour: empty; write what the model answers where the trigger stands"
    case .contextTooShort(let context, let needed):
      "data.context: \(context) positions cannot hold trigger, request and behaviour; use at least "
        + "\(needed)"
    }
  }

  public var exitCode: SystemExit { .badInput }
}
