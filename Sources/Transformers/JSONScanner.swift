/// Steps through JSON byte by byte, so that a reader of a large file need not hold it as a tree.
///
/// After a failure the scanner must not be used again.
struct JSONScanner {
  private let bytes: [UInt8]
  private let file: String
  private let fileOffset: Int
  private let depthLimit: Int
  private var depth = 0
  /// The offset of the next byte.
  private(set) var position: Int
  /// Where the latest key begins.
  private(set) var keyOffset = 0

  /// No double needs more than 767 significant digits to be read exactly.
  private static let numberLimit = 1024

  /// - Parameters:
  ///   - file: the name that error messages use.
  ///   - fileOffset: where in that file `bytes` begin.
  init(_ bytes: [UInt8], file: String, fileOffset: Int = 0, depthLimit: Int) {
    self.bytes = bytes
    self.file = file
    self.fileOffset = fileOffset
    self.depthLimit = depthLimit
    position = 0
  }

  // MARK: Structure

  mutating func beginObject() throws(CheckpointError) { try begin("{", "an object") }

  mutating func beginArray() throws(CheckpointError) { try begin("[", "an array") }

  private mutating func begin(
    _ bracket: Unicode.Scalar, _ expected: String
  ) throws(CheckpointError) {
    skipWhiteSpace()
    let start = position
    try take(bracket, expected)
    depth += 1
    if depth > depthLimit {
      throw failure(at: start, .tooDeep(limit: depthLimit))
    }
  }

  /// The key of the next member, past its colon; nil past the end of the object.
  mutating func nextKey(isFirst: Bool) throws(CheckpointError) -> String? {
    guard try nextItem(isFirst: isFirst, closing: "}") else { return nil }
    skipWhiteSpace()
    keyOffset = position
    let key = try string()
    skipWhiteSpace()
    try take(":", "':'")
    return key
  }

  /// Whether another element follows; if none does, the scanner stands past the end of the array.
  mutating func nextElement(isFirst: Bool) throws(CheckpointError) -> Bool {
    try nextItem(isFirst: isFirst, closing: "]")
  }

  private mutating func nextItem(
    isFirst: Bool, closing: Unicode.Scalar
  ) throws(CheckpointError) -> Bool {
    skipWhiteSpace()
    if peek(closing) {
      position += 1
      depth -= 1
      return false
    }
    if !isFirst { try take(",", "',' or '\(closing)'") }
    return true
  }

  /// Takes the white space that may follow the outermost value, and nothing else.
  mutating func end() throws(CheckpointError) {
    skipWhiteSpace()
    if position < bytes.count { throw unexpected("the end") }
  }

  // MARK: Values

  mutating func value() throws(CheckpointError) -> StrictJSON.Value {
    skipWhiteSpace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["):
      var elements: [StrictJSON.Value] = []
      try beginArray()
      while try nextElement(isFirst: elements.isEmpty) { elements.append(try value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case 0xEF where position == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]):
      throw failure(at: 0, .byteOrderMark)
    default: throw unexpected("a value")
    }
  }

  private mutating func object() throws(CheckpointError) -> StrictJSON.Object {
    var members: [StrictJSON.Object.Member] = []
    var seen: Set<UTF8Key> = []
    try beginObject()
    while let key = try nextKey(isFirst: members.isEmpty) {
      guard seen.insert(UTF8Key(key)).inserted else {
        throw failure(at: keyOffset, .duplicateKey(key))
      }
      members.append(StrictJSON.Object.Member(key: key, value: try value()))
    }
    return StrictJSON.Object(members)
  }

  private mutating func word(
    _ word: StaticString, _ value: StrictJSON.Value
  ) throws(CheckpointError) -> StrictJSON.Value {
    for index in 0..<word.utf8CodeUnitCount {
      guard position < bytes.count, bytes[position] == word.utf8Start[index] else {
        throw unexpected("\(word)")
      }
      position += 1
    }
    return value
  }

  /// Takes `null` if that comes next.
  mutating func takesNull() throws(CheckpointError) -> Bool {
    skipWhiteSpace()
    guard peek("n") else { return false }
    _ = try word("null", .null)
    return true
  }

  /// The next value, which must be an integer.
  mutating func integer() throws(CheckpointError) -> Int {
    skipWhiteSpace()
    let start = position
    guard peek("-") || position < bytes.count && Self.isDigit(bytes[position]) else {
      throw unexpected("an integer")
    }
    guard case .integer(let integer) = try number() else {
      throw failure(at: start, .notInteger)
    }
    return integer
  }

  private mutating func number() throws(CheckpointError) -> StrictJSON.Value {
    let start = position
    var isInteger = true
    if peek("-") { position += 1 }
    if peek("0") {
      position += 1
      if position < bytes.count, Self.isDigit(bytes[position]) {
        throw failure(at: start, .leadingZero)
      }
    } else {
      try digits()
    }
    if peek(".") {
      isInteger = false
      position += 1
      try digits()
    }
    if peek("e") || peek("E") {
      isInteger = false
      position += 1
      if peek("+") || peek("-") { position += 1 }
      try digits()
    }
    guard position - start <= Self.numberLimit else {
      throw failure(at: start, .numberTooLong(limit: Self.numberLimit))
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, text != "-0", let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      throw failure(at: start, .numberTooLarge)
    }
    return .number(number)
  }

  private mutating func digits() throws(CheckpointError) {
    guard position < bytes.count, Self.isDigit(bytes[position]) else { throw unexpected("a digit") }
    while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
  }

  // MARK: Strings

  /// The next value, which must be a string.
  mutating func string() throws(CheckpointError) -> String {
    skipWhiteSpace()
    let start = position
    try take("\"", "a string")
    var unescaped: [UInt8]?
    var run = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let text: String?
        if var whole = unescaped {
          whole += bytes[run..<position]
          text = String(validating: whole, as: UTF8.self)
        } else {
          text = String(validating: bytes[run..<position], as: UTF8.self)
        }
        guard let text else { throw failure(at: start, .invalidUTF8) }
        position += 1
        return text
      case UInt8(ascii: "\\"):
        var whole = unescaped ?? []
        unescaped = nil
        whole += bytes[run..<position]
        if let encoded = UTF8.encode(try escape()) { whole += encoded }
        unescaped = whole
        run = position
      case let byte where byte < 0x20:
        throw failure(at: position, .controlCharacter(byte))
      default: position += 1
      }
    }
    throw unexpected("'\"'")
  }

  private mutating func escape() throws(CheckpointError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw unexpected("an escape") }
    let kind = bytes[position]
    position += 1
    switch kind {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try codeUnit()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A high surrogate takes the low one that must follow it (RFC 8259, section 7).
      guard first < 0xDC00, peek("\\"), position + 1 < bytes.count,
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw failure(at: start, .loneSurrogate) }
      position += 2
      let second = try codeUnit()
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw failure(at: start, .loneSurrogate) }
      return scalar
    default: throw failure(at: start, .invalidEscape)
    }
  }

  private mutating func codeUnit() throws(CheckpointError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else { throw unexpected("a hexadecimal digit") }
      let byte = bytes[position]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw unexpected("a hexadecimal digit")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }

  // MARK: Bytes

  private mutating func skipWhiteSpace() {
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

  private mutating func take(
    _ scalar: Unicode.Scalar, _ expected: String
  ) throws(CheckpointError) {
    guard peek(scalar) else { throw unexpected(expected) }
    position += 1
  }

  private func unexpected(_ expected: String) -> CheckpointError {
    guard position < bytes.count else {
      return failure(at: position, .unexpectedEnd(expected: expected))
    }
    return failure(at: position, .unexpectedByte(bytes[position], expected: expected))
  }

  /// A failure at an offset into the scanned bytes.
  func failure(at offset: Int, _ problem: StrictJSON.Problem) -> CheckpointError {
    CheckpointError(file: file, place: .byte(fileOffset + offset), .json(problem))
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
