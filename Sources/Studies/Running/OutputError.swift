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
      "\(folder.printable(limit: 400)): not empty and not an output of this program; "
        + "name another folder"
    case .noOutput(let folder):
      "\(folder.printable(limit: 400)): no run in this folder; name the output folder of a run"
    case .otherStudy(let folder, let study, let expected):
      "\(folder.printable(limit: 400)): belongs to the study \"\(study.printable())\", not to "
        + "\"\(expected.printable())\"; name another folder"
    case .otherCircumstance(let folder, let differences):
      "\(folder.printable(limit: 400)): was made under other circumstances ("
        + differences.map(Self.text).joined(separator: "; ")
        + "); name another folder, or go on with --mix-devices"
    case .damaged(let folder, let what):
      "\(folder.printable(limit: 400))/\(OutputFolder.fileName): \(what)"
    case .unknownFormat(let folder, let format):
      "\(folder.printable(limit: 400))/\(OutputFolder.fileName): format \(format), and this "
        + "version reads format \(OutputFolder.format)"
    case .locked(let folder, let process, let host):
      "\(folder.printable(limit: 400)): in use by process \(process.printable()) on "
        + "\(host.printable()); wait for it to end, or stop it"
    case .lockIsNoFile(let folder):
      "\(folder.printable(limit: 400))/\(OutputLock.fileName): not a regular file; remove it and run "
        + "the same command again"
    case .moved(let folder):
      "\(folder.printable(limit: 400)): the folder or its lock was moved or deleted during the run; "
        + "move it back, then run the same command again"
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
    func value(_ text: String?) -> String { text.map { "\"\($0.printable())\"" } ?? "absent" }
    return "\(difference.key.printable()): \(value(difference.recorded)) then, "
      + "\(value(difference.now)) now"
  }
}
