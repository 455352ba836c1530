/// The members of a JSON object, asked for by key, with errors that name the path to them.
struct JSONFields {
  let file: String
  /// Keys from the document's root, each with a dot after it.
  private let path: String
  let object: StrictJSON.Object

  private init(file: String, path: String, object: StrictJSON.Object) {
    self.file = file
    self.path = path
    self.object = object
  }

  /// The members of the document's root.
  init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
    let value = try StrictJSON.parse(bytes, file: file)
    guard case .object(let object) = value else {
      throw CheckpointError(file: file, .wrongType(found: value.kind, expected: "an object"))
    }
    self.init(file: file, path: "", object: object)
  }

  func error(_ key: String, _ problem: CheckpointError.Problem) -> CheckpointError {
    CheckpointError(file: file, place: .field(path + key), problem)
  }

  func value(_ key: String) throws(CheckpointError) -> StrictJSON.Value {
    guard let value = object[key] else { throw error(key, .missingKey) }
    return value
  }

  func object(_ key: String) throws(CheckpointError) -> JSONFields {
    let value = try value(key)
    guard case .object(let object) = value else {
      throw error(key, .wrongType(found: value.kind, expected: "an object"))
    }
    return JSONFields(file: file, path: "\(path)\(key).", object: object)
  }

  func integer(_ key: String, in allowed: ClosedRange<Int>) throws(CheckpointError) -> Int {
    let value = try value(key)
    guard case .integer(let integer) = value else {
      throw error(key, .wrongType(found: value.kind, expected: "an integer"))
    }
    guard allowed.contains(integer) else {
      throw error(key, .outOfRange(found: integer, allowed: allowed))
    }
    return integer
  }

  /// A number greater than 0, with or without a fraction.
  func positive(_ key: String) throws(CheckpointError) -> Double {
    let number: Double
    switch try value(key) {
    case .integer(let value): number = Double(value)
    case .number(let value): number = value
    case let other: throw error(key, .wrongType(found: other.kind, expected: "a number"))
    }
    guard number > 0 else {
      throw error(key, .wrongValue(found: "\(number)", expected: "greater than 0"))
    }
    return number
  }

  func boolean(_ key: String) throws(CheckpointError) -> Bool {
    let value = try value(key)
    guard case .boolean(let boolean) = value else {
      throw error(key, .wrongType(found: value.kind, expected: "true or false"))
    }
    return boolean
  }

  /// Turns away every value but one, which `description` puts in words.
  func require(
    _ key: String, _ expected: StrictJSON.Value, _ description: String
  ) throws(CheckpointError) {
    let value = try value(key)
    guard value == expected else {
      throw error(key, .wrongValue(found: Self.text(value), expected: description))
    }
  }

  /// `require` for a key that may be left out.
  func requireIfPresent(
    _ key: String, _ expected: StrictJSON.Value, _ description: String
  ) throws(CheckpointError) {
    if object[key] != nil { try require(key, expected, description) }
  }

  private static func text(_ value: StrictJSON.Value) -> String {
    switch value {
    case .array, .object: value.kind
    default: StrictJSON.text(value)
    }
  }
}
