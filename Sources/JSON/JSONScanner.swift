import Text

/// Reads JSON part by part, so that a large file need not be in memory as a tree.
///
/// It accepts exactly the JSON of RFC 8259. It refuses texts on which parsers are known to
/// disagree: lone surrogates, invalid UTF-8, byte-order marks, numbers out of range. `value()`
/// refuses duplicate keys; a caller of `nextKey(isFirst:)` must check for them. After a fault the
/// scanner must not be used again.
public struct JSONScanner {
  private let bytes: [UInt8]
  private let origin: Int
  private let depthLimit: Int
  private var depth = 0
  /// The offset of the next byte in `bytes`.
  public private(set) var position = 0
  /// The offset at which the latest key begins.
  public private(set) var keyOffset = 0

  /// No double needs more than 767 significant digits to be read exactly.
  private static let numberLimit = 1024

  /// - Parameters:
  ///   - origin: The offset of `bytes` in their file; faults count from the file's start.
  ///   - depthLimit: The deepest allowed nesting of arrays and objects; reading a value is
  ///     recursive.
  public init(_ bytes: [UInt8], origin: Int = 0, depthLimit: Int) {
    self.bytes = bytes
    self.origin = origin
    self.depthLimit = depthLimit
  }

  /// A fault at an offset into the scanned bytes.
  public func fault(_ problem: JSONFault.Problem, at offset: Int) -> JSONFault {
    JSONFault(problem, at: .byte(origin + offset))
  }

  // MARK: Structure

  /// Reads the opening bracket of an object.
  ///
  /// - Throws: `JSONFault` if the bracket is not next or the nesting is too deep.
  public mutating func beginObject() throws(JSONFault) { try begin("{", "an object") }

  /// Reads the opening bracket of an array.
  ///
  /// - Throws: `JSONFault` if the bracket is not next or the nesting is too deep.
  public mutating func beginArray() throws(JSONFault) { try begin("[", "an array") }

  private mutating func begin(_ bracket: Unicode.Scalar, _ expected: String) throws(JSONFault) {
    skipSpace()
    guard peek(bracket) else { throw unexpected(expected) }
    guard depth < depthLimit else { throw fault(.nestedTooDeeply(limit: depthLimit), at: position) }
    depth += 1
    position += 1
  }

  /// Reads the next key and its colon; nil at the end of the object.
  ///
  /// - Throws: `JSONFault` if neither a key nor the end of the object is next.
  public mutating func nextKey(isFirst: Bool) throws(JSONFault) -> String? {
    guard try nextItem(isFirst: isFirst, closing: "}") else { return nil }
    skipSpace()
    keyOffset = position
    guard peek("\"") else { throw unexpected("a key in quotes") }
    let key = try string()
    skipSpace()
    try take(":", "\":\"")
    return key
  }

  /// Whether another element follows. If none follows, the end of the array has been read.
  ///
  /// - Throws: `JSONFault` if neither a comma nor the end of the array is next.
  public mutating func nextElement(isFirst: Bool) throws(JSONFault) -> Bool {
    try nextItem(isFirst: isFirst, closing: "]")
  }

  private mutating func nextItem(
    isFirst: Bool, closing: Unicode.Scalar
  ) throws(JSONFault) -> Bool {
    skipSpace()
    if peek(closing) {
      position += 1
      depth -= 1
      return false
    }
    if !isFirst { try take(",", "\",\" or \"\(closing)\"") }
    return true
  }

  /// Reads the white space after the outermost value. Other text is a fault.
  ///
  /// - Throws: `JSONFault` if other text follows.
  public mutating func end() throws(JSONFault) {
    skipSpace()
    if position < bytes.count { throw fault(.trailing, at: position) }
  }

  // MARK: Values

  /// Reads the next value as a whole.
  ///
  /// - Throws: `JSONFault` if the text is not JSON or this scanner refuses it.
  public mutating func value() throws(JSONFault) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try beginArray()
      while try nextElement(isFirst: elements.isEmpty) { elements.append(try value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case 0xEF where position == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]):
      throw fault(.byteOrderMark, at: 0)
    default: throw unexpected("a value")
    }
  }

  private mutating func object() throws(JSONFault) -> JSONObject {
    var object = JSONObject()
    var keys: Set<UTF8Key> = []
    try beginObject()
    while let key = try nextKey(isFirst: keys.isEmpty) {
      guard keys.insert(UTF8Key(key)).inserted else {
        throw fault(.duplicateKey(key), at: keyOffset)
      }
      object.append(key, try value())
    }
    return object
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw unexpected("a value") }
    position += word.utf8.count
    return value
  }

  /// Reads `null` if it is the next value.
  ///
  /// - Throws: `JSONFault` if the next value begins with "n" and is not `null`.
  public mutating func takesNull() throws(JSONFault) -> Bool {
    skipSpace()
    guard peek("n") else { return false }
    _ = try word("null", .null)
    return true
  }

  /// Reads the next value, which must be an integer.
  ///
  /// - Throws: `JSONFault` if the next value is not an integer of 64 bits.
  public mutating func integer() throws(JSONFault) -> Int {
    skipSpace()
    let start = position
    guard peek("-") || position < bytes.count && bytes[position].isDigit else {
      throw unexpected("an integer")
    }
    let value = try number()
    guard case .integer(let integer) = value else {
      throw fault(.wrongValue(found: value.kind, expected: "an integer"), at: start)
    }
    return integer
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = position
    while position < bytes.count, bytes[position].isPartOfNumber { position += 1 }
    guard position - start <= Self.numberLimit else {
      throw fault(.numberTooLong(limit: Self.numberLimit), at: start)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
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

  // MARK: Strings

  /// Reads the next value, which must be a string.
  ///
  /// - Throws: `JSONFault` if the next value is not a valid string.
  public mutating func string() throws(JSONFault) -> String {
    skipSpace()
    try take("\"", "a string")
    var text: [UInt8] = []
    var run = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        try append(bytes[run..<position], to: &text)
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try append(bytes[run..<position], to: &text)
        text.append(contentsOf: String(try escape()).utf8)
        run = position
      case let byte where byte < 0x20:
        throw fault(.controlCharacter(byte), at: position)
      default: position += 1
      }
    }
    throw unexpected("the closing quote")
  }

  private func append(_ run: ArraySlice<UInt8>, to text: inout [UInt8]) throws(JSONFault) {
    if let invalid = run.firstInvalidUTF8 { throw fault(.notUTF8, at: run.startIndex + invalid) }
    text.append(contentsOf: run)
  }

  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw unexpected("an escape") }
    let kind = bytes[position]
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try codeUnit(of: start)
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A low surrogate must follow a high surrogate (RFC 8259, section 7).
      guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else {
        throw fault(.loneSurrogate, at: start)
      }
      position += 2
      let second = try codeUnit(of: start)
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw fault(.loneSurrogate, at: start) }
      return scalar
    default: throw fault(.badEscape, at: start)
    }
  }

  private mutating func codeUnit(of escape: Int) throws(JSONFault) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw fault(.badEscape, at: escape) }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }

  // MARK: Bytes

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private func peek(_ scalar: Unicode.Scalar) -> Bool {
    position < bytes.count && UInt32(bytes[position]) == scalar.value
  }

  private mutating func take(_ scalar: Unicode.Scalar, _ expected: String) throws(JSONFault) {
    guard peek(scalar) else { throw unexpected(expected) }
    position += 1
  }

  private func unexpected(_ expected: String) -> JSONFault {
    guard position < bytes.count else { return fault(.endsEarly(expected: expected), at: position) }
    // Every code point has at most four bytes.
    if bytes[position...].prefix(4).firstInvalidUTF8 == 0 { return fault(.notUTF8, at: position) }
    return fault(.unexpected(byte: bytes[position], expected: expected), at: position)
  }
}

extension UInt8 {
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

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
