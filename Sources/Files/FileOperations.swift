public import Foundation

/// What lies at a path.
public enum FileKind: Hashable, Sendable {
  /// A regular file and its size in bytes.
  case file(size: Int)
  case folder
  /// A link, a pipe, a device: nothing that a product may hold.
  case other
}

/// Size and SHA-256 of a file's content.
public struct FileDigest: Hashable, Sendable {
  /// Bytes.
  public var size: Int
  /// SHA-256 in 64 lower-case hexadecimal digits.
  public var sha256: String

  public init(size: Int, sha256: String) {
    self.size = size
    self.sha256 = sha256
  }
}

/// The file system as the store uses it: one method for each step after which a power cut or a full
/// disk leaves a different state, so that a test can fail or stop at every one of them.
///
/// All methods throw `FileError`.
public protocol FileOperations: Sendable {
  /// Makes one folder; its parent exists and it does not.
  func createFolder(_ path: String) throws
  /// Writes a new file; fails where one exists. The bytes may still be in memory afterwards.
  func write(_ bytes: Data, to path: String) throws
  /// Flushes a file's content, or a folder's list of names, to the disk.
  ///
  /// A failure is final for that file: the kernel may have dropped the pages and report success to
  /// a second call (PostgreSQL's "fsyncgate"), so the caller discards it and writes a new one.
  func synchronize(_ path: String) throws
  /// Renames within one file system, replacing a file or an empty folder of that name.
  func rename(_ path: String, to newPath: String) throws
  /// Removes a file, a link or an empty folder.
  func remove(_ path: String) throws
  /// The names in a folder in byte order.
  func list(_ path: String) throws -> [String]
  /// What lies at a path, links not followed; nil where nothing does.
  func kind(_ path: String) throws -> FileKind?
  /// The content of a file of at most `limit` bytes; a larger one fails with `EFBIG`.
  func read(_ path: String, limit: Int) throws -> Data
  /// Size and SHA-256 of a file, read piece by piece.
  func digest(_ path: String) throws -> FileDigest
}

extension FileOperations {
  /// Removes whatever lies at a path, folders with all they hold; nothing there is no error.
  public func removeTree(_ path: String) throws {
    guard let kind = try kind(path) else { return }
    if kind == .folder {
      for name in try list(path) { try removeTree(path + "/" + name) }
    }
    try remove(path)
  }

  /// Makes a folder and those above it where they are missing, and flushes each one's entry.
  public func createFolders(_ path: String) throws {
    if try kind(path) != nil { return }
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent().path
    if parent != path { try createFolders(parent) }
    try createFolder(path)
    try synchronize(parent)
  }

  /// Puts a file in place so that at every moment the old or the new content is there whole.
  public func replace(_ path: String, with bytes: Data) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let name = URL(fileURLWithPath: path).lastPathComponent
    let temporary = "\(folder)/\(temporaryPrefix)\(name)"
    try removeTree(temporary)
    do {
      try write(bytes, to: temporary)
      try synchronize(temporary)
      try rename(temporary, to: path)
    } catch {
      try? removeTree(temporary)
      // Errors name the file that the caller asked for, not the temporary one.
      if let error = error as? FileError { throw FileError(.write, path, code: error.code) }
      throw error
    }
    try synchronize(folder)
  }
}

/// How the names of files and folders begin that are not complete yet; what bears it when a run
/// starts is left over from a dead one.
public let temporaryPrefix = ".temporary-"
