public import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A pseudo-terminal of a given width, and what a program wrote to it.
public final class PseudoTerminal {
  public struct Failure: Error {
    var call: String
    var code: Int32
  }

  /// Where a program writes.
  public let handle: FileHandle
  private let descriptor: Int32

  /// TIOCSPTLCK and TIOCGPTN of Linux (ioctl_tty(2)), macros that Swift does not import.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  public init(columns: Int, rows: Int = 24) throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(call: "open /dev/ptmx", code: errno) }
    var (unlocked, number) = (Int32(0), UInt32(0))
    guard ioctl(descriptor, Self.setLock, &unlocked) == 0,
      ioctl(descriptor, Self.getNumber, &number) == 0
    else { throw Failure(call: "ioctl", code: errno) }
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    guard ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0 else {
      throw Failure(call: "ioctl", code: errno)
    }
    let end = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    guard end >= 0 else { throw Failure(call: "open", code: errno) }
    handle = FileHandle(fileDescriptor: end, closeOnDealloc: true)
  }

  deinit { close(descriptor) }

  /// Runs a process whose standard error this is, to its end.
  ///
  /// - Returns: All that it wrote. A terminal holds little at a time, so it is read meanwhile.
  public func output(of process: Process) throws -> String {
    process.standardError = handle
    try process.run()
    try handle.close()
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 4096)
    // The read fails once no process has the terminal open.
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      data.append(contentsOf: buffer[..<count])
    }
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}

/// What a terminal shows after some output: every row that there ever was, the ones that scrolled away
/// included. It knows the line's end, the return to the line's begin and the erasing of a line.
public struct TerminalScreen {
  public private(set) var rows: [String] = [""]
  /// The most columns that were written before a line's end or return, as if the terminal had no edge.
  public private(set) var widest = 0
  private var column = 0

  /// - Parameter width: Of a character, in columns.
  public init(_ output: String, columns: Int, width: (Character) -> Int) {
    var written = 0
    var rest = Substring(output)
    while let character = rest.first {
      if rest.hasPrefix("\u{1b}[2K") {
        rows[rows.count - 1] = ""
        rest = rest.dropFirst(4)
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "\r\n", "\n":
        rows.append("")
        (column, written) = (0, 0)
      case "\r": (column, written) = (0, 0)
      default:
        let width = width(character)
        if column + width > columns {
          rows.append("")
          column = 0
        }
        // Writing over what is there: no test needs it but after an erasing.
        var row = Array(rows[rows.count - 1])
        if column < row.count { row[column] = character } else { row.append(character) }
        rows[rows.count - 1] = String(row)
        column += width
        written += width
        widest = max(widest, written)
      }
    }
  }
}
