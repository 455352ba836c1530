import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The exclusive hold of an output folder: a lock of the kernel's that dies with the process, so
/// that a killed run never has to be unlocked by hand.
///
/// The file says who holds it; what it says decides nothing.
final class OutputLock: Sendable {
  static let fileName = "lock"
  private let descriptor: Int32

  /// Takes the lock or throws `OutputError.locked`, `FileError`.
  init(folder: String) throws {
    let path = folder + "/" + Self.fileName
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(.lock, path, code: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      defer { _ = close(descriptor) }
      guard code == EWOULDBLOCK else { throw FileError(.lock, path, code: code) }
      let holder = Self.holder(descriptor)
      throw OutputError.locked(folder: folder, process: holder.process, host: holder.host)
    }
    let holder = Array("\(getpid())\n\(ProcessInfo.processInfo.hostName)\n".utf8)
    // Who holds the lock is a courtesy: a full disk must not keep a run from starting to free it.
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, holder, holder.count, 0)
    self.descriptor = descriptor
  }

  /// Who holds a folder now; nil where nobody does.
  static func holder(of folder: String) -> (process: String, host: String)? {
    let descriptor = open(folder + "/" + Self.fileName, O_RDONLY | O_CLOEXEC)
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
    // Unlocked by hand: a process that is being spawned holds a copy of the descriptor for a moment.
    _ = flock(descriptor, LOCK_UN)
    _ = close(descriptor)
  }
}
