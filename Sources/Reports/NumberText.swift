import Foundation

/// Numbers as text, the same in reports and on the terminal: C locale, ASCII, the same bytes on
/// every machine.
public enum NumberText {
  /// The text for a value that is not a number.
  public static let missing = "n/a"

  /// A number with a fixed number of decimals: `fixed(3.14159, decimals: 2)` is `3.14`.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    guard let special = special(value) else {
      let text = String(format: "%.\(max(0, min(decimals, 17)))f", value)
      // "-0.00" has the same meaning as "0.00".
      let isZero = text.allSatisfy { "-0.".contains($0) }
      return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
    }
    return special
  }

  /// A number of things: `1 seed`, `2 seeds`.
  public static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)" + (count == 1 ? "" : "s")
  }

  /// A number with `digits` significant digits: `0.00123`, `12.0`, `1.23e-05` as `1.23e-5`.
  ///
  /// Exponents are used below 1e-4 and from 1e6.
  public static func significant(_ value: Double, digits: Int = 3) -> String {
    if let special = special(value) { return special }
    if value == 0 { return "0" }
    let digits = max(1, min(digits, 17))
    let scientific = String(format: "%.\(digits - 1)e", value)
    let parts = scientific.split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return scientific }
    if exponent < -4 || exponent >= 6 { return "\(parts[0])e\(exponent)" }
    return fixed(value, decimals: digits - 1 - exponent)
  }

  /// The shortest text that reads back as the same number; empty if the value is not finite.
  public static func exact(_ value: Double) -> String {
    guard value.isFinite else { return "" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  /// A fraction as a percentage: `0.973` is `97.3%`.
  ///
  /// A fraction strictly between 0 and 1 is never printed as 0% or 100%: `0.9999` is `>99.9%`.
  public static func percent(_ fraction: Double, decimals: Int = 1) -> String {
    if fraction.isNaN || fraction.isInfinite { return missing }
    return percentDigits(fraction, decimals: decimals) + "%"
  }

  private static func percentDigits(_ fraction: Double, decimals: Int) -> String {
    let step = pow(10, -Double(decimals))
    let text = fixed(fraction * 100, decimals: decimals)
    if fraction > 0, text == fixed(0, decimals: decimals) {
      return "<" + fixed(step, decimals: decimals)
    }
    if fraction < 1, text == fixed(100, decimals: decimals) {
      return ">" + fixed(100 - step, decimals: decimals)
    }
    return text
  }

  /// A rate with its interval and the number of trials: `97.3% [95.1, 98.6], n = 256`.
  ///
  /// The interval's ends are rounded without this rule, because they are computed bounds and not
  /// counts.
  public static func rate(
    _ estimate: Double, lower: Double? = nil, upper: Double? = nil, count: Int? = nil,
    decimals: Int = 1
  ) -> String {
    var text = percent(estimate, decimals: decimals)
    if let lower, let upper, lower.isFinite, upper.isFinite {
      text +=
        " [\(fixed(lower * 100, decimals: decimals)), \(fixed(upper * 100, decimals: decimals))]"
    }
    if let count { text += ", n = \(grouped(count))" }
    return text
  }

  /// A number with its interval: `12.3 [10.1, 15.0]`.
  public static func interval(
    _ estimate: Double, lower: Double, upper: Double, digits: Int = 3
  ) -> String {
    "\(significant(estimate, digits: digits)) "
      + "[\(significant(lower, digits: digits)), \(significant(upper, digits: digits))]"
  }

  /// An integer with commas between groups of three digits: `12,345`.
  public static func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var result = ""
    for (offset, digit) in digits.enumerated() {
      if offset > 0, (digits.count - offset) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return (value < 0 ? "-" : "") + result
  }

  /// A count in two or three digits and a letter: `999`, `1.2k`, `35k`, `1.2M`, `3.4B`.
  public static func count(_ value: Double) -> String {
    if let special = special(value) { return special }
    let sign = value < 0 ? "-" : ""
    let magnitude = abs(value)
    if magnitude < 999.5 {
      return sign + trimmed(fixed(magnitude, decimals: magnitude < 10 ? 1 : 0))
    }
    var scaled = magnitude
    for letter in ["k", "M", "B", "T"] {
      scaled /= 1000
      let text = trimmed(fixed(scaled, decimals: scaled < 9.95 ? 1 : 0))
      // 999,950 rounds to 1000k, which is 1M.
      if scaled < 999.5 { return sign + text + letter }
    }
    return sign + significant(magnitude, digits: 2)
  }

  /// A number of bytes in binary units: `512 B`, `1.5 KiB`, `24 GiB`.
  public static func bytes(_ value: Int) -> String {
    guard value.magnitude >= 1024 else { return "\(value) B" }
    var scaled = Double(value)
    var unit = ""
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
      scaled /= 1024
      unit = next
      if abs(scaled) < 1023.5 { break }
    }
    return trimmed(fixed(scaled, decimals: abs(scaled) < 9.95 ? 1 : 0)) + " " + unit
  }

  /// A time in its two leading units: `850 ms`, `4.2 s`, `2 min 15 s`, `3 h 04 min`, `2 d 3 h`.
  public static func duration(_ seconds: Double) -> String {
    if let special = special(seconds) { return special }
    if seconds < 0 { return "-" + duration(-seconds) }
    if seconds < 0.9995 { return fixed(seconds * 1000, decimals: 0) + " ms" }
    if seconds < 9.95 { return fixed(seconds, decimals: 1) + " s" }
    if seconds < 59.5 { return fixed(seconds, decimals: 0) + " s" }
    guard let whole = Int(exactly: seconds.rounded()) else { return significant(seconds) + " s" }
    if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
    let minutes = (whole + 30) / 60
    if minutes < 24 * 60 { return "\(minutes / 60) h \(padded(minutes % 60)) min" }
    let hours = (whole + 1800) / 3600
    return "\(hours / 24) d \(hours % 24) h"
  }

  /// A range of times, in one unit if both ends have the same unit: `2 to 4 min`, `20 s to 3 min`,
  /// `about 2 h`.
  ///
  /// Both ends are rounded outwards to simple numbers: seconds to multiples of five from 10 on,
  /// then minutes, then hours with one decimal below 10.
  public static func durations(_ range: ClosedRange<Double>) -> String {
    let low = spoken(range.lowerBound, .down)
    let high = spoken(range.upperBound, .up)
    if low == high { return "about \(high.value) \(high.unit)" }
    if low.value == "0" { return "at most \(high.value) \(high.unit)" }
    return low.unit == high.unit
      ? "\(low.value) to \(high.value) \(high.unit)"
      : "\(low.value) \(low.unit) to \(high.value) \(high.unit)"
  }

  private static func spoken(
    _ seconds: Double, _ rule: FloatingPointRoundingRule
  ) -> (value: String, unit: String) {
    guard seconds.isFinite else { return (special(seconds) ?? missing, "s") }
    func whole(_ value: Double) -> String { fixed(value.rounded(rule), decimals: 0) }
    if seconds < 10 { return (whole(seconds), "s") }
    let fives = (seconds / 5).rounded(rule) * 5
    if fives < 60 { return (fixed(fives, decimals: 0), "s") }
    let minutes = (seconds / 60).rounded(rule)
    if minutes < 60 { return (fixed(max(1, minutes), decimals: 0), "min") }
    let hours = (seconds / 360).rounded(rule) / 10
    if hours < 10 { return (trimmed(fixed(hours, decimals: 1)), "h") }
    if hours < 48 { return (whole(seconds / 3600), "h") }
    return (whole(seconds / 86400), "d")
  }

  private static func padded(_ value: Int) -> String {
    value < 10 ? "0\(value)" : "\(value)"
  }

  private static func trimmed(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func special(_ value: Double) -> String? {
    if value.isNaN { return missing }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return nil
  }
}

/// The format of a number in a table cell or at a tick.
public enum NumberStyle: Hashable, Sendable {
  /// Significant digits.
  case significant(Int)
  /// Decimals.
  case fixed(Int)
  /// A fraction as a percentage with this number of decimals.
  case percent(Int)
  /// An integer with groups of three digits.
  case integer
  /// A count with a letter: `1.2M`.
  case count

  /// The number as text.
  public func text(_ value: Double) -> String {
    switch self {
    case .significant(let digits): return NumberText.significant(value, digits: digits)
    case .fixed(let decimals): return NumberText.fixed(value, decimals: decimals)
    case .percent(let decimals): return NumberText.percent(value, decimals: decimals)
    case .integer:
      guard let whole = Int(exactly: value.rounded()) else {
        return NumberText.significant(value)
      }
      return NumberText.grouped(whole)
    case .count: return NumberText.count(value)
    }
  }
}
