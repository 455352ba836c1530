import Foundation

/// A mark on an axis, with its text; minor marks have none.
struct Tick: Hashable {
  var value: Double
  var label: String?
}

/// Round values for the ticks of an axis.
enum Ticks {
  /// The ticks of an axis. If the axis does not list ticks, at most `limit` of them have labels.
  static func ticks(_ axis: Axis, _ map: AxisMap, limit: Int) -> [Tick] {
    if let explicit = axis.ticks {
      return explicit.filter { $0.isFinite }.map {
        Tick(value: $0, label: axis.style?.text($0) ?? plain($0))
      }
    }
    let zero = map.zero == nil ? [] : [Tick(value: 0, label: axis.style?.text(0) ?? "0")]
    switch axis.scale {
    case .linear:
      return linear(from: map.lower, to: map.upper, limit: limit, style: axis.style)
    case .logarithmic, .logarithmicWithZero:
      return zero + logarithmic(from: map.lower, to: map.upper, limit: limit, style: axis.style)
    }
  }

  /// The smallest step of 1, 2 or 5 times a power of ten that gives at most `limit` intervals.
  static func step(from lower: Double, to upper: Double, limit: Int) -> Double {
    let raw = (upper / 2 - lower / 2) / Double(max(1, limit)) * 2
    guard raw.isFinite, raw > 0 else { return 1 }
    let power = pow(10, floor(log10(raw)))
    // With the tolerance a range of exactly `limit` steps keeps its step.
    for factor in [1.0, 2, 5, 10] where raw <= factor * power * (1 + 1e-9) {
      return factor * power
    }
    return 10 * power
  }

  /// Multiples of a round step between `lower` and `upper`, all with the same number of decimals.
  static func linear(
    from lower: Double, to upper: Double, limit: Int, style: NumberStyle?
  ) -> [Tick] {
    let step = step(from: lower, to: upper, limit: limit)
    let first = (lower / step - 1e-9).rounded(.up)
    let last = (upper / step + 1e-9).rounded(.down)
    // Beyond 2^53 neighbouring multiples are no longer distinct.
    guard first.isFinite, last.isFinite, abs(first) < 9e15, abs(last) < 9e15, last >= first,
      last - first < 100
    else { return [] }
    let exponent = Int(floor(log10(step) + 1e-9))
    return (0...Int(last - first)).map { offset in
      let multiple = first + Double(offset)
      // One rounding instead of a sum with many, so that 3 * 0.1 is written as 0.3.
      let value = exponent < 0 ? multiple / (1 / step).rounded(to: 12) : multiple * step
      let isPlain = exponent >= -5 && max(abs(lower), abs(upper)) < 1e6
      return Tick(
        value: value,
        label: style?.text(value)
          ?? (isPlain ? NumberText.fixed(value, decimals: max(0, -exponent)) : plain(value)))
    }
  }

  /// Powers of ten, with 3 (or 2 and 5) between them if there is enough space, and minor ticks at 2
  /// to 9.
  static func logarithmic(
    from lower: Double, to upper: Double, limit: Int, style: NumberStyle?
  ) -> [Tick] {
    let low = log10(lower)
    let high = log10(upper)
    guard low.isFinite, high.isFinite, high > low else { return [] }
    let decades = high - low
    if decades < 0.7 { return linear(from: lower, to: upper, limit: limit, style: style) }
    let stride = max(1, Int((decades / Double(max(1, limit))).rounded(.up)))
    let labelled: Set<Int> =
      if stride > 1 || decades * 2 > Double(limit) {
        [1]
      } else if decades * 3 > Double(limit) {
        [1, 3]
      } else {
        [1, 2, 5]
      }
    var ticks: [Tick] = []
    for exponent in Int(floor(low))...Int(ceil(high)) {
      for mantissa in 1...9 {
        let value = powerOfTen(exponent, times: mantissa)
        guard value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) else { continue }
        if labelled.contains(mantissa), exponent % stride == 0 {
          ticks.append(Tick(value: value, label: style?.text(value) ?? plain(value)))
        } else if decades <= 5 {
          ticks.append(Tick(value: value, label: nil))
        }
      }
    }
    return ticks
  }

  /// 10^exponent times mantissa, correctly rounded: `pow(10, -3) * 3` is not 0.003.
  private static func powerOfTen(_ exponent: Int, times mantissa: Int) -> Double {
    Double("\(mantissa)e\(exponent)") ?? 0
  }

  /// A tick in as few characters as it needs: `0.003`, `1,000`, `20k`, `3×10⁻⁵`.
  static func plain(_ value: Double) -> String {
    let magnitude = abs(value)
    if magnitude == 0 { return "0" }
    if magnitude >= 1e15 || magnitude < 1e-3 {
      let parts = String(format: "%.2e", value).split(separator: "e")
      guard parts.count == 2, let exponent = Int(parts[1]), let mantissa = Double(parts[0]) else {
        return NumberText.significant(value)
      }
      let power = "10" + superscript(exponent)
      if mantissa == 1 { return power }
      return NumberText.exact(mantissa) + "×" + power
    }
    if magnitude >= 10_000 { return NumberText.count(value) }
    if let whole = Int(exactly: value) { return NumberText.grouped(whole) }
    // Fifteen digits hide the error of binary fractions: 0.30000000000000004 is written as 0.3.
    return NumberText.exact(value.rounded(to: 12))
  }

  private static func superscript(_ value: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return String(String(value).map { $0 == "-" ? "⁻" : digits[$0.wholeNumberValue ?? 0] })
  }
}

extension Double {
  /// The number rounded to this number of significant decimal digits.
  func rounded(to digits: Int) -> Double {
    guard isFinite else { return self }
    return Double(String(format: "%.\(digits - 1)e", self)) ?? self
  }
}
