import Foundation

/// The result of one check.
public struct CheckResult: Codable, Sendable {
  /// The ratio for errors that cannot be measured: NaN, a wrong choice, or no result.
  public static let largestRatio = 1e9

  public let operation: String
  public let sizes: String
  /// The largest error over its bound, at most `largestRatio`; 1 and below passes.
  public let worstRatio: Double
  public let passed: Bool
  /// Why the check failed, in one line.
  public let note: String?
  /// The duration of the check, including the host's computations.
  public let milliseconds: Double
}

extension CheckResult {
  /// One line for a terminal, aligned with those of other results.
  public var line: String {
    let ratio = worstRatio < Self.largestRatio ? String(format: "%.3g", worstRatio) : "-"
    let time = String(format: "%.0f ms", milliseconds)
    let columns = Self.columns(passed ? "ok" : "FAIL", operation, sizes, ratio, time)
    return note.map { "\(columns)  \($0)" } ?? columns
  }

  /// The heading of the lines.
  public static var heading: String { columns("", "operation", "sizes", "error/bound", "time") }

  private static func columns(
    _ verdict: String, _ operation: String, _ sizes: String, _ ratio: String, _ time: String
  ) -> String {
    func gap(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count))
    }
    return verdict + gap(verdict, 6) + operation + gap(operation, 31) + sizes + gap(sizes, 40)
      + gap(ratio, 13) + ratio + gap(time, 10) + time
  }

  /// One line on all results.
  public static func totals(_ results: [CheckResult]) -> String {
    let failures = results.count { !$0.passed }
    let seconds = results.reduce(0) { $0 + $1.milliseconds } / 1000
    var text = String(
      format: "%d of %d checks passed in %.1f s", results.count - failures, results.count, seconds)
    if failures > 0 {
      let names = results.filter { !$0.passed }.map(\.operation)
      let unique = names.enumerated().filter { names.firstIndex(of: $1) == $0 }.map(\.element)
      text += "; failed: " + unique.joined(separator: ", ")
    } else if let worst = results.max(by: { $0.worstRatio < $1.worstRatio }) {
      text += String(
        format: "; the largest error is %.3g of its bound, in ", worst.worstRatio)
      text += "\(worst.operation), \(worst.sizes)"
    }
    return text
  }
}
