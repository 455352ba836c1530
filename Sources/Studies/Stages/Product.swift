import Files
public import Foundation

/// A complete product in the store. Before a file of it is read, the file is checked.
public struct Product: Sendable {
  /// The product's folder.
  public let folder: URL
  public let record: Record
  let files: any FileOperations

  /// The content of a file, checked against the SHA-256 in the record.
  ///
  /// Throws `ProductDamage` that names the file, and `FileError`.
  public func data(_ name: String) throws -> Data {
    let recorded = try recorded(name)
    let path = folder.path + "/" + name
    try checkSize(of: recorded)
    let data: Data
    do {
      data = try files.read(path, limit: recorded.digest.size)
    } catch let error as FileError {
      throw damage(from: error, name)
    }
    guard data.count == recorded.digest.size,
      Fingerprint(of: data).text == recorded.digest.sha256
    else { throw ProductDamage(folder: folder.path, problem: .changed(file: name)) }
    return data
  }

  /// The URL of a file for other readers, after a check against the SHA-256 in the record.
  ///
  /// Throws `ProductDamage` that names the file, and `FileError`.
  public func url(_ name: String) throws -> URL {
    try check(recorded(name))
    return folder.appendingPathComponent(name)
  }

  /// Whether the record names a file.
  public func contains(_ name: String) -> Bool {
    record.files.contains { $0.path.utf8.elementsEqual(name.utf8) }
  }

  private func recorded(_ name: String) throws -> RecordedFile {
    guard let file = record.files.first(where: { $0.path.utf8.elementsEqual(name.utf8) }) else {
      throw ProductDamage(folder: folder.path, problem: .noSuchFile(name))
    }
    return file
  }

  func checkSize(of file: RecordedFile) throws {
    guard case .file(let size) = try files.kind(folder.path + "/" + file.path) else {
      throw ProductDamage(folder: folder.path, problem: .missing(file: file.path))
    }
    guard size == file.digest.size else {
      throw ProductDamage(
        folder: folder.path,
        problem: .wrongSize(file: file.path, expected: file.digest.size, found: size))
    }
  }

  func check(_ file: RecordedFile) throws {
    try checkSize(of: file)
    let digest: FileDigest
    do {
      digest = try files.digest(folder.path + "/" + file.path)
    } catch let error as FileError {
      throw damage(from: error, file.path)
    }
    guard digest == file.digest else {
      throw ProductDamage(folder: folder.path, problem: .changed(file: file.path))
    }
  }

  /// The error for a file that cannot be read. A read error of the disk is damage of the product; a
  /// missing permission is not.
  private func damage(from error: FileError, _ name: String) -> any Error {
    switch error.codeName {
    case "EIO", "EFBIG": ProductDamage(folder: folder.path, problem: .changed(file: name))
    case "ENOENT": ProductDamage(folder: folder.path, problem: .missing(file: name))
    default: error
    }
  }
}
