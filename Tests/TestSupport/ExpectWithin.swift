internal import Foundation
public import Testing

/// Records an issue unless every value is within its bound of the expected one.
///
/// The issue names the first failing element, what was got, expected and allowed, how many elements
/// failed, and the worst ratio of error to bound. A case that expects mostly zeros would pass with
/// an operation that does nothing, and is reported as MISTRUSTED unless declared.
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
  guard actual.count == expected.count else {
    report(
      "\(title): \(actual.count) values, expected \(expected.count)",
      sourceLocation: sourceLocation)
    return .infinity
  }
  let zeros = expected.values.count { $0 == 0 }
  if !mostlyZero && 2 * zeros > expected.count {
    report(
      "\(title): MISTRUSTED: \(zeros) of \(expected.count) expected values are zero",
      sourceLocation: sourceLocation)
  }
  var (worst, failures) = (0.0, 0)
  var first: String?
  for index in 0..<actual.count {
    let ratio = errorRatio(
      Double(actual[index]), expected.values[index], within: expected.bounds[index])
    worst = max(worst, ratio)
    guard ratio > 1 else { continue }
    failures += 1
    if first == nil {
      first =
        "element \(index): got \(actual[index]), expected \(expected.values[index]) within "
        + "\(expected.bounds[index])"
    }
  }
  if let first {
    report(
      "\(title): \(first); \(failures) of \(actual.count) failed, worst error / bound \(worst)",
      sourceLocation: sourceLocation)
  } else if worst > 0.5, ProcessInfo.processInfo.environment["BOUND_RATIOS"] != nil {
    print("bound ratio \(worst) \(title)")
  }
  return worst
}

/// Error over bound; infinity for NaN and for any difference where none is allowed.
private func errorRatio(_ actual: Double, _ expected: Double, within bound: Double) -> Double {
  if bound == .infinity || actual == expected { return 0 }
  let error = abs(actual - expected)
  guard error.isFinite, bound > 0 else { return .infinity }
  return error / bound
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
