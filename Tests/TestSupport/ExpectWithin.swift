public import Conformance
internal import Foundation
public import Testing

/// Records an issue unless every value is within its bound of the expected one.
///
/// The issue names the first failing element, what was got, expected and allowed, and how many elements
/// failed. A case that expects mostly zeros would pass with an operation that does nothing, and is
/// reported as MISTRUSTED unless declared.
///
/// With BOUND_RATIOS set in the environment, ratios above a half of passing cases are printed.
///
/// - Returns: the worst ratio of error to bound.
@discardableResult
public func expectWithin(
  _ actual: [Float], _ expected: Expected, _ name: String, mostlyZero: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
  let title = Trace.description.isEmpty ? name : "\(name) (\(Trace.description))"
  let zeros = expected.values.count { $0 == 0 }
  if !mostlyZero && 2 * zeros > expected.count {
    report(
      "\(title): MISTRUSTED: \(zeros) of \(expected.count) expected values are zero",
      sourceLocation: sourceLocation)
  }
  let deviation = expected.deviation(of: actual)
  if let note = deviation.note {
    report("\(title): \(note)", sourceLocation: sourceLocation)
  } else {
    printRatio(deviation.ratio, title)
  }
  return deviation.ratio
}

/// Prints a ratio of error to bound above a half if BOUND_RATIOS is set in the environment.
public func printRatio(_ ratio: Double, _ title: String) {
  if ratio > 0.5, ProcessInfo.processInfo.environment["BOUND_RATIOS"] != nil {
    print("bound ratio \(ratio) \(title)")
  }
}

/// Records an issue unless integers are equal, naming the first that is not.
public func expectEqual(
  _ actual: [Int32], _ expected: [Int32], _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let title = Trace.description.isEmpty ? name : "\(name) (\(Trace.description))"
  guard actual.count == expected.count else {
    report(
      "\(title): \(actual.count) values, expected \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  if let index = (0..<actual.count).first(where: { actual[$0] != expected[$0] }) {
    report(
      "\(title): element \(index): got \(actual[index]), expected \(expected[index])",
      sourceLocation: sourceLocation)
  }
}

extension GuardedTensors {
  /// Records an issue where a band was touched, an input changed or an output left unwritten.
  public func verify(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for problem in try problems() {
      report("\(Trace.description): \(problem)", sourceLocation: sourceLocation)
    }
  }
}
