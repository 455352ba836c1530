import Foundation
public import Testing

/// Records an issue unless a text equals the file of that name in the folder Snapshots beside the
/// test.
///
/// With RECORD_SNAPSHOTS=1 in the environment the file is written instead, and the test still fails,
/// so that nobody records by accident.
public func expectSnapshot(
  _ text: String, named name: String, file: String = #filePath,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let url = URL(fileURLWithPath: file).deletingLastPathComponent()
    .appendingPathComponent("Snapshots").appendingPathComponent(name)
  if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url, options: .atomic)
      report("snapshot \(name): recorded", sourceLocation: sourceLocation)
    } catch {
      report("snapshot \(name): not recorded: \(error)", sourceLocation: sourceLocation)
    }
    return
  }
  guard let data = try? Data(contentsOf: url) else {
    report(
      "snapshot \(name): there is no such file; RECORD_SNAPSHOTS=1 writes it",
      sourceLocation: sourceLocation)
    return
  }
  let recorded = String(decoding: data, as: UTF8.self)
  guard recorded != text else { return }
  let (old, new) = (
    recorded.split(separator: "\n", omittingEmptySubsequences: false),
    text.split(separator: "\n", omittingEmptySubsequences: false)
  )
  let line = zip(old, new).prefix { $0 == $1 }.count
  func at(_ lines: [Substring]) -> String { line < lines.count ? "'\(lines[line])'" : "the end" }
  report(
    "snapshot \(name): line \(line + 1): got \(at(new)), recorded \(at(old))",
    sourceLocation: sourceLocation)
}
