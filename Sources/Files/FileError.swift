public import Text

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A failed call of the operating system on a file: the operation, the path, and the `errno`.
public struct FileError: DescribedError, Hashable {
  /// The operation that failed.
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

    /// Whether the operation changes the disk.
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
  /// The kind of an input that is not a regular file, such as `a named pipe`; else nil.
  public var found: String?

  public init(_ operation: Operation, _ path: String, code: Int32, found: String? = nil) {
    self.operation = operation
    self.path = path
    self.code = code
    self.found = found
  }

  /// The name of `errno` in C, such as `ENOSPC`.
  public var codeName: String { Self.names[code] ?? "errno \(code)" }

  public var line: String {
    if let found { return "\(path.printable(limit: 400)): is \(found), not a file" }
    let remedy =
      switch code {
      case ENOSPC, EDQUOT: "; free some space and run again"
      case ENODATA where operation == .read: "; run again once it is complete"
      case ELOOP: "; the link leads to itself"
      case EISDIR where operation.changes: "; move the folder away"
      case ENOENT where operation == .open, ENOTDIR where operation == .open: "; check the path"
      case EACCES where operation == .open, EPERM where operation == .open:
        "; check the permissions"
      default: ""
      }
    let reason =
      code == ENODATA && operation == .read
      ? "it became shorter while it was read" : String(cString: strerror(code))
    return "\(path.printable(limit: 400)): cannot \(operation.rawValue): \(reason) "
      + "(\(codeName))\(remedy)"
  }

  public var exitCode: SystemExit {
    guard operation.changes else {
      return switch code {
      case ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, ENXIO: .noInput
      case EINVAL where found != nil: .noInput
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
    ENODATA: "ENODATA", ENXIO: "ENXIO",
  ]
}
