public import Foundation

/// The kind of a file or folder at a path.
public enum FileKind: Hashable, Sendable {
  /// A regular file and its size in bytes.
  case file(size: Int)
  case folder
  /// A link, a pipe or a device. Products must not contain these.
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

/// The operations on files that the store uses. Each method is one step after which a power cut or
/// a full disk leaves a different state, so a test can fail or stop after every step.
///
/// All methods throw `FileError`.
public protocol FileOperations: Sendable {
  /// Makes one folder. The parent must exist and the folder must not exist.
  func createFolder(_ path: String) throws
  /// Writes a new file; fails if the file exists. Afterwards the bytes may be in memory and not on
  /// disk.
  func write(_ bytes: Data, to path: String) throws
  /// Flushes a file's content or a folder's list of names to the disk.
  ///
  /// A failure is final for that file. The kernel may have dropped the pages and may report success
  /// for a second call (PostgreSQL's "fsyncgate"). So the caller must discard the file and write a
  /// new one.
  func synchronize(_ path: String) throws
  /// Renames within one file system, and replaces a file or an empty folder with the new name.
  func rename(_ path: String, to newPath: String) throws
  /// Removes a file, a link or an empty folder.
  func remove(_ path: String) throws
  /// The names in a folder in byte order.
  func list(_ path: String) throws -> [String]
  /// The kind of the file or folder at a path, without following links; nil if there is none.
  func kind(_ path: String) throws -> FileKind?
  /// The content of a file of at most `limit` bytes; a larger one fails with `EFBIG`.
  func read(_ path: String, limit: Int) throws -> Data
  /// Size and SHA-256 of a file, read piece by piece.
  func digest(_ path: String) throws -> FileDigest
}

extension FileOperations {
  /// Removes the file or folder at a path, with all its content. A missing path is not an error.
  ///
  /// - Throws: `FileError`.
  public func removeTree(_ path: String) throws {
    guard let kind = try kind(path) else { return }
    if kind == .folder {
      for name in try list(path) { try removeTree(path + "/" + name) }
    }
    try remove(path)
  }

  /// Makes a folder and its missing parents, and flushes the entry of each.
  ///
  /// - Throws: `FileError`.
  public func createFolders(_ path: String) throws {
    if try kind(path) != nil { return }
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent().path
    if parent != path { try createFolders(parent) }
    try createFolder(path)
    try synchronize(parent)
  }

  /// Replaces a file's content atomically: at every moment the file has the whole old or the whole
  /// new content.
  ///
  /// - Throws: `FileError`.
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
      // Errors name the caller's file and not the temporary file.
      if let error = error as? FileError { throw FileError(.write, path, code: error.code) }
      throw error
    }
    try synchronize(folder)
  }
}

/// The prefix of the names of incomplete files and folders. If such a name exists when a run
/// starts, an earlier run was killed.
public let temporaryPrefix = ".temporary-"
