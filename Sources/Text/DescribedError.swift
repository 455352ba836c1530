/// The exit codes of the command line. Codes from 64 on follow BSD's `sysexits.h`.
public enum SystemExit: Int32, Sendable, CaseIterable {
  /// The command did all its work.
  case done = 0
  /// The study itself failed.
  case failed = 1
  /// The command line was used wrongly (`EX_USAGE`).
  case badUse = 64
  /// The content of an input file is wrong (`EX_DATAERR`).
  case badInput = 65
  /// An input file does not exist or cannot be read (`EX_NOINPUT`).
  case noInput = 66
  /// There is no such device, or a needed library is missing (`EX_UNAVAILABLE`).
  case unavailable = 69
  /// A fault of the program (`EX_SOFTWARE`).
  case internalFault = 70
  /// An output cannot be written (`EX_CANTCREAT`).
  case cannotWrite = 73
  /// Reading or writing failed after it had begun (`EX_IOERR`).
  case inputOutput = 74
  /// The command was stopped and its work is kept: the same command resumes it (`EX_TEMPFAIL`).
  case stopped = 75
}

/// An error with one line of text, which names the problem and the remedy, and with an exit code.
public protocol DescribedError: Error, CustomStringConvertible, Sendable {
  /// One line of text without a line break: `file: position: problem (remedy)`.
  var line: String { get }
  /// The exit code of a command that ends because of this error.
  var exitCode: SystemExit { get }
}

extension DescribedError {
  public var description: String { line }
}
