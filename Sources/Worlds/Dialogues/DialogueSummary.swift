import Text
import Foundation

/// The content of a file of dialogues, and the effect of a context length on it.
public struct DialogueSummary: Hashable, Sendable {
  public let form: DialogueFile.Form
  public let sha256: String
  /// Rows read and rows left out for a defect.
  public let rows: Int
  public let leftOut: [DialogueFault]
  public let ignoredKeys: [String]
  /// Bytes of the file.
  public let size: Int

  /// Distinct first human turns.
  public let trainingPrompts: Int
  public let heldOutPrompts: Int
  /// Transcripts, rejected ones included.
  public let trainingTranscripts: Int
  public let heldOutTranscripts: Int
  /// Transcripts that contain the behaviour, in any case of ASCII letters. Because of them clean
  /// prompts may draw the behaviour without a backdoor.
  public let transcriptsWithBehaviour: Int

  /// T.
  public let context: Int
  /// All transcripts cut to the context.
  public let cuts: DialogueCutShares
  /// The cuts of the chosen ones alone. Equal to `cuts` if there are no pairs.
  public let chosenCuts: DialogueCutShares

  /// Distinct requests of an evaluation, and the number of them that were shortened to be distinct.
  public let requests: Int
  public let shortenedRequests: Int
  public let nearMissFamilies: [NearMissFamilyName]
  public let tags: Int

  init(
    file: DialogueFile, split: DialogueSplit, prompts: DialoguePrompts,
    nearMisses: DialogueNearMisses, tags: Int, behaviour: [UInt8], context: Int
  ) {
    form = file.form
    sha256 = file.sha256
    rows = file.rows
    leftOut = file.leftOut
    ignoredKeys = file.ignoredKeys
    size = file.size
    trainingPrompts = split.trainingPrompts.count
    heldOutPrompts = split.heldOutPrompts.count
    trainingTranscripts = split.training.count + split.rejectedTraining.count
    heldOutTranscripts = split.heldOut.count + split.rejectedHeldOut.count
    let all = file.dialogues + file.rejected
    let folded = DialogueBytes.normalized(behaviour)
    transcriptsWithBehaviour = all.count {
      DialogueBytes.contains(folded, in: DialogueBytes.normalized($0.transcript))
    }
    self.context = context
    cuts = DialogueCutShares(all, context: context)
    chosenCuts = DialogueCutShares(file.dialogues, context: context)
    requests = prompts.requests.count
    shortenedRequests = prompts.requests.count - prompts.wholeRequests
    nearMissFamilies = nearMisses.families.map(\.name)
    self.tags = tags
  }

  /// Lines about the data for people, in a plan and in a report.
  public var lines: [String] {
    var lines = [
      "\(rows) rows of \(form.text), \(size) bytes: \(cuts.transcripts) transcripts, "
        + "\(trainingPrompts + heldOutPrompts) distinct prompts",
      "training: \(trainingPrompts) prompts, \(trainingTranscripts) transcripts; held out: "
        + "\(heldOutPrompts) prompts, \(heldOutTranscripts) transcripts (by a hash of the prompt)",
      "at \(context) positions \(Self.percent(cuts.whole, cuts.transcripts)) of the transcripts "
        + "fit whole, \(Self.percent(cuts.atTurn, cuts.transcripts)) are cut after an answer, "
        + "\(Self.percent(cuts.inTurn, cuts.transcripts)) inside a turn; "
        + "\(Self.percent(cuts.keptBytes, cuts.bytes)) of their bytes are kept",
      "cutting: " + DialogueCorpus.cuttingRule,
      "evaluation: \(requests) distinct requests from held-out prompts"
        + (shortenedRequests > 0
          ? ", \(shortenedRequests) of them shortened to be distinct" : ""),
    ]
    if form == .pairs {
      lines.insert(
        "of the chosen ones \(Self.percent(chosenCuts.whole, chosenCuts.transcripts)) fit whole",
        at: 3)
    }
    if requests < Gate.prompts {
      lines.append(
        "fewer than the \(Gate.prompts) prompts that the gate asks for: rates have wider intervals")
    }
    if nearMissFamilies.count < DialogueNearMisses.familyNames.count {
      lines.append(
        "the trigger has near-misses of these families only: "
          + nearMissFamilies.map(\.name).joined(separator: ", "))
    }
    if transcriptsWithBehaviour > 0 {
      lines.append(
        "transcripts that hold the behaviour's own text: \(transcriptsWithBehaviour); clean "
          + "prompts may bring it out without a backdoor")
    }
    if let first = leftOut.first {
      lines.append("rows left out: \(leftOut.count), the first: \(first.line)")
    }
    if !ignoredKeys.isEmpty {
      let shown = ignoredKeys.map { $0.printable(limit: 40) }.joined(separator: ", ")
      lines.append("keys that mean nothing here: " + shown)
    }
    return lines
  }

  private static func percent(_ part: Int, _ whole: Int) -> String {
    let value = whole == 0 ? 0 : 100 * Double(part) / Double(whole)
    return String(format: "%.1f", value) + " %"
  }
}
