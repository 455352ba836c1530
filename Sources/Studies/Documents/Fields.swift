/// The keys of one mapping of a study, read by the study's own schema.
///
/// Every method that reads a key also declares it: what no method asked for is an unknown key. A
/// value that is wrong is noted with its line and key path, and a stand-in is returned, so that one
/// reading finds all faults. A key whose value is null counts as written and wrong.
public final class Fields {
  /// What stands at a key.
  public enum Shape: Sendable {
    case absent
    case text
    case list
    case mapping
  }

  /// Such as `safety.doses[1]`; empty at the root.
  public let path: String
  let mapping: StudyNode.Mapping
  private let faults: FaultCollection
  /// In a stand-in for a missing mapping nothing is missing any more.
  private let isStandIn: Bool
  private(set) var asked: [String] = []

  init(
    mapping: StudyNode.Mapping, path: String, faults: FaultCollection, isStandIn: Bool = false
  ) {
    self.mapping = mapping
    self.path = path
    self.faults = faults
    self.isStandIn = isStandIn
    if !isStandIn { faults.readers.append(self) }
  }

  /// A key's path below another: in quotes where it has characters that would mislead.
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
  public func string(_ key: String, default value: String? = nil) -> String {
    self.value(key, .string, default: value)
  }

  /// A whole number.
  public func integer(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max, default value: Int? = nil
  ) -> Int {
    self.value(key, .integer(in: range), default: value)
  }

  /// A finite number.
  public func number(
    _ key: String, in range: NumberRange = .any, default value: Double? = nil
  ) -> Double {
    self.value(key, .number(in: range), default: value)
  }

  /// A number that a device computes with in float32, not rounded.
  public func float32(
    _ key: String, in range: NumberRange = .any, default value: Double? = nil
  ) -> Double {
    self.value(key, .float32(in: range), default: value)
  }

  /// `true` or `false`.
  public func boolean(_ key: String, default value: Bool? = nil) -> Bool {
    self.value(key, .boolean, default: value)
  }

  /// One of an enum's cases, written as its raw value.
  public func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ key: String, of type: Choice.Type, default value: Choice? = nil
  ) -> Choice where Choice.AllCases: RandomAccessCollection {
    self.value(key, Self.form(type), default: value)
  }

  /// A value of any form. Without a default the key must be there.
  public func value<Value>(
    _ key: String, _ form: ValueForm<Value>, default value: Value? = nil
  ) -> Value {
    guard let member = member(key) else {
      if let value { return value }
      missing(key, form.expected)
      return form.standIn
    }
    return read(member.value, form, Self.path(path, key))
  }

  /// A value of any form, nil where the key is absent.
  public func optional<Value>(_ key: String, _ form: ValueForm<Value>) -> Value? {
    member(key).map { read($0.value, form, Self.path(path, key)) }
  }

  // MARK: Lists and mappings

  /// A list of values of one form. Without a default the key must be there.
  public func list<Value>(
    _ key: String, of form: ValueForm<Value>, count: ClosedRange<Int> = 1...Int.max,
    default values: [Value]? = nil
  ) -> [Value] {
    guard let member = member(key) else {
      if let values { return values }
      missing(key, "a list")
      return []
    }
    let path = Self.path(path, key)
    return elements(member.value, path, "a list", count).enumerated().map {
      read($1, form, "\(path)[\($0)]")
    }
  }

  /// A list of an enum's cases.
  public func list<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ key: String, of type: Choice.Type, count: ClosedRange<Int> = 1...Int.max,
    default values: [Choice]? = nil
  ) -> [Choice] where Choice.AllCases: RandomAccessCollection {
    list(key, of: Self.form(type), count: count, default: values)
  }

  /// A mapping that must be there.
  public func mapping(_ key: String) -> Fields {
    if let fields = optionalMapping(key) { return fields }
    missing(key, "keys and values")
    return standIn(Self.path(path, key))
  }

  /// A mapping, nil where the key is absent.
  public func optionalMapping(_ key: String) -> Fields? {
    member(key).map { fields($0.value, Self.path(path, key)) }
  }

  /// A list of mappings. Without `optional` the key must be there.
  public func mappings(
    _ key: String, count: ClosedRange<Int> = 1...Int.max, optional: Bool = false
  ) -> [Fields] {
    guard let member = member(key) else {
      if !optional { missing(key, "a list") }
      return []
    }
    let path = Self.path(path, key)
    return elements(member.value, path, "a list", count).enumerated().map {
      fields($1, "\(path)[\($0)]")
    }
  }

  /// What stands at a key, for a schema that allows several shapes.
  public func shape(of key: String) -> Shape {
    switch member(key)?.value.content {
    case nil, .nothing?: .absent
    case .text?: .text
    case .list?: .list
    case .mapping?: .mapping
    }
  }

  /// The keys in the order of the file, for a mapping whose keys the user chooses.
  public var keys: [String] { mapping.members.map(\.key) }

  // MARK: Faults

  /// Notes that the value of a key is wrong, at its line; at the mapping's own where it is absent.
  ///
  /// - Parameter element: The place in a list that is meant.
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
    return Fields(mapping: mapping, path: path, faults: faults)
  }

  private func standIn(_ path: String) -> Fields {
    let nothing = StudyNode.Mapping(members: [], line: mapping.line, column: mapping.column)
    return Fields(mapping: nothing, path: path, faults: faults, isStandIn: true)
  }

  private static func form<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ type: Choice.Type
  ) -> ValueForm<Choice> where Choice.AllCases: RandomAccessCollection {
    guard let form = ValueForm.choice(of: type) else {
      preconditionFailure("\(type) has no case to choose")
    }
    return form
  }
}
