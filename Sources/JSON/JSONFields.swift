/// The members of a JSON object by key. Faults name the path of keys.
public struct JSONFields: Sendable {
  public let object: JSONObject
  /// Keys from the document's root, each with a dot after it.
  private let path: String

  public init(_ object: JSONObject, path: String = "") {
    self.object = object
    self.path = path
  }

  /// The members of a document's root, which must be an object.
  public init(of bytes: [UInt8]) throws(JSONFault) {
    let value = try JSONReader.value(of: bytes)
    guard case .object(let object) = value else {
      throw JSONFault(.wrongValue(found: value.kind, expected: "an object"), at: nil)
    }
    self.init(object)
  }

  /// A fault of the member with a key.
  public func fault(_ key: String, _ problem: JSONFault.Problem) -> JSONFault {
    JSONFault(problem, at: .field(path + key))
  }

  /// The value of a required key. `expected` says what to add if the key is missing.
  public func value(_ key: String, _ expected: String) throws(JSONFault) -> JSONValue {
    guard let value = object[key] else { throw fault(key, .missing(expected: expected)) }
    return value
  }

  private func value<Value>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(JSONFault) -> Value {
    let found = try value(key, expected)
    guard let value = convert(found) else {
      throw fault(key, .wrongValue(found: found.kind, expected: expected))
    }
    return value
  }

  public func string(_ key: String) throws(JSONFault) -> String {
    try value(key, "a string", \.string)
  }

  public func number(_ key: String) throws(JSONFault) -> Double {
    try value(key, "a number", \.number)
  }

  public func boolean(_ key: String) throws(JSONFault) -> Bool {
    try value(key, "true or false", \.boolean)
  }

  /// - Parameter expected: The type and content as an error message names them.
  public func array(_ key: String, _ expected: String = "an array") throws(JSONFault) -> [JSONValue]
  {
    try value(key, expected, \.array)
  }

  public func object(_ key: String) throws(JSONFault) -> JSONFields {
    JSONFields(try value(key, "an object", \.object), path: "\(path)\(key).")
  }

  public func integer(_ key: String) throws(JSONFault) -> Int {
    try value(key, "an integer", \.integer)
  }

  public func integer(_ key: String, in allowed: ClosedRange<Int>) throws(JSONFault) -> Int {
    let expected = "an integer from \(allowed.lowerBound) to \(allowed.upperBound)"
    let integer = try value(key, expected, \.integer)
    guard allowed.contains(integer) else {
      throw fault(key, .wrongValue(found: "\(integer)", expected: expected))
    }
    return integer
  }

  /// A number greater than 0, with or without a fraction.
  public func positive(_ key: String) throws(JSONFault) -> Double {
    let expected = "a number greater than 0"
    let number = try value(key, expected, \.number)
    guard number > 0 else {
      throw fault(key, .wrongValue(found: number.canonicalText, expected: expected))
    }
    return number
  }

  /// Requires one value, which `description` names in messages.
  public func require(
    _ key: String, _ expected: JSONValue, _ description: String
  ) throws(JSONFault) {
    let found = try value(key, description)
    guard found == expected else {
      throw fault(key, .wrongValue(found: Self.text(found), expected: description))
    }
  }

  /// `require` for an optional key.
  public func requireIfPresent(
    _ key: String, _ expected: JSONValue, _ description: String
  ) throws(JSONFault) {
    if object[key] != nil { try require(key, expected, description) }
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .array, .object: value.kind
    default: JSONWriter.text(value)
    }
  }
}
