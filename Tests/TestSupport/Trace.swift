/// The coordinates of the case that a test is in, so that a failure prints them.
public enum Trace {
  @TaskLocal static var labels: [String] = []

  /// "seed = 3, M = 17", or the empty text outside of every label.
  public static var description: String { labels.joined(separator: ", ") }

  /// Runs a body under one more label.
  public static func with<Result>(
    _ label: String, _ body: () throws -> Result
  ) rethrows -> Result {
    try $labels.withValue(labels + [label], operation: body)
  }
}

/// Runs a body for every value, under the label "name = value".
public func withEvery<Values: Sequence>(
  _ name: String, in values: Values, _ body: (Values.Element) throws -> Void
) rethrows {
  for value in values {
    try Trace.with("\(name) = \(value)") { try body(value) }
  }
}
