public import Text

/// The reason why an output folder cannot be used.
public enum OutputError: DescribedError, Hashable {
  /// A value that differs between two runs; nil if a run does not have it.
  public struct Difference: Hashable, Sendable {
    public var key: String
    public var recorded: String?
    public var now: String?

    public init(key: String, recorded: String?, now: String?) {
      self.key = key
      self.recorded = recorded
      self.now = now
    }
  }

  /// The folder has files, but none from this program.
  case notAnOutput(folder: String)
  /// A file has the folder's name.
  case isFile(folder: String)
  /// The folder is not the folder of a run.
  case noOutput(folder: String)
  case otherStudy(folder: String, study: String, expected: String)
  /// Resuming would mix the products of different devices or kernels.
  case otherCircumstance(folder: String, [Difference])
  /// `output.json` cannot be read.
  case damaged(folder: String, what: String)
  case unknownFormat(folder: String, Int)
  /// Another process has locked the folder.
  case locked(folder: String, process: String, host: String)
  /// A link, a pipe or a folder has the lock's name.
  case lockIsNoFile(folder: String)
  /// The folder or its lock was moved or deleted while this process used it.
  case moved(folder: String)

  public var line: String {
    switch self {
    case .notAnOutput(let folder):
      "\(folder.printable(limit: 400)): the folder has files of other programs; "
        + "name another folder"
    case .isFile(let folder):
      "\(folder.printable(limit: 400)): a file and not a folder; name a folder"
    case .noOutput(let folder):
      "\(folder.printable(limit: 400)): no run in this folder; name the output folder of a run"
    case .otherStudy(let folder, let study, let expected):
      "\(folder.printable(limit: 400)): belongs to the study \"\(study.printable())\", not to "
        + "\"\(expected.printable())\"; name another folder"
    case .otherCircumstance(let folder, let differences):
      "\(folder.printable(limit: 400)): the products were made on another device or driver ("
        + (differences.prefix(2).map(Self.text)
        + (differences.count > 2 ? ["and \(differences.count - 2) more"] : []))
        .joined(separator: "; ")
        + "); name another folder, or add --mix-devices to mix products of both"
    case .damaged(let folder, let what):
      "\(folder.printable(limit: 400))/\(OutputFolder.fileName): \(what); delete the file, and the "
        + "next run writes it again"
    case .unknownFormat(let folder, let format):
      "\(folder.printable(limit: 400))/\(OutputFolder.fileName): format \(format) is not supported; "
        + "this program reads format \(OutputFolder.format)"
    case .locked(let folder, let process, let host):
      "\(folder.printable(limit: 400)): process \(process.printable()) on "
        + "\(host.printable()) uses the folder; wait for its end, or stop it"
    case .lockIsNoFile(let folder):
      "\(folder.printable(limit: 400))/\(OutputLock.fileName): not a regular file; remove it, then run "
        + "the same command again"
    case .moved(let folder):
      "\(folder.printable(limit: 400)): the folder or the file \(OutputLock.fileName) in it was moved or "
        + "deleted during the run; move it back, then run the same command again"
    }
  }

  public var exitCode: SystemExit {
    switch self {
    case .damaged, .unknownFormat, .notAnOutput, .otherStudy, .otherCircumstance: .badInput
    case .noOutput: .noInput
    default: .cannotWrite
    }
  }

  private static func text(_ difference: Difference) -> String {
    func value(_ text: String?) -> String { text.map { "\"\($0.printable())\"" } ?? "none" }
    return "\(difference.key.printable()): \(value(difference.recorded)) before, "
      + "\(value(difference.now)) now"
  }
}
