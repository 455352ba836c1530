/// What is wrong with a JSON text and at which byte.
public struct JSONFault: DescribedError, Hashable {
  public enum Problem: Hashable, Sendable {
    case notUTF8
    case byteOrderMark
    case unexpected(byte: UInt8, expected: String)
    case endsEarly(expected: String)
    case trailing
    case duplicateKey(String)
    case nestedTooDeeply(limit: Int)
    case controlCharacter(UInt8)
    case badEscape
    case loneSurrogate
    case badNumber(String)
    case numberTooLarge(String)
  }

  public var problem: Problem
  /// Bytes before the place, from the start of the text.
  public var offset: Int

  public var line: String { "byte \(offset + 1): \(what)" }
  public var exitCode: SystemExit { .badInput }

  /// What is wrong, without the place.
  public var what: String {
    switch problem {
    case .notUTF8: "not UTF-8 text; save the file as UTF-8"
    case .byteOrderMark: "starts with a byte-order mark; save the file as UTF-8 without one"
    case .unexpected(let byte, let expected): "expected \(expected), found \(Self.shown(byte))"
    case .endsEarly(let expected): "expected \(expected), found the end"
    case .trailing: "something follows the value; write one value"
    case .duplicateKey(let key): "the key \"\(key.printable())\" is written twice"
    case .nestedTooDeeply(let limit): "nested more than \(limit) levels deep"
    case .controlCharacter(let byte):
      "control character \(Self.shown(byte)) inside a string; write it as an escape"
    case .badEscape: "not an escape of JSON"
    case .loneSurrogate: "half of a surrogate pair; it stands for no character"
    case .badNumber(let text): "\"\(text.printable())\" is not a number of JSON"
    case .numberTooLarge(let text): "\(text.printable()) is too large for a double"
    }
  }

  private static func shown(_ byte: UInt8) -> String {
    (0x21..<0x7F).contains(byte)
      ? "\"\(Character(Unicode.Scalar(byte)))\""
      : "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}

/// Reads exactly the JSON of RFC 8259, and refuses what parsers are known to disagree about:
/// duplicate keys, lone surrogates, invalid UTF-8, byte-order marks, numbers out of range.
public struct JSONReader {
  /// How deep arrays and objects may nest; reading is recursive.
  public static let depthLimit = 64

  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads a text that is one JSON value. Throws `JSONFault`.
  public static func value(of bytes: some Sequence<UInt8>) throws(JSONFault) -> JSONValue {
    var reader = JSONReader(Array(bytes))
    if reader.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw JSONFault(problem: .byteOrderMark, offset: 0)
    }
    if let offset = reader.bytes.firstInvalidUTF8 {
      throw JSONFault(problem: .notUTF8, offset: offset)
    }
    reader.skipSpace()
    let value = try reader.value()
    reader.skipSpace()
    if reader.place < reader.bytes.count { throw reader.fault(.trailing) }
    return value
  }

  private func fault(_ problem: JSONFault.Problem, at offset: Int? = nil) -> JSONFault {
    JSONFault(problem: problem, offset: offset ?? place)
  }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      place += 1
    }
  }

  private func unexpected(_ expected: String) -> JSONFault {
    guard let byte = next else { return fault(.endsEarly(expected: expected)) }
    return fault(.unexpected(byte: byte, expected: expected))
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place += 1
    return true
  }

  private mutating func value() throws(JSONFault) -> JSONValue {
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-")?: return try number()
    case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
      return try number()
    default: throw unexpected("a value")
    }
  }

  private mutating func word(
    _ word: String, _ value: JSONValue
  ) throws(JSONFault) -> JSONValue {
    guard bytes[place...].starts(with: word.utf8) else { throw unexpected("a value") }
    place += word.utf8.count
    return value
  }

  private mutating func enter() throws(JSONFault) {
    guard depth < Self.depthLimit else {
      throw fault(.nestedTooDeeply(limit: Self.depthLimit))
    }
    depth += 1
    place += 1
    skipSpace()
  }

  private mutating func array() throws(JSONFault) -> JSONValue {
    try enter()
    defer { depth -= 1 }
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(values) }
    while true {
      values.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(values) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"]\"") }
      skipSpace()
    }
  }

  private mutating func object() throws(JSONFault) -> JSONValue {
    try enter()
    defer { depth -= 1 }
    var object = JSONObject()
    var keys: Set<[UInt8]> = []
    if take(UInt8(ascii: "}")) { return .object(object) }
    while true {
      let start = place
      guard next == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      guard keys.insert(Array(key.utf8)).inserted else {
        throw fault(.duplicateKey(key), at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
      skipSpace()
      object.append(key, try value())
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(object) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"}\"") }
      skipSpace()
    }
  }

  private mutating func string() throws(JSONFault) -> String {
    place += 1
    var text: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try escape(into: &text)
      case 0..<0x20:
        throw fault(.controlCharacter(byte))
      default:
        text.append(byte)
        place += 1
      }
    }
    throw fault(.endsEarly(expected: "the closing quote"))
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
    let start = place
    place += 1
    guard let letter = next else { throw fault(.endsEarly(expected: "an escape")) }
    place += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try codeUnit(from: start)
      if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
        let low = try codeUnit(from: start)
        guard (0xDC00..<0xE000).contains(low) else { throw fault(.loneSurrogate, at: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault(.loneSurrogate, at: start) }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw fault(.badEscape, at: start)
    }
  }

  private mutating func codeUnit(from start: Int) throws(JSONFault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault(.badEscape, at: start)
      }
      code = code << 4 | UInt32(digit)
      place += 1
    }
    return code
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = place
    while let byte = next, byte.isPartOfNumber { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    guard let form = NumberForm(text) else { throw fault(.badNumber(text), at: start) }
    if form == .integer, text != "-0" {
      if let value = Int(text) { return .integer(value) }
      if let value = UInt64(text) { return .unsigned(value) }
    }
    guard let value = Double(text), value.isFinite else {
      throw fault(.numberTooLarge(text), at: start)
    }
    return .number(value)
  }
}

/// The two forms of a number in JSON's grammar: `-?(0|[1-9][0-9]*)`, and with a fraction or
/// exponent.
enum NumberForm {
  case integer
  case decimal

  /// Nil where the text is no number of JSON: `012`, `+1`, `.5`, `1_000`, `0x1F`, `NaN`.
  init?(_ text: String) {
    var rest = text.utf8[...]
    func digits() -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let leadingZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !leadingZero || whole == 1 else { return nil }
    if rest.isEmpty {
      self = .integer
      return
    }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return nil }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard digits() > 0 else { return nil }
    }
    guard rest.isEmpty else { return nil }
    self = .decimal
  }
}

extension UInt8 {
  fileprivate var isPartOfNumber: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

extension Array<UInt8> {
  /// The offset of the first byte that is not part of valid UTF-8, nil where all are.
  var firstInvalidUTF8: Int? {
    var decoder = UTF8.ForwardParser()
    var offset = 0
    var iterator = makeIterator()
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let encoded): offset += encoded.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }
}
