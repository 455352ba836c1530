/// JSON of files that other people wrote, read to the letter of RFC 8259 and with nothing left open.
///
/// Foundation's two readers keep different members of a duplicate key, take byte order marks and
/// UTF-16, and read `3.0` as an integer. Two programs that disagree about one header are an attack,
/// so this reader takes UTF-8 only, rejects duplicate keys, and keeps integers and numbers apart.
public enum StrictJSON {
  /// A JSON value. Members of an object keep the order of the file.
  public enum Value: Equatable, Sendable {
    case null
    case boolean(Bool)
    /// A literal without fraction or exponent that `Int` holds exactly.
    case integer(Int)
    /// Every other literal, `-0` and integers outside `Int` among them: whoever asks for an integer
    /// never gets a rounded one.
    case number(Double)
    case string(String)
    case array([Value])
    case object(Object)
  }

  /// The members of an object in the order of the file.
  public struct Object: Equatable, Sendable {
    /// A key and its value.
    public struct Member: Equatable, Sendable {
      public var key: String
      public var value: Value

      public init(key: String, value: Value) {
        self.key = key
        self.value = value
      }
    }

    public var members: [Member]

    public init(_ members: [Member]) { self.members = members }

    /// The value of the member whose key has the same UTF-8 bytes.
    ///
    /// `==` of `String` would also find a key that is canonically equivalent, which to every other
    /// program is another key.
    public subscript(key: String) -> Value? {
      members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
  }

  /// What can be wrong with JSON.
  public enum Problem: Equatable, Sendable {
    case byteOrderMark
    case unexpectedEnd(expected: String)
    case unexpectedByte(UInt8, expected: String)
    case invalidUTF8
    case controlCharacter(UInt8)
    case invalidEscape
    case loneSurrogate
    case leadingZero
    case numberTooLong(limit: Int)
    case numberTooLarge
    case notInteger
    case duplicateKey(String)
    case tooDeep(limit: Int)
  }

  /// The value that is the whole of `bytes`.
  ///
  /// - Parameters:
  ///   - file: the name that error messages use.
  ///   - depthLimit: how deeply arrays and objects may lie in each other.
  ///   - byteLimit: the largest document that is looked at.
  /// - Throws: the first fault with its byte offset.
  public static func parse(
    _ bytes: [UInt8], file: String, depthLimit: Int = 64, byteLimit: Int = 16 << 20
  ) throws(CheckpointError) -> Value {
    guard bytes.count <= byteLimit else {
      throw CheckpointError(file: file, .tooLarge(bytes: bytes.count, limit: byteLimit))
    }
    var scanner = JSONScanner(bytes, file: file, depthLimit: depthLimit)
    let value = try scanner.value()
    try scanner.end()
    return value
  }
}

extension StrictJSON.Value {
  /// What this is, as an error message names it.
  public var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "true or false"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension StrictJSON.Problem: CustomStringConvertible {
  /// The problem in words, without the place.
  public var description: String {
    switch self {
    case .byteOrderMark: "a byte order mark is not JSON"
    case .unexpectedEnd(let expected): "the text ends where \(expected) belongs"
    case .unexpectedByte(let byte, let expected): "\(Self.name(byte)) where \(expected) belongs"
    case .invalidUTF8: "the string is not UTF-8"
    case .controlCharacter(let byte): "\(Self.name(byte)) stands unescaped in a string"
    case .invalidEscape: "the escape is none of JSON's"
    case .loneSurrogate: "half of a surrogate pair is not a character"
    case .leadingZero: "a number has a leading zero"
    case .numberTooLong(let limit): "a number has more than \(limit) characters"
    case .numberTooLarge: "a number is larger than any double"
    case .notInteger: "a number where an integer belongs"
    case .duplicateKey(let key): "the key \(key.quoted) appears twice"
    case .tooDeep(let limit): "arrays and objects lie more than \(limit) deep"
    }
  }

  private static func name(_ byte: UInt8) -> String {
    guard (0x21..<0x7F).contains(byte) else {
      let digits = String(byte, radix: 16, uppercase: true)
      return "byte 0x" + (digits.count == 1 ? "0" : "") + digits
    }
    return "'\(Character(Unicode.Scalar(byte)))'"
  }
}

/// A string that is equal to another only if their UTF-8 bytes are.
struct UTF8Key: Hashable {
  let string: String

  init(_ string: String) { self.string = string }

  static func == (left: Self, right: Self) -> Bool {
    left.string.utf8.elementsEqual(right.string.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
