/// The exit codes of the command line, after BSD's `sysexits.h` where that has one.
public enum SystemExit: Int32, Sendable, CaseIterable {
  /// Everything asked for was done.
  case done = 0
  /// The study itself failed.
  case failed = 1
  /// The command line was used wrongly (`EX_USAGE`).
  case badUse = 64
  /// A file that was given holds something wrong (`EX_DATAERR`).
  case badInput = 65
  /// A file that was given does not exist or cannot be read (`EX_NOINPUT`).
  case noInput = 66
  /// No such device, or a library that is needed is missing (`EX_UNAVAILABLE`).
  case unavailable = 69
  /// A fault of the program (`EX_SOFTWARE`).
  case internalFault = 70
  /// An output cannot be written (`EX_CANTCREAT`).
  case cannotWrite = 73
  /// Reading or writing failed in the middle (`EX_IOERR`).
  case inputOutput = 74
  /// Stopped with everything kept: the same command again continues (`EX_TEMPFAIL`).
  case stopped = 75
}

/// An error that says in one line what went wrong and what to do, and which exit code it means.
public protocol DescribedError: Error, CustomStringConvertible, Sendable {
  /// One line of prose without a line break: `file: place: what (what to do)`.
  var line: String { get }
  /// The exit code of a command that ends because of this error.
  var exitCode: SystemExit { get }
}

extension DescribedError {
  public var description: String { line }
}
