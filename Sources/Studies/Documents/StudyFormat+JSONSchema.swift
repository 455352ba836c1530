public import JSON

extension StudyFormat {
  /// The format as a JSON Schema (draft 2020-12), which editors use to complete and check study files.
  ///
  /// It accepts more than the program: a key with a condition is always allowed, and rules between
  /// keys are omitted. The program's check decides.
  ///
  /// - Parameter title: The schema's title.
  public func jsonSchema(title: String) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
      ("title", .string(title)),
    ]
    members += mapping(at: "")
    return .object(JSONObject(members))
  }

  /// The members that describe the mapping at a path.
  private func mapping(at path: String) -> [(String, JSONValue)] {
    let own = keys.filter { $0.parent == path }
    let required = own.filter { $0.isRequired && $0.conditions.isEmpty }.map(\.name)
    var members: [(String, JSONValue)] = [
      ("type", .string("object")),
      ("additionalProperties", .boolean(false)),
    ]
    if !required.isEmpty { members.append(("required", .array(required.map(JSONValue.string)))) }
    members.append(("properties", .object(JSONObject(own.map { ($0.name, schema(of: $0)) }))))
    return members
  }

  private func schema(of key: Key) -> JSONValue {
    var members: [(String, JSONValue)] = [("description", .string(key.meaning))]
    switch key.form {
    case .value(let type): members += type.schema
    case .range(let count, let most):
      let end = JSONValue.object(JSONObject(ValueType.integer(1...most).schema))
      members.append(
        (
          "anyOf",
          .array([
            .object(JSONObject(ValueType.integer(1...count).schema)),
            .object(
              JSONObject([
                ("type", .string("object")), ("additionalProperties", .boolean(false)),
                ("required", .array([.string("from"), .string("to")])),
                ("properties", .object(JSONObject([("from", end), ("to", end)]))),
              ])),
          ])
        ))
    case .list(let type, let count):
      members += list(of: type.schema, count)
    case .mapping: members += mapping(at: key.path)
    case .mappings(let count):
      members += list(of: mapping(at: key.path + "[]"), count)
    }
    if let value = key.defaultValue { members.append(("default", value)) }
    return .object(JSONObject(members))
  }

  private func list(
    of items: [(String, JSONValue)], _ count: ClosedRange<Int>
  ) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [
      ("type", .string("array")), ("minItems", .integer(count.lowerBound)),
    ]
    if count.upperBound < .max { members.append(("maxItems", .integer(count.upperBound))) }
    members.append(("items", .object(JSONObject(items))))
    return members
  }
}

extension ValueType {
  fileprivate var schema: [(String, JSONValue)] {
    switch self {
    case .text: return [("type", .string("string")), ("minLength", .integer(1))]
    case .boolean: return [("type", .string("boolean"))]
    case .integer(let range):
      var members: [(String, JSONValue)] = [("type", .string("integer"))]
      if range.lowerBound > .min { members.append(("minimum", .integer(range.lowerBound))) }
      if range.upperBound < .max { members.append(("maximum", .integer(range.upperBound))) }
      return members
    case .number(let range):
      var members: [(String, JSONValue)] = [("type", .string("number"))]
      if let lower = range.lower {
        members.append((range.includesLower ? "minimum" : "exclusiveMinimum", .number(lower)))
      }
      if let upper = range.upper {
        members.append((range.includesUpper ? "maximum" : "exclusiveMaximum", .number(upper)))
      }
      return members
    case .choice(let words): return [("enum", .array(words.map { .string($0.text) }))]
    }
  }
}
