import Files
import Foundation

/// A file of a model folder, opened for reading at any offset.
struct CheckpointFile: SafetensorsSource {
  /// The name that errors use.
  let name: String
  private let file: InputFile

  var byteCount: Int { file.byteCount }

  init(_ url: URL, name: String) throws(CheckpointError) {
    self.name = name
    do throws(FileError) {
      file = try InputFile(url.path)
    } catch {
      throw CheckpointError(error, file: name)
    }
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    do throws(FileError) {
      try file.read(at: offset, into: buffer)
    } catch {
      throw CheckpointError(error, file: name)
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
}

extension CheckpointError {
  /// Turns a failed call of the operating system into an error of a model folder.
  init(_ error: FileError, file: String) {
    let problem: Problem =
      if let kind = error.found {
        .notRegular(kind: kind)
      } else {
        switch error.code {
        case ENOENT: .missing
        case ENODATA: .changedWhileRead
        default: .unreadable(reason: String(cString: strerror(error.code)))
        }
      }
    self.init(file: file, problem)
  }
}

/// The pointer text in a Git checkout, which replaces a large file that was not fetched.
enum GitLFS {
  /// The first line of every pointer file (Git LFS specification, section The Pointer).
  private static let start = Array("version https://git-lfs.github.com/spec/".utf8)

  static func isPointer(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: start) }
}
