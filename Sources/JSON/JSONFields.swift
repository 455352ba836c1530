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
  ///
  /// - Throws: `JSONFault` if the bytes are not JSON or the root is not an object.
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
  ///
  /// - Throws: `JSONFault` if the key is missing.
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

  /// The string of a required key.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not a string.
  public func string(_ key: String) throws(JSONFault) -> String {
    try value(key, "a string", \.string)
  }

  /// The number of a required key.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not a number.
  public func number(_ key: String) throws(JSONFault) -> Double {
    try value(key, "a number", \.number)
  }

  /// The Boolean of a required key.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not true or false.
  public func boolean(_ key: String) throws(JSONFault) -> Bool {
    try value(key, "true or false", \.boolean)
  }

  /// The elements of the array of a required key.
  ///
  /// - Parameter expected: The type and content as an error message names them.
  /// - Throws: `JSONFault` if the key is missing or its value is not an array.
  public func array(_ key: String, _ expected: String = "an array") throws(JSONFault) -> [JSONValue]
  {
    try value(key, expected, \.array)
  }

  /// The members of the object of a required key.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not an object.
  public func object(_ key: String) throws(JSONFault) -> JSONFields {
    JSONFields(try value(key, "an object", \.object), path: "\(path)\(key).")
  }

  /// The integer of a required key.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not an integer.
  public func integer(_ key: String) throws(JSONFault) -> Int {
    try value(key, "an integer", \.integer)
  }

  /// The integer of a required key, in a range.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not an integer in the range.
  public func integer(_ key: String, in allowed: ClosedRange<Int>) throws(JSONFault) -> Int {
    let expected = "an integer from \(allowed.lowerBound) to \(allowed.upperBound)"
    let integer = try value(key, expected, \.integer)
    guard allowed.contains(integer) else {
      throw fault(key, .wrongValue(found: "\(integer)", expected: expected))
    }
    return integer
  }

  /// A number greater than 0, with or without a fraction.
  ///
  /// - Throws: `JSONFault` if the key is missing or its value is not such a number.
  public func positive(_ key: String) throws(JSONFault) -> Double {
    let expected = "a number greater than 0"
    let number = try value(key, expected, \.number)
    guard number > 0 else {
      throw fault(key, .wrongValue(found: number.canonicalText, expected: expected))
    }
    return number
  }

  /// Requires one value, which `description` names in messages.
  ///
  /// - Throws: `JSONFault` if the key is missing or has another value.
  public func require(
    _ key: String, _ expected: JSONValue, _ description: String
  ) throws(JSONFault) {
    let found = try value(key, description)
    guard found == expected else {
      throw fault(key, .wrongValue(found: Self.text(found), expected: description))
    }
  }

  /// `require` for an optional key.
  ///
  /// - Throws: `JSONFault` if the key has another value.
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
