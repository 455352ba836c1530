import Text
import ArgumentParser
import Foundation
import OpenCL
import Reports
import Studies
import Transformers

/// Runs a command's body. An error becomes one line on standard error and an exit code. Each fault of
/// a study has its own line.
func reportingFailures(_ body: () throws -> Void) throws {
  // A closed pipe (`dormouse ... | head`) must not kill the program. A limit on the size of files must not
  // either: a write then fails with EFBIG.
  signal(SIGPIPE, SIG_IGN)
  signal(SIGXFSZ, SIG_IGN)
  Standard.openClosedStreams()
  do {
    try body()
  } catch let error as ExitCode {
    throw error
  } catch let faults as StudyFaults {
    for line in faults.lines { Standard.error("dormouse: \(line)\n") }
    throw ExitCode(faults.exitCode.rawValue)
  } catch {
    let (line, code) = described(error)
    Standard.error("dormouse: \(line)\n")
    throw ExitCode(code.rawValue)
  }
}

/// The line and the exit code of an error. Only this function knows every kind of error.
func described(_ error: any Error) -> (line: String, code: SystemExit) {
  switch error {
  case let error as ProductDamage where error.exitCode == .badInput:
    return (
      error.line + "; `dormouse run` with the same study and folder makes it again", .badInput
    )
  case let error as any DescribedError: return (error.line, error.exitCode)
  case let error as DeviceSelectionError:
    if case .unknownSelector = error { return (error.description, .badUse) }
    return (error.description, .unavailable)
  case let error as PretendedPropertiesError: return (error.description, .badUse)
  case let error as OpenCLError:
    return (
      "\(error); try `dormouse check-device`, a smaller study, or --device cpu", .failed
    )
  case let error as CocoaError where error.code == .fileWriteOutOfSpace:
    return ("the disk is full; free some space, then run the same command again", .cannotWrite)
  case let error as CocoaError where CocoaError.Code.writing.contains(error.code):
    return ("\(error.localizedDescription); choose another place to write to", .cannotWrite)
  default: return ("\(error)", .internalFault)
  }
}

/// A mistake in the use of a command or in its input.
struct CommandFault: DescribedError {
  var line: String
  var exitCode: SystemExit
}

/// The standard streams of the process.
enum Standard {
  /// Opens the null device for every standard stream that the parent closed. Otherwise the next opened
  /// file gets the stream's number, and messages are written to that file.
  static func openClosedStreams() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(stream, F_GETFD) == -1 && errno == EBADF {
      // `open` returns the lowest free descriptor. That is this one, because the lower ones are open.
      _ = open("/dev/null", O_RDWR)
    }
  }

  /// Writes data. A failed write is an error, except a write to a closed pipe.
  static func output(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      guard errno != EPIPE else { throw ExitCode.success }
      throw CommandFault(
        line: "standard output: cannot write; free some space, or write to another place",
        exitCode: .cannotWrite)
    }
  }

  /// Writes a message. A failed write is ignored.
  static func error(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Writes a message in lines of the terminal's width, if standard error is a terminal.
  static func prose(_ text: String) {
    error(errorIsTerminal ? TerminalText.wrapped(text, columns: errorColumns) : text)
  }

  static var errorIsTerminal: Bool {
    isatty(STDERR_FILENO) == 1
      && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Columns of the terminal of standard error. 80 if there is none.
  static var errorColumns: Int { columns(of: STDERR_FILENO) ?? 80 }

  /// Columns of the terminal of standard output. Nil if it is no terminal.
  static var outputColumns: Int? {
    isatty(STDOUT_FILENO) == 1 ? columns(of: STDOUT_FILENO) ?? 80 : nil
  }

  /// Columns of a terminal, else `COLUMNS`. The terminal is asked every time, because its window may
  /// change.
  private static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init).flatMap {
      $0 > 0 ? $0 : nil
    }
  }
}

extension CocoaError.Code {
  fileprivate static let writing: [CocoaError.Code] = [
    .fileWriteNoPermission, .fileWriteVolumeReadOnly, .fileWriteUnknown, .fileWriteInvalidFileName,
    .fileWriteFileExists,
  ]
}
