import Foundation

/// A file of someone else, opened for reading by position.
///
/// It is never mapped: a mapped file that another process cuts short kills the reader (SIGBUS).
/// Opening does not block on a named pipe, and what is not a regular file is turned away. Symbolic
/// links are followed, since Hugging Face's cache is made of them.
final class InputFile {
  /// The name that error messages use.
  let name: String
  /// The size when it was opened.
  let byteCount: Int
  private let descriptor: Int32

  init(_ url: URL, name: String) throws(CheckpointError) {
    self.name = name
    let path = url.path
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.error(name, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw Self.error(name, code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw CheckpointError(file: name, .notRegular(kind: Self.kind(status.st_mode)))
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.error(name, errno)
      }
      guard count > 0 else { throw CheckpointError(file: name, .changedWhileRead) }
      done += count
    }
  }

  /// The whole file, if it is at most `limit` bytes.
  func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
    guard byteCount <= limit else {
      throw CheckpointError(file: name, .tooLarge(bytes: byteCount, limit: limit))
    }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    try bytes.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
      try read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
    }
    if GitLFS.isPointer(bytes) { throw CheckpointError(file: name, .pointer) }
    return bytes
  }

  private static func error(_ name: String, _ code: Int32) -> CheckpointError {
    CheckpointError(
      file: name,
      code == ENOENT ? .missing : .unreadable(reason: String(cString: strerror(code))))
  }

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a named pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "something else"
    }
  }
}

/// What stands in a Git checkout for a large file that was not fetched.
enum GitLFS {
  /// The first line of every pointer file (Git LFS specification, section The Pointer).
  private static let start = Array("version https://git-lfs.github.com/spec/".utf8)

  static func isPointer(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: start) }
}
