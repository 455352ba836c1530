/// A value that an encoder fills in.
final class EncodedSlot {
  private enum Content {
    case nothing
    case value(JSONValue)
    case array
    case object
  }

  private var content = Content.nothing
  /// The keys of an object, in the order of `members`.
  private var keys: [String] = []
  /// The members of an object or the elements of an array.
  private var members: [EncodedSlot] = []
  private var places: [[UInt8]: Int] = [:]

  func set(_ value: JSONValue) { content = .value(value) }

  func becomeArray() { content = .array }

  func becomeObject() { content = .object }

  var count: Int { members.count }

  func append() -> EncodedSlot {
    let slot = EncodedSlot()
    members.append(slot)
    return slot
  }

  func append(_ value: JSONValue) { append().set(value) }

  func member(_ key: String) -> EncodedSlot {
    let bytes = Array(key.utf8)
    if let place = places[bytes] { return members[place] }
    places[bytes] = keys.count
    keys.append(key)
    members.append(EncodedSlot())
    return members[members.count - 1]
  }

  var value: JSONValue {
    switch content {
    case .nothing: .object(JSONObject())
    case .value(let value): value
    case .array: .array(members.map(\.value))
    case .object: .object(JSONObject(zip(keys, members).map { ($0, $1.value) }))
    }
  }
}

/// Turns any `Encodable` value into a `JSONValue`.
struct ValueEncoder: Encoder {
  let slot: EncodedSlot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.becomeObject()
    return KeyedEncodingContainer(Keyed<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.becomeArray()
    return Unkeyed(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(slot: slot, codingPath: codingPath)
  }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: EncodedSlot
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) {}

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
      try fill(slot.member(key.stringValue), with: value, codingPath + [key])
    }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
      ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
        .container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
        .unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
      ValueEncoder(slot: slot.member("super"), codingPath: codingPath)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
      ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
    }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let slot: EncodedSlot
    let codingPath: [any CodingKey]
    var count: Int { slot.count }

    func encodeNil() { slot.append(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
      try fill(slot.append(), with: value, codingPath)
    }

    func nestedContainer<NestedKey: CodingKey>(
      keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
      ValueEncoder(slot: slot.append(), codingPath: codingPath).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      ValueEncoder(slot: slot.append(), codingPath: codingPath).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
      ValueEncoder(slot: slot.append(), codingPath: codingPath)
    }
  }

  private struct Single: SingleValueEncodingContainer {
    let slot: EncodedSlot
    let codingPath: [any CodingKey]

    func encodeNil() { slot.set(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
      try fill(slot, with: value, codingPath)
    }
  }
}

/// Stores scalars. Other values encode themselves recursively.
private func fill(
  _ slot: EncodedSlot, with value: some Encodable, _ codingPath: [any CodingKey]
) throws {
  switch value {
  case let value as JSONValue: slot.set(value)
  case let value as Bool: slot.set(.boolean(value))
  case let value as String: slot.set(.string(value))
  case let value as Double: slot.set(.number(value))
  // A Float uses its own shortest digits: 0.1 is written as 0.1 and not as 0.10000000149011612.
  case let value as Float: slot.set(.number(Double(value.description) ?? Double(value)))
  case let value as any FixedWidthInteger & Encodable:
    if let integer = Int(exactly: value) {
      slot.set(.integer(integer))
    } else if let unsigned = UInt64(exactly: value) {
      slot.set(.unsigned(unsigned))
    } else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "an integer beyond 64 bits"))
    }
  default: try value.encode(to: ValueEncoder(slot: slot, codingPath: codingPath))
  }
}
