import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The exclusive lock of an output folder. The operating system releases it when the process ends,
/// so the folder of a killed run need not be unlocked by hand.
///
/// The file's text names the process with the lock. The text is only for messages.
final class OutputLock: Sendable {
  static let fileName = "lock"
  private let descriptor: Int32
  private let folder: String

  /// Takes the lock or throws `OutputError.locked`, `OutputError.lockIsNoFile`, `FileError`.
  init(folder: String) throws {
    let path = folder + "/" + Self.fileName
    self.folder = folder
    descriptor = try Self.takeLock(path, folder)
    let holder = Array("\(getpid())\n\(ProcessInfo.processInfo.hostName)\n".utf8)
    // A file with a second name (a hard link) belongs to a copy of the folder: its content is not
    // changed.
    guard Self.status(descriptor)?.st_nlink == 1 else { return }
    // The name of the process is not essential: a run must be able to start on a full disk, because
    // it may free memory on it.
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, holder, holder.count, 0)
  }

  /// A descriptor of the locked file that is at the path.
  private static func takeLock(_ path: String, _ folder: String) throws -> Int32 {
    while true {
      // This does not follow a link to another file and does not wait for the other end of a pipe.
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
      guard descriptor >= 0 else {
        // A link, a folder, or a socket.
        guard errno != ELOOP && errno != EISDIR && errno != ENXIO else {
          throw OutputError.lockIsNoFile(folder: folder)
        }
        throw FileError(.lock, path, code: errno)
      }
      var isTaken = false
      defer { if !isTaken { _ = close(descriptor) } }
      guard let status = status(descriptor), status.st_mode & S_IFMT == S_IFREG else {
        throw OutputError.lockIsNoFile(folder: folder)
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw FileError(.lock, path, code: errno) }
        let holder = holder(descriptor)
        throw OutputError.locked(folder: folder, process: holder.process, host: holder.host)
      }
      // Another process may have removed the file between opening and locking. Then the lock
      // protects nothing.
      if isAtPath(descriptor, path) {
        isTaken = true
        return descriptor
      }
    }
  }

  /// Throws `OutputError.moved` if the folder, or the lock in it, is no longer the locked one.
  func check() throws {
    guard Self.isAtPath(descriptor, folder + "/" + Self.fileName) else {
      throw OutputError.moved(folder: folder)
    }
  }

  private static func status(_ descriptor: Int32) -> stat? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status : nil
  }

  private static func isAtPath(_ descriptor: Int32, _ path: String) -> Bool {
    var there = stat()
    guard let held = status(descriptor), lstat(path, &there) == 0 else { return false }
    return held.st_dev == there.st_dev && held.st_ino == there.st_ino
  }

  /// The process with the lock of a folder; nil if there is none.
  static func holder(of folder: String) -> (process: String, host: String)? {
    let descriptor = open(
      folder + "/" + Self.fileName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? nil : holder(descriptor)
  }

  private static func holder(_ descriptor: Int32) -> (process: String, host: String) {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = max(0, pread(descriptor, &buffer, buffer.count, 0))
    let words = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")
    return (
      words.first.map(String.init) ?? "unknown",
      words.count > 1 ? String(words[1]) : "an unknown host"
    )
  }

  deinit {
    // Unlocked explicitly, because a process that is being spawned has a copy of the descriptor for
    // a moment.
    _ = flock(descriptor, LOCK_UN)
    _ = close(descriptor)
  }
}
