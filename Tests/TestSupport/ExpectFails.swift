internal import Synchronization
public import Testing

/// What the checks of this module report while `expectFails` runs.
private final class CollectedReports: Sendable {
  private let texts = Mutex<[String]>([])

  func append(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }

  @TaskLocal static var current: CollectedReports?
}

/// Records an issue with a text made at run time; inside of `expectFails` it is kept for that instead.
public func report(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
  if let reports = CollectedReports.current { return reports.append(text) }
  Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
}

/// Records an issue unless a check of this module fails in a body: shows that the check can.
///
/// - Parameter texts: what the checks must report, whole; any one report if not given.
/// - Throws: what the body throws.
public func expectFails(
  _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) rethrows {
  let reports = CollectedReports()
  try CollectedReports.$current.withValue(reports, operation: body)
  if texts.isEmpty {
    if reports.all.isEmpty { report("nothing failed", sourceLocation: sourceLocation) }
  } else if reports.all != texts {
    report("reported \(reports.all), not \(texts)", sourceLocation: sourceLocation)
  }
}
