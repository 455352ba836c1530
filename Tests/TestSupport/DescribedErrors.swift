public import Foundation
import Text

/// A folder of its own for a test, removed at the end.
///
/// In memory where the system has such a place: thousands of small files are made and removed.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let memory = "/dev/shm"
  let parent =
    FileManager.default.isWritableFile(atPath: memory)
    ? URL(fileURLWithPath: memory) : FileManager.default.temporaryDirectory
  let folder = parent.appendingPathComponent("dormouse-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// The one line of a described error, and its exit code.
public func described(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch let error as any DescribedError {
    return "\(error.line) [\(error.exitCode.rawValue)]"
  } catch {
    return "undescribed: \(error)"
  }
}
