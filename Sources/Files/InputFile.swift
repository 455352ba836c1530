#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A regular file opened for reading. All files of users are read through this class.
///
/// It is never mapped into memory: if another process truncates a mapped file, the reader is killed
/// (SIGBUS). Opening does not block on a named pipe, and only regular files are accepted. Symbolic
/// links are followed, because Hugging Face's cache uses them.
public final class InputFile {
  /// The path as errors name it.
  public let path: String
  /// The size in bytes when the file was opened.
  public let byteCount: Int
  private let descriptor: Int32

  /// Opens a file. Throws `FileError`.
  public init(_ path: String) throws(FileError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0 else {
      let code = errno
      // A socket cannot even be opened.
      let isSocket = code == ENXIO && stat(path, &status) == 0
      throw FileError(.open, path, code: code, found: isSocket ? Self.kind(status.st_mode) : nil)
    }
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      _ = close(descriptor)
      throw FileError(.open, path, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      _ = close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw FileError(
        .read, path, code: isFolder ? EISDIR : EINVAL, found: Self.kind(status.st_mode))
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { _ = close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// Throws `FileError`, with the code `ENODATA` if the file has become shorter.
  public func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let count = try readSome(
        at: offset + done, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      guard count > 0 else { throw FileError(.read, path, code: ENODATA) }
      done += count
    }
  }

  /// Reads from start to end in pieces of at most 256 KiB. Throws `FileError` and what `body` throws.
  public func readPieces(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var offset = 0
    while true {
      let count = try readSome(at: offset, into: buffer)
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += count
    }
  }

  /// The number of bytes that one call has read; 0 at the end.
  private func readSome(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      guard errno == EINTR else { throw FileError(.read, path, code: errno) }
    }
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
