import Files
import JSON
import Studies

/// A file of the user's own dialogues: JSON lines, every row of the same form.
///
/// - Hugging Face's conversations: `{"messages": [{"role": "user", "content": "..."}, ...]}` with
///   the roles user, assistant and, for the first message only, system.
/// - Pairs as in Anthropic's `hh-rlhf`: `{"chosen": "...", "rejected": "..."}`, transcripts of the
///   form `\n\nHuman: ...\n\nAssistant: ...`.
public struct DialogueFile: Sendable {
  /// The form of every row of a file.
  public enum Form: Hashable, Sendable {
    case messages
    case pairs

    var text: String {
      switch self {
      case .messages: "messages"
      case .pairs: "pairs"
      }
    }
  }

  /// The file as the user named it.
  public let path: String
  /// SHA-256 of the content: the identity of the data.
  public let sha256: String
  /// Bytes of the file.
  public let size: Int
  public let form: Form
  /// Rows of the file, including the rows left out.
  public let rows: Int
  /// The dialogues of messages, or the chosen ones of pairs.
  public let dialogues: [Dialogue]
  /// The rejected ones of pairs, in the rows' order.
  public let rejected: [Dialogue]
  /// Unknown keys of the file, in the order of their first appearance. They are ignored.
  public let ignoredKeys: [String]
  /// Faults of the rows that were left out.
  public let leftOut: [DialogueFault]

  /// The share of rows that may be left out for a defect of their dialogue.
  ///
  /// `hh-rlhf` itself has a few empty or doubled turns in a thousand rows. A file with many more is
  /// probably not a file of dialogues.
  public static let leftOutAtMost = 0.02

  /// Reads a file.
  ///
  /// A row with a defective dialogue is left out: an empty turn, a speaker twice in a row, no human
  /// turn at the start, or no answer. If more than `leftOutAtMost` of all rows are defective, the
  /// first fault is thrown. Any other fault is thrown at once.
  ///
  /// - Throws: `DialogueFault`, `JSONLinesFault`, `FileError`.
  public static func read(_ path: String) throws -> DialogueFile {
    let digest = try SystemFiles().digest(path)
    var reader = DialogueReader(file: path)
    try JSONLines.read(path) { try reader.add($0) }
    // The digest must match the content that was read.
    guard try SystemFiles().digest(path) == digest else {
      throw DialogueFault(file: path, row: nil, problem: .changedWhileRead)
    }
    guard let form = reader.form else {
      throw DialogueFault(file: path, row: nil, problem: .noRows)
    }
    if let first = reader.leftOut.first,
      Double(reader.leftOut.count) > leftOutAtMost * Double(reader.rows)
    {
      throw first
    }
    return DialogueFile(
      path: path, sha256: digest.sha256, size: digest.size, form: form, rows: reader.rows,
      dialogues: reader.dialogues, rejected: reader.rejected, ignoredKeys: reader.ignoredKeys,
      leftOut: reader.leftOut)
  }
}
