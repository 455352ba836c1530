/// Values and, for each, how far a float32 evaluation may be from it.
public struct Expected: Sendable {
  public var values: [Double]
  /// 0 demands the value itself; infinity says that the contract leaves the element open.
  public var bounds: [Double]
  /// The elements that values and bounds are of, ascending; nil where they are of all.
  public var indices: [Int]?

  public init(count: Int) {
    values = [Double](repeating: 0, count: count)
    bounds = values
  }

  /// Values that must be met exactly.
  public init(exactly values: [Double]) {
    self.values = values
    bounds = [Double](repeating: 0, count: values.count)
  }

  public var count: Int { values.count }

  /// The values as floats: what a backend that rounded once would have computed.
  public var floats: [Float] { values.map { Float($0) } }

  mutating func set(_ index: Int, _ value: Double, within bound: Double) {
    values[index] = value
    bounds[index] = bound
  }

  /// How far numbers are from these, in bounds.
  public func deviation(of actual: [Float]) -> Deviation {
    var result = Deviation()
    if indices == nil && actual.count != count {
      result.record(.infinity, "there are \(actual.count) values, not \(count)")
      return result
    }
    for place in 0..<count {
      let index = indices?[place] ?? place
      let (got, value, bound) = (actual[index], values[place], bounds[place])
      if bound == .infinity || Double(got) == value { continue }
      let error = abs(Double(got) - value)
      // Written so that NaN is wrong, and any difference where none is allowed.
      let ratio = error.isFinite && bound > 0 ? error / bound : .infinity
      result.record(
        ratio, "element \(index) is \(got), not \(Float(value)) within \(Float(bound))")
    }
    return result
  }
}

/// What one written tensor of a call must hold.
public enum Expectation: Sendable {
  case numbers(Expected)
  /// Integers, one of several where rounding decides between them.
  case choices([Set<Int32>])

  static func exactly(_ values: [Float]) -> Self { .numbers(Expected(exactly: values.doubles)) }

  static func exactly(_ values: [Int32]) -> Self { .choices(values.map { [$0] }) }

  /// How far what was written is from this, in bounds.
  public func deviation(of bits: [UInt32]) -> Deviation {
    switch self {
    case .numbers(let expected):
      return expected.deviation(of: bits.map { Float(bitPattern: $0) })
    case .choices(let choices):
      var result = Deviation()
      for (index, choice) in choices.enumerated() {
        let got = Int32(bitPattern: bits[index])
        if choice.contains(got) { continue }
        let wanted = choice.sorted().map(String.init).joined(separator: " or ")
        result.record(.infinity, "element \(index) is \(got), not \(wanted)")
      }
      return result
    }
  }
}

/// How far what was computed is from what must be.
public struct Deviation: Sendable {
  /// The largest error over its bound: 1 and below passes. Infinite for a NaN, or for any error where
  /// none is allowed.
  public private(set) var ratio = 0.0
  /// Elements beyond their bound.
  public private(set) var failures = 0
  /// The first of them.
  public private(set) var first: String?

  public init() {}

  /// The first wrong element and how many there are in one line, or nil.
  public var note: String? {
    first.map { failures == 1 ? $0 : "\($0); \(failures) elements are wrong" }
  }

  mutating func record(_ ratio: Double, _ note: @autoclosure () -> String) {
    self.ratio = max(self.ratio, ratio)
    guard ratio > 1 else { return }
    failures += 1
    if first == nil { first = note() }
  }
}

extension [Float] {
  /// The same numbers in double precision.
  public var doubles: [Double] { map { Double($0) } }
}
