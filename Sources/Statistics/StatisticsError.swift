/// The reason why a statistic could not be computed from its values.
///
/// The cases have the wrong values; `description` is one line of text.
public enum StatisticsError: Error, Hashable, Sendable {
  /// Fewer values than the statistic is defined for.
  case tooFew(quantity: String, count: Int, needed: Int)
  /// A value that is not a finite number, at `index` counted from 0.
  case notFinite(quantity: String, index: Int, value: Double)
  /// A value outside `lower...upper`, at `index` counted from 0; `index` is nil for a lone parameter.
  case outOfRange(quantity: String, index: Int?, value: Double, lower: Double, upper: Double)
  /// Two lists that have to be matched value by value are of different lengths.
  case lengthsDiffer(first: String, firstCount: Int, second: String, secondCount: Int)
  /// A list that must increase strictly does not increase at `index`, counted from 0.
  case notIncreasing(quantity: String, index: Int, previous: Double, value: Double)
  /// A count of successes that is negative or above the count of trials, or no trials.
  case impossibleCount(successes: Int, trials: Int)
  /// All values of an explanatory variable are equal, so there is no slope.
  case constant(quantity: String, value: Double)
}

extension StatisticsError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFew(let quantity, let count, let needed):
      return "\(quantity): \(count) given, at least \(needed) needed"
    case .notFinite(let quantity, let index, let value):
      return "\(quantity): value \(index) is \(value), not a finite number"
    case .outOfRange(let quantity, let index, let value, let lower, let upper):
      let place = index.map { "value \($0) is" } ?? "the value is"
      return "\(quantity): \(place) \(value), outside \(lower) to \(upper)"
    case .lengthsDiffer(let first, let firstCount, let second, let secondCount):
      return "\(first) has \(firstCount) values and \(second) has \(secondCount); "
        + "they are matched one to one"
    case .notIncreasing(let quantity, let index, let previous, let value):
      return "\(quantity): value \(index) is \(value), not above the \(previous) before it"
    case .impossibleCount(let successes, let trials):
      return "\(successes) successes in \(trials) trials is not a proportion"
    case .constant(let quantity, let value):
      return "\(quantity): every value is \(value), so there is no slope"
    }
  }
}

/// Throws unless there are at least `minimum` values, all finite and all within `range`.
func check(
  _ values: [Double], _ quantity: String, atLeast minimum: Int = 1,
  within range: ClosedRange<Double>? = nil
) throws(StatisticsError) {
  guard values.count >= minimum else {
    throw .tooFew(quantity: quantity, count: values.count, needed: minimum)
  }
  for (index, value) in values.enumerated() {
    guard value.isFinite else { throw .notFinite(quantity: quantity, index: index, value: value) }
    if let range, !range.contains(value) {
      throw .outOfRange(
        quantity: quantity, index: index, value: value,
        lower: range.lowerBound, upper: range.upperBound)
    }
  }
}

/// Throws unless both lists have the same length.
func checkMatched(
  _ first: [Double], _ firstName: String, _ second: [Double], _ secondName: String
) throws(StatisticsError) {
  guard first.count == second.count else {
    throw .lengthsDiffer(
      first: firstName, firstCount: first.count, second: secondName, secondCount: second.count)
  }
}

/// Throws unless a probability lies strictly between 0 and 1.
func checkProbability(_ value: Double, _ quantity: String) throws(StatisticsError) {
  guard value > 0, value < 1 else {
    throw .outOfRange(quantity: quantity, index: nil, value: value, lower: 0, upper: 1)
  }
}
