/// Expected values, each with a bound on the error of a float32 evaluation.
public struct Expected: Sendable {
  public var values: [Double]
  /// 0 requires the exact value; infinity means that the contract does not define the element.
  public var bounds: [Double]
  /// The indices of the elements with values and bounds, ascending; nil for all elements.
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

  /// The values as floats, rounded once.
  public var floats: [Float] { values.map { Float($0) } }

  mutating func set(_ index: Int, _ value: Double, within bound: Double) {
    values[index] = value
    bounds[index] = bound
  }

  /// The deviation of numbers from these values, relative to the bounds.
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
      // With this form NaN is wrong, and any difference is wrong if the bound is 0.
      let ratio = error.isFinite && bound > 0 ? error / bound : .infinity
      result.record(
        ratio, "element \(index) is \(got), not \(Float(value)) within \(Float(bound))")
    }
    return result
  }
}

/// The expected content of one written tensor of a call.
public enum Expectation: Sendable {
  case numbers(Expected)
  /// Integers, with several allowed values if rounding decides between them.
  case choices([Set<Int32>])

  static func exactly(_ values: [Float]) -> Self { .numbers(Expected(exactly: values.doubles)) }

  static func exactly(_ values: [Int32]) -> Self { .choices(values.map { [$0] }) }

  /// The deviation of written values from the expectation, relative to the bounds.
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

/// The deviation of computed values from expected values.
public struct Deviation: Sendable {
  /// The largest ratio of error to bound; 1 and below passes. It is infinite for a NaN, or for any
  /// error if the bound is 0.
  public private(set) var ratio = 0.0
  /// The number of elements outside their bound.
  public private(set) var failures = 0
  /// The first wrong element.
  public private(set) var first: String?

  public init() {}

  /// The first wrong element and the number of wrong elements in one line, or nil.
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
