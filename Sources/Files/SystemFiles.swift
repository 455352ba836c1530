public import Foundation
import Text

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The file system of this machine through plain POSIX calls.
///
/// Foundation's atomic write flushes the file but not its folder, so a power cut can lose the
/// rename. These calls flush both.
public struct SystemFiles: FileOperations {
  public init() {}

  public func createFolder(_ path: String) throws {
    guard mkdir(path, 0o777) == 0 else { throw FileError(.createFolder, path, code: errno) }
  }

  public func write(_ bytes: Data, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(.create, path, code: errno) }
    do {
      try bytes.withUnsafeBytes { try write($0, to: descriptor, path) }
    } catch {
      _ = close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw FileError(.write, path, code: errno) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, part.baseAddress, part.count)
      #else
        let written = Musl.write(descriptor, part.baseAddress, part.count)
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw FileError(.write, path, code: errno)
      }
      rest = rest.dropFirst(written)
    }
  }

  public func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.synchronize, path, code: errno) }
    let failed = fsync(descriptor) != 0
    let code = errno
    _ = close(descriptor)
    if failed { throw FileError(.synchronize, path, code: code) }
  }

  public func rename(_ path: String, to newPath: String) throws {
    #if canImport(Glibc)
      let result = Glibc.rename(path, newPath)
    #else
      let result = Musl.rename(path, newPath)
    #endif
    guard result == 0 else { throw FileError(.rename, path, code: errno) }
  }

  public func remove(_ path: String) throws {
    if unlink(path) == 0 { return }
    // For a folder Linux returns EISDIR; POSIX allows EPERM.
    guard errno == EISDIR || errno == EPERM, rmdir(path) == 0 else {
      throw FileError(.remove, path, code: errno)
    }
  }

  public func list(_ path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw FileError(.list, path, code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        if errno != 0 { throw FileError(.list, path, code: errno) }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  public func kind(_ path: String) throws -> FileKind? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw FileError(.open, path, code: errno)
    }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file(size: Int(status.st_size))
    case S_IFDIR: .folder
    default: .other
    }
  }

  public func read(_ path: String, limit: Int) throws -> Data {
    var content = Data()
    try InputFile(path).readPieces { piece in
      guard content.count + piece.count <= limit else {
        throw FileError(.read, path, code: EFBIG)
      }
      content.append(contentsOf: piece)
    }
    return content
  }

  public func digest(_ path: String) throws -> FileDigest {
    var hash = SHA256()
    var size = 0
    try InputFile(path).readPieces { piece in
      hash.update(bytes: piece)
      size += piece.count
    }
    return FileDigest(size: size, sha256: hash.finalize().hexadecimal)
  }
}

extension Data {
  /// Writes a new file on this machine's file system; fails if the file exists. Throws `FileError`.
  public func writeFile(_ name: String, in folder: URL) throws {
    try SystemFiles().write(self, to: folder.path + "/" + name)
  }
}
