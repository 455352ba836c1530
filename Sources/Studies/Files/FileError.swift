#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A call of the operating system that failed on a file: what was tried, where, and the `errno`.
public struct FileError: DescribedError, Hashable {
  /// What was tried.
  public enum Operation: String, Sendable, CaseIterable {
    case createFolder = "create the folder"
    case create = "create"
    case write = "write"
    case synchronize = "flush to disk"
    case rename = "rename"
    case remove = "remove"
    case open = "open"
    case list = "list"
    case read = "read"
    case lock = "lock"

    /// Whether it would have changed the disk.
    var changes: Bool {
      switch self {
      case .createFolder, .create, .write, .synchronize, .rename, .remove, .lock: true
      case .open, .list, .read: false
      }
    }
  }

  public var operation: Operation
  public var path: String
  /// The value of `errno`.
  public var code: Int32

  public init(_ operation: Operation, _ path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// The name of `errno` in C, such as `ENOSPC`.
  public var codeName: String { Self.names[code] ?? "errno \(code)" }

  public var line: String {
    let remedy =
      switch code {
      case ENOSPC, EDQUOT: "; free some space and run again"
      case EISDIR: operation.changes ? "; move the folder away" : "; give a file"
      default: ""
      }
    // What is no regular file is refused before it is read, with this code.
    guard code != EINVAL || operation != .read else {
      return "\(path.printable(limit: 400)): a named pipe, a device or a socket, not a file"
    }
    let reason = String(cString: strerror(code))
    return "\(path.printable(limit: 400)): cannot \(operation.rawValue): \(reason) "
      + "(\(codeName))\(remedy)"
  }

  public var exitCode: SystemExit {
    guard operation.changes else {
      return switch code {
      case ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, ELOOP, EINVAL, EFBIG, ENAMETOOLONG: .noInput
      default: .inputOutput
      }
    }
    return switch code {
    case ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EFBIG, ENOENT, ENOTDIR, EEXIST, EISDIR, ENAMETOOLONG,
      ENOTEMPTY, ENOLCK, ELOOP:
      .cannotWrite
    default: .inputOutput
    }
  }

  private static let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", EINTR: "EINTR", EIO: "EIO", EBADF: "EBADF", ENOMEM: "ENOMEM",
    EACCES: "EACCES", EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV", ENOTDIR: "ENOTDIR",
    EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE", EFBIG: "EFBIG",
    ENOSPC: "ENOSPC", EROFS: "EROFS", ENAMETOOLONG: "ENAMETOOLONG", ENOLCK: "ENOLCK",
    ENOTEMPTY: "ENOTEMPTY", ELOOP: "ELOOP", EDQUOT: "EDQUOT", ESTALE: "ESTALE",
  ]
}
