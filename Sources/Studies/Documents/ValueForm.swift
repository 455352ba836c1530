import Text
import JSON

/// The form of one value of a study: its name in errors, and the reading of its text.
public struct ValueForm<Value>: Sendable where Value: Sendable {
  /// Such as `a number above 0`.
  public let expected: String
  /// A value of the form that a reader gets instead of a wrong value.
  public let standIn: Value
  /// The type and the range, for the description of the format.
  let type: ValueType
  let read: @Sendable (_ text: String, _ quoted: Bool) -> Value?
  /// The value as JSON, for the description of a default.
  let json: @Sendable (Value) -> JSONValue
  /// An explanation after `expected` in the error of a text that almost fits.
  let addition: @Sendable (_ text: String, _ quoted: Bool) -> String

  /// - Parameters:
  ///   - addition: The explanation after `expected` in the error of a text for which `read` returns
  ///     nil.
  ///   - read: The value of a text, given whether the text was in quotes; nil if it is not a value
  ///     of the form.
  init(
    _ expected: String, standIn: Value, type: ValueType,
    json: @escaping @Sendable (Value) -> JSONValue,
    addition: @escaping @Sendable (_ text: String, _ quoted: Bool) -> String = { _, _ in "" },
    read: @escaping @Sendable (_ text: String, _ quoted: Bool) -> Value?
  ) {
    self.expected = expected
    self.standIn = standIn
    self.type = type
    self.json = json
    self.addition = addition
    self.read = read
  }
}

/// The type and the range of a single value of a study.
public enum ValueType: Hashable, Sendable {
  case text
  case boolean
  case integer(ClosedRange<Int>)
  case number(NumberRange)
  case choice([Word])

  /// An allowed word of a choice, and its meaning.
  public struct Word: Hashable, Sendable {
    public var text: String
    public var meaning: String
  }
}

/// The words that a study file may use for a value, each with its meaning.
public protocol DocumentedChoice: RawRepresentable<String>, CaseIterable, Sendable
where AllCases: RandomAccessCollection {
  /// One or more sentences for the description of the format.
  var meaning: String { get }
}

extension ValueForm<String> {
  /// Any text that is not empty; `no`, `012` and `1:30` without quotes are texts too.
  public static var string: Self {
    Self("a text", standIn: "", type: .text, json: JSONValue.string) { text, _ in
      text.isEmpty ? nil : text
    }
  }
}

extension ValueForm<Bool> {
  /// `true` or `false` without quotes, and no other word.
  public static var boolean: Self {
    Self("true or false", standIn: false, type: .boolean, json: JSONValue.boolean) { text, quoted in
      quoted ? nil : text == "true" ? true : text == "false" ? false : nil
    }
  }
}

extension ValueForm<Int> {
  /// A decimal integer in a range: `-?(0|[1-9][0-9]*)` without quotes.
  public static func integer(in range: ClosedRange<Int>) -> Self {
    let expected =
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): "a whole number"
      case (let lower, .max): "a whole number of at least \(lower)"
      case (.min, let upper): "a whole number of at most \(upper)"
      case (let lower, let upper): "a whole number from \(lower) to \(upper)"
      }
    return Self(
      expected, standIn: range.lowerBound == .min ? 0 : range.lowerBound, type: .integer(range),
      json: JSONValue.integer
    ) { text, quoted in
      guard !quoted, NumberForm(text) == .integer, let value = Int(text) else { return nil }
      return range.contains(value) ? value : nil
    }
  }
}

extension ValueForm<Double> {
  /// A number of JSON's grammar in a range, without quotes.
  public static func number(in range: NumberRange) -> Self {
    Self(
      range.expected, standIn: range.standIn, type: .number(range), json: JSONValue.number
    ) { text, quoted in
      guard !quoted, NumberForm(text) != nil, let value = Double(text), value.isFinite else {
        return nil
      }
      return range.contains(value) ? value : nil
    }
  }
}

extension ValueForm<Double> {
  /// A number for computations in float32: after rounding to float32 it must also be in the range.
  /// The value is not rounded.
  public static func float32(in range: NumberRange) -> Self {
    let number = Self.number(in: range)
    return Self(
      number.expected, standIn: number.standIn, type: number.type, json: number.json,
      addition: { text, quoted in
        number.read(text, quoted) == nil ? "" : " after rounding to float32"
      }
    ) { text, quoted in
      guard let value = number.read(text, quoted) else { return nil }
      let rounded = Double(Float(value))
      return rounded.isFinite && range.contains(rounded) ? value : nil
    }
  }
}

extension ValueForm where Value: DocumentedChoice {
  /// One of the words of an enum's cases.
  public static func choice(of type: Value.Type) -> Self? {
    guard let first = type.allCases.first else { return nil }
    let words = type.allCases.map { ValueType.Word(text: $0.rawValue, meaning: $0.meaning) }
    return Self(
      StudyFault.Problem.choicePrefix + words.map(\.text).joined(separator: ", "), standIn: first,
      type: .choice(words), json: { .string($0.rawValue) }
    ) { text, _ in
      Value(rawValue: text)
    }
  }
}

/// A range of allowed numbers: an interval, with each end included, excluded or absent.
public struct NumberRange: Hashable, Sendable {
  private(set) var lower: Double?
  private(set) var includesLower = true
  private(set) var upper: Double?
  private(set) var includesUpper = true

  /// Any finite number.
  public static var any: Self { Self() }

  /// Numbers above a bound.
  public static func above(_ lower: Double) -> Self { Self(lower: lower, includesLower: false) }
  /// Numbers that are equal to a bound or above it.
  public static func atLeast(_ lower: Double) -> Self { Self(lower: lower) }

  /// A range that includes both ends.
  public static func from(_ lower: Double, to upper: Double) -> Self {
    Self(lower: lower, upper: upper)
  }

  /// A range without its lower end and with its upper end.
  public static func above(_ lower: Double, to upper: Double) -> Self {
    Self(lower: lower, includesLower: false, upper: upper)
  }

  /// A range with its lower end and without its upper end.
  public static func from(_ lower: Double, below upper: Double) -> Self {
    Self(lower: lower, upper: upper, includesUpper: false)
  }

  func contains(_ value: Double) -> Bool {
    if let lower, includesLower ? value < lower : value <= lower { return false }
    if let upper, includesUpper ? value > upper : value >= upper { return false }
    return true
  }

  var expected: String {
    let lowerText = lower.map { (includesLower ? "of at least " : "above ") + $0.canonicalText }
    let upperText = upper.map { (includesUpper ? "at most " : "below ") + $0.canonicalText }
    return switch (lowerText, upperText) {
    case (nil, nil): "a number"
    case (let lower?, nil): "a number \(lower)"
    case (nil, let upper?): "a number \(upper)"
    case (let lower?, let upper?):
      includesLower && includesUpper
        ? "a number from \(self.lower?.canonicalText ?? "") to \(self.upper?.canonicalText ?? "")"
        : "a number \(lower) and \(upper)"
    }
  }

  /// A number in the range.
  var standIn: Double {
    switch (lower, upper) {
    case (nil, nil): 0
    case (let lower?, nil): includesLower ? lower : lower + max(1, abs(lower))
    case (nil, let upper?): includesUpper ? upper : upper - max(1, abs(upper))
    case (let lower?, let upper?):
      includesLower ? lower : includesUpper ? upper : (lower + upper) / 2
    }
  }
}
