import JSON
import Text

/// The keys of one mapping of a study, read by the study's own schema.
///
/// Every method that reads a key also declares it: a key that no method reads is unknown. The
/// method declares the key's meaning too, so the same calls that read a study also make the
/// description of the format (`StudyFormat`). For a wrong value the method adds a fault with line
/// and key path and returns a stand-in, so one reading finds all faults. A key with the value null
/// is present and wrong.
public final class Fields {
  /// Such as `safety.doses[1]`; empty at the root.
  public let path: String
  let mapping: StudyNode.Mapping
  private let faults: FaultCollection
  /// In a stand-in for a missing mapping, missing keys are not faults.
  private let isStandIn: Bool
  /// The recorder of the format, if no study is read. Then missing keys are not faults either.
  private let recorder: FormatRecorder?
  private(set) var asked: [String] = []

  init(
    mapping: StudyNode.Mapping, path: String, faults: FaultCollection, isStandIn: Bool = false,
    recorder: FormatRecorder? = nil
  ) {
    self.mapping = mapping
    self.path = path
    self.faults = faults
    self.isStandIn = isStandIn || recorder != nil
    self.recorder = recorder
    if !isStandIn { faults.readers.append(self) }
  }

  /// A key's path below another path. The key is in quotes if it has characters that would mislead.
  static func path(_ path: String, _ key: String) -> String {
    let isPlain =
      !key.isEmpty
      && key.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-"
      }
    let shown = isPlain ? key.printable() : "\"\(key.printable())\""
    return path.isEmpty ? shown : "\(path).\(shown)"
  }

  // MARK: Single values

  /// A text that is not empty.
  public func string(
    _ key: String, default value: String? = nil, about meaning: String
  ) -> String {
    self.value(key, .string, default: value, about: meaning)
  }

  /// A whole number.
  public func integer(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max, default value: Int? = nil,
    about meaning: String
  ) -> Int {
    self.value(key, .integer(in: range), default: value, about: meaning)
  }

  /// A finite number.
  public func number(
    _ key: String, in range: NumberRange = .any, default value: Double? = nil,
    about meaning: String
  ) -> Double {
    self.value(key, .number(in: range), default: value, about: meaning)
  }

  /// A number that a device computes with in float32, not rounded.
  public func float32(
    _ key: String, in range: NumberRange = .any, default value: Double? = nil,
    about meaning: String
  ) -> Double {
    self.value(key, .float32(in: range), default: value, about: meaning)
  }

  /// `true` or `false`.
  public func boolean(
    _ key: String, default value: Bool? = nil, about meaning: String
  ) -> Bool {
    self.value(key, .boolean, default: value, about: meaning)
  }

  /// One of an enum's cases by its raw value.
  public func choice<Choice: DocumentedChoice>(
    _ key: String, of type: Choice.Type, default value: Choice? = nil, about meaning: String
  ) -> Choice {
    self.value(key, Self.form(type), default: value, about: meaning)
  }

  /// One of an enum's cases, nil if the key is absent.
  public func optionalChoice<Choice: DocumentedChoice>(
    _ key: String, of type: Choice.Type, about meaning: String
  ) -> Choice? {
    optional(key, Self.form(type), about: meaning)
  }

  /// A value of any form. Without a default the key is required.
  ///
  /// - Parameters:
  ///   - value: The value if the key is absent.
  ///   - meaning: One or more sentences for the description of the format.
  public func value<Value>(
    _ key: String, _ form: ValueForm<Value>, default value: Value? = nil, about meaning: String
  ) -> Value {
    recorder?.note(
      path, key, .value(form.type), isRequired: value == nil, default: value.map(form.json),
      meaning)
    guard let member = member(key) else {
      if let value { return value }
      missing(key, form.expected)
      return form.standIn
    }
    return read(member.value, form, Self.path(path, key))
  }

  /// A value of any form, nil if the key is absent.
  public func optional<Value>(
    _ key: String, _ form: ValueForm<Value>, about meaning: String
  ) -> Value? {
    recorder?.note(path, key, .value(form.type), isRequired: false, default: nil, meaning)
    return member(key).map { read($0.value, form, Self.path(path, key)) }
  }

  /// Consecutive whole numbers: a count from 1, or `{ from: 9, to: 24 }`. The key is required.
  ///
  /// - Parameters:
  ///   - most: The largest number that may be in the range.
  ///   - count: The most numbers.
  public func range(
    _ key: String, upTo most: Int, count: Int, about meaning: String
  ) -> ClosedRange<Int> {
    recorder?.note(
      path, key, .range(count: count, upTo: most), isRequired: true, default: nil, meaning)
    guard let member = member(key) else {
      missing(key, ValueForm<Int>.integer(in: 1...count).expected)
      return 1...1
    }
    guard case .mapping = member.value.content else {
      return 1...max(1, read(member.value, .integer(in: 1...count), Self.path(path, key)))
    }
    let ends = fields(member.value, Self.path(path, key))
    let first = ends.integer("from", in: 1...most, about: "The first.")
    let last = ends.integer("to", in: 1...most, about: "The last.")
    guard !ends.isFaulty("from"), !ends.isFaulty("to") else { return 1...1 }
    guard last >= first, last - first < count else {
      ends.fault(
        "to",
        "expected from \(first) to \(min(most, first + count - 1)), because there are 1 to \(count), found \(last)"
      )
      return 1...1
    }
    return first...last
  }

  // MARK: Lists and mappings

  /// A list of values of one form. Without a default the key is required.
  public func list<Value>(
    _ key: String, of form: ValueForm<Value>, count: ClosedRange<Int> = 1...Int.max,
    default values: [Value]? = nil, about meaning: String
  ) -> [Value] {
    recorder?.note(
      path, key, .list(form.type, count), isRequired: values == nil,
      default: values.map { .array($0.map(form.json)) }, meaning)
    guard let values = elements(key, of: form, count: count) ?? values else {
      missing(key, "a list")
      return []
    }
    return values
  }

  /// A list of an enum's cases.
  public func list<Choice: DocumentedChoice>(
    _ key: String, of type: Choice.Type, count: ClosedRange<Int> = 1...Int.max,
    default values: [Choice]? = nil, about meaning: String
  ) -> [Choice] {
    list(key, of: Self.form(type), count: count, default: values, about: meaning)
  }

  /// A list of values of one form, nil if the key is absent.
  public func optionalList<Value>(
    _ key: String, of form: ValueForm<Value>, count: ClosedRange<Int> = 1...Int.max,
    about meaning: String
  ) -> [Value]? {
    recorder?.note(path, key, .list(form.type, count), isRequired: false, default: nil, meaning)
    return elements(key, of: form, count: count)
  }

  /// A list of an enum's cases, nil if the key is absent.
  public func optionalList<Choice: DocumentedChoice>(
    _ key: String, of type: Choice.Type, count: ClosedRange<Int> = 1...Int.max,
    about meaning: String
  ) -> [Choice]? {
    optionalList(key, of: Self.form(type), count: count, about: meaning)
  }

  /// A required mapping.
  public func mapping(_ key: String, about meaning: String) -> Fields {
    recorder?.note(path, key, .mapping, isRequired: true, default: nil, meaning)
    if let member = member(key) { return fields(member.value, Self.path(path, key)) }
    missing(key, "keys and values")
    return standIn(Self.path(path, key))
  }

  /// A mapping, nil if the key is absent.
  public func optionalMapping(_ key: String, about meaning: String) -> Fields? {
    recorder?.note(path, key, .mapping, isRequired: false, default: nil, meaning)
    let path = Self.path(path, key)
    if let member = member(key) { return fields(member.value, path) }
    return recorder == nil ? nil : standIn(path)
  }

  /// A mapping that is optional because all its keys have defaults.
  public func settings(_ key: String, about meaning: String) -> Fields {
    recorder?.note(
      path, key, .mapping, isRequired: false, default: .object(JSONObject()), meaning)
    let path = Self.path(path, key)
    return member(key).map { fields($0.value, path) } ?? standIn(path)
  }

  /// A list of mappings. Without `optional` the key is required.
  public func mappings(
    _ key: String, count: ClosedRange<Int> = 1...Int.max, optional: Bool = false,
    about meaning: String
  ) -> [Fields] {
    recorder?.note(path, key, .mappings(count), isRequired: !optional, default: nil, meaning)
    let path = Self.path(path, key)
    guard let member = member(key) else {
      if recorder != nil { return [standIn(path + "[]")] }
      if !optional { missing(key, "a list") }
      return []
    }
    return elements(member.value, path, "a list", count).enumerated().map {
      fields($1, "\(path)[\($0)]")
    }
  }

  /// Whether a key is in the file, with any value. The key then counts as declared.
  public func isWritten(_ key: String) -> Bool { member(key) != nil }

  /// Whether a key of the mapping at `key` is in the file, with any value.
  public func isWritten(_ key: String, _ inner: String) -> Bool {
    guard case .mapping(let mapping)? = member(key)?.value.content else { return false }
    return mapping.members.contains { $0.key == inner }
  }

  /// The keys in the order of the file, for a mapping whose keys the user chooses.
  public var keys: [String] { mapping.members.map(\.key) }

  // MARK: Faults

  /// Adds a fault of a key's value at its line, or at the mapping's line if the key is absent.
  ///
  /// - Parameter element: The index in a list.
  public func fault(_ key: String, element: Int? = nil, _ what: String) {
    fault(key, element: element, .custom(what))
  }

  func fault(_ key: String, element: Int? = nil, _ problem: StudyFault.Problem) {
    if isStandIn { return }
    let member = member(key)
    var path = Self.path(path, key)
    var line = member?.line ?? mapping.line
    var column = member?.column ?? mapping.column
    if let element {
      path += "[\(element)]"
      if case .list(let values)? = member?.value.content, values.indices.contains(element) {
        line = values[element].line
        column = values[element].column
      }
    }
    faults.add(line, column, path, problem)
  }

  /// Adds a fault for every element of a list that equals an earlier one. Elements with a fault of
  /// their own are stand-ins and are not compared.
  public func refuseDuplicates<Value>(
    _ key: String, _ values: [Value], isEqual: (Value, Value) -> Bool, _ what: (Value) -> String
  ) {
    let sound = values.indices.filter { !isFaulty(key, element: $0) }
    for (place, index) in sound.enumerated()
    where sound[..<place].contains(where: { isEqual(values[$0], values[index]) }) {
      fault(key, element: index, what(values[index]))
    }
  }

  /// Adds the fault `duplicate value ...` for every element of a list that equals an earlier one.
  public func refuseDuplicates<Value: Equatable>(
    _ key: String, _ values: [Value], _ text: (Value) -> String
  ) {
    refuseDuplicates(key, values, isEqual: ==) { "duplicate value \(text($0)); keep one" }
  }

  /// Whether a fault was found in a key's value, or in one element of it.
  public func isFaulty(_ key: String, element: Int? = nil) -> Bool {
    faults.isFaulty(Self.path(path, key) + (element.map { "[\($0)]" } ?? ""))
  }

  private func elements<Value>(
    _ key: String, of form: ValueForm<Value>, count: ClosedRange<Int>
  ) -> [Value]? {
    guard let member = member(key) else { return nil }
    let path = Self.path(path, key)
    return elements(member.value, path, "a list", count).enumerated().map {
      read($1, form, "\(path)[\($0)]")
    }
  }

  private func missing(_ key: String, _ expected: String) {
    if isStandIn { return }
    faults.add(mapping.line, mapping.column, Self.path(path, key), .missing(expected: expected))
  }

  // MARK: Reading

  private func member(_ key: String) -> StudyNode.Mapping.Member? {
    if !asked.contains(key) { asked.append(key) }
    return mapping.members.first { $0.key.utf8.elementsEqual(key.utf8) }
  }

  private func read<Value>(
    _ node: StudyNode, _ form: ValueForm<Value>, _ path: String
  ) -> Value {
    if case .text(let text, let quoted) = node.content, let value = form.read(text, quoted) {
      return value
    }
    var expected = form.expected
    if case .text(let text, let quoted) = node.content { expected += form.addition(text, quoted) }
    faults.add(node.line, node.column, path, .wrong(expected: expected, found: node.found))
    return form.standIn
  }

  private func elements(
    _ node: StudyNode, _ path: String, _ expected: String, _ count: ClosedRange<Int>
  ) -> [StudyNode] {
    guard case .list(let elements) = node.content else {
      faults.add(node.line, node.column, path, .wrong(expected: expected, found: node.found))
      return []
    }
    if !count.contains(elements.count) {
      faults.add(node.line, node.column, path, .count(expected: count, found: elements.count))
    }
    return elements
  }

  private func fields(_ node: StudyNode, _ path: String) -> Fields {
    guard case .mapping(let mapping) = node.content else {
      faults.add(
        node.line, node.column, path, .wrong(expected: "keys and values", found: node.found))
      return standIn(path)
    }
    return Fields(mapping: mapping, path: path, faults: faults, recorder: recorder)
  }

  private func standIn(_ path: String) -> Fields {
    let nothing = StudyNode.Mapping(members: [], line: mapping.line, column: mapping.column)
    return Fields(
      mapping: nothing, path: path, faults: faults, isStandIn: true, recorder: recorder)
  }

  private static func form<Choice: DocumentedChoice>(_ type: Choice.Type) -> ValueForm<Choice> {
    guard let form = ValueForm.choice(of: type) else {
      preconditionFailure("\(type) has no case to choose")
    }
    return form
  }
}
