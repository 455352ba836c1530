import Foundation
import Testing

/// Compares text with the file of that name in the Snapshots folder beside this file.
///
/// A missing or different file is a failure; with RECORD_SNAPSHOTS=1 it is written first, and still
/// fails, so that a recording run is never taken for a passing one.
func expectSnapshot(
  _ text: String, named name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Snapshots")
  let file = folder.appendingPathComponent(name)
  let stored = try? String(contentsOf: file, encoding: .utf8)
  if stored == text { return }
  if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    Issue.record(
      "recorded \(name); run again without RECORD_SNAPSHOTS", sourceLocation: sourceLocation)
    return
  }
  guard let stored else {
    Issue.record(
      "no snapshot \(name); record it with RECORD_SNAPSHOTS=1", sourceLocation: sourceLocation)
    return
  }
  let lines = zip(
    stored.split(separator: "\n", omittingEmptySubsequences: false),
    text.split(separator: "\n", omittingEmptySubsequences: false))
  let difference = lines.enumerated().first { $1.0 != $1.1 }
  Issue.record(
    """
    \(name) differs at line \(difference.map { $0.offset + 1 } ?? 0):
    - \(difference?.element.0 ?? "(length)")
    + \(difference?.element.1 ?? "(length)")
    """, sourceLocation: sourceLocation)
}
