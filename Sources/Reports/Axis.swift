import Foundation

/// An axis of a chart: its title, scale and range.
public struct Axis: Hashable, Sendable {
  /// The scale of an axis.
  public enum Scale: Hashable, Sendable {
    /// Evenly.
    case linear
    /// Logarithmic. Values that are not positive are not drawn.
    case logarithmic
    /// Logarithmic, with a separate position for zero at the low end, behind an axis break.
    case logarithmicWithZero
  }

  /// The axis title with its unit, such as "Safety training (steps)".
  public var title: String
  public var scale: Scale
  /// The range to show, or nil for that of the data.
  public var range: ClosedRange<Double>?
  /// The number style of ticks, or nil for as many digits as they need.
  public var style: NumberStyle?
  /// The ticks to write, or nil for round ones.
  public var ticks: [Double]?

  public init(
    _ title: String, scale: Scale = .linear, range: ClosedRange<Double>? = nil,
    style: NumberStyle? = nil, ticks: [Double]? = nil
  ) {
    self.title = title
    self.scale = scale
    self.range = range
    self.style = style
    self.ticks = ticks
  }

  /// An axis of rates from 0 to 1, written in percent.
  public static func rate(_ title: String) -> Axis {
    Axis(title, range: 0...1, style: .percent(0))
  }
}

/// The positions of values along an axis, in pixels.
struct AxisMap {
  let scale: Axis.Scale
  /// The least and greatest value of the axis (the least positive one on a logarithmic scale).
  let lower: Double
  let upper: Double
  /// The positions of `lower` and `upper`.
  let start: Double
  let end: Double
  /// The position of zero, on a logarithmic scale with zero.
  let zero: Double?

  /// The width of zero and the axis break before a logarithmic scale.
  static let zeroGap = 34.0

  /// Computes an axis for `values` between two pixel positions; `from` is the position of the low
  /// end.
  ///
  /// A tight axis begins and ends with the data, other axes begin and end with a tick.
  init(_ axis: Axis, values: [Double], from: Double, to: Double, isTight: Bool = false) {
    scale = axis.scale
    let finite = values.filter(\.isFinite)
    switch axis.scale {
    case .linear:
      (lower, upper) = AxisMap.linearRange(axis, finite, isTight: isTight)
      zero = nil
      start = from
    case .logarithmic, .logarithmicWithZero:
      (lower, upper) = AxisMap.logarithmicRange(axis, finite)
      let showsZero =
        axis.scale == .logarithmicWithZero && (finite.contains(0) || axis.range?.lowerBound == 0)
      zero = showsZero ? from : nil
      start = showsZero ? from + (to >= from ? AxisMap.zeroGap : -AxisMap.zeroGap) : from
    }
    end = to
  }

  private static func linearRange(
    _ axis: Axis, _ finite: [Double], isTight: Bool
  ) -> (Double, Double) {
    if let range = axis.range, range.lowerBound.isFinite, range.upperBound.isFinite,
      range.lowerBound < range.upperBound
    {
      return (range.lowerBound, range.upperBound)
    }
    guard let least = finite.min(), let greatest = finite.max() else { return (0, 1) }
    if least == greatest {
      let margin = least == 0 ? 1 : abs(least) / 2
      return (least - margin, greatest + margin)
    }
    if isTight { return (least, greatest) }
    // Extended to whole steps.
    let step = Ticks.step(from: least, to: greatest, limit: 6)
    let low = (least / step).rounded(.down) * step
    let high = (greatest / step).rounded(.up) * step
    return low.isFinite && high.isFinite && low < high ? (low, high) : (least, greatest)
  }

  private static func logarithmicRange(_ axis: Axis, _ finite: [Double]) -> (Double, Double) {
    let positive = finite.filter { $0 > 0 }
    var low = positive.min() ?? 1
    var high = positive.max() ?? 10
    if let range = axis.range {
      if range.lowerBound > 0, range.lowerBound.isFinite { low = range.lowerBound }
      if range.upperBound > 0, range.upperBound.isFinite { high = range.upperBound }
    }
    return low < high ? (low, high) : (high / 2, high * 2)
  }

  /// The position of the value, or nil if it has none: not finite, or not positive on a logarithmic
  /// scale without zero. Values outside the range have positions outside the axis, by at most ten
  /// axis lengths.
  func position(_ value: Double) -> Double? {
    guard value.isFinite else { return nil }
    let fraction: Double
    switch scale {
    case .linear:
      // Halves first: the difference of two finite numbers may overflow.
      fraction = (value / 2 - lower / 2) / (upper / 2 - lower / 2)
    case .logarithmic, .logarithmicWithZero:
      if value == 0, let zero { return zero }
      guard value > 0 else { return nil }
      fraction = (log10(value) - log10(lower)) / (log10(upper) - log10(lower))
    }
    guard fraction.isFinite else { return nil }
    return start + (end - start) * min(max(fraction, -10), 10)
  }
}
