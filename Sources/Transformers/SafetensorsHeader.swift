import JSON
import Text

/// The checked header of a safetensors file: the tensors and the ranges of their bytes.
///
/// Layout: 8 bytes little-endian length N, N bytes of JSON, the tensors' bytes. The rules are those
/// of the format's specification with its audit (Trail of Bits 2023), applied strictly: no
/// duplicate names, no unknown keys, and tensors that cover the data without gaps and overlaps. So
/// a file cannot contain hidden data or data that is read twice. Tensors without elements may share
/// an offset.
struct SafetensorsHeader {
  /// A tensor as the header describes it.
  struct Entry: Equatable {
    var name: String
    var elementType: ElementType
    var shape: [Int]
    /// Bytes of the data part, which begins after the header.
    var bytes: Range<Int>
    /// The product of the shape.
    var count: Int
  }

  enum ElementType: String {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    var byteCount: Int { self == .float32 ? 4 : 2 }
  }

  /// The longest header that the format allows.
  static let lengthLimit = 100_000_000

  /// In the order of their bytes.
  let entries: [Entry]
  /// `__metadata__`, empty if it is `null` or missing.
  let metadata: [String: String]

  /// The length of the header, from the file's first 8 bytes and its size.
  static func length(
    of prefix: [UInt8], fileByteCount: Int, file: String
  ) throws(CheckpointError) -> Int {
    guard prefix.count >= 8, fileByteCount >= 8 else {
      throw CheckpointError(file: file, .tooShort(bytes: fileByteCount))
    }
    let length = prefix[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let count = Int(exactly: length), count <= lengthLimit else {
      throw CheckpointError(
        file: file, place: .byte(0), .headerTooLong(length, limit: lengthLimit))
    }
    guard count <= fileByteCount - 8 else {
      throw CheckpointError(
        file: file, place: .byte(0), .headerPastEnd(length, available: fileByteCount - 8))
    }
    return count
  }

  /// Reads the JSON part.
  ///
  /// - Parameters:
  ///   - json: the header's bytes with their padding.
  ///   - dataByteCount: the number of bytes after the header.
  ///   - file: the name for error messages; byte offsets in them count from the file's start.
  init(json: [UInt8], dataByteCount: Int, file: String) throws(CheckpointError) {
    guard json.first == UInt8(ascii: "{") else {
      throw CheckpointError(file: file, place: .byte(8), .headerStart(json.first))
    }
    var parser = SafetensorsHeaderParser(json, file: file)
    do {
      try parser.parse()
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(
        file: file,
        (error as? JSONFault).map { .json($0) } ?? .unreadable(reason: "\(error)"))
    }
    metadata = parser.metadata
    entries = parser.entries.sorted {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = 0
    for entry in entries {
      let begin = entry.bytes.lowerBound
      guard begin == end else {
        throw CheckpointError(
          file: file, place: .tensor(entry.name),
          begin > end
            ? .hole(from: end, to: begin) : .overlap(begins: begin, previousEnd: end))
      }
      end = entry.bytes.upperBound
    }
    guard end == dataByteCount else {
      throw CheckpointError(file: file, .bodySize(tensors: end, file: dataByteCount))
    }
  }
}

/// A parser that reads the header's JSON without building a tree, because it may be 100 MB of any
/// content.
private struct SafetensorsHeaderParser {
  /// Limits of this reader, far above any model, so that a header needs little more memory than its
  /// bytes.
  private static let tensorLimit = 100_000
  private static let metadataLimit = 10_000
  private static let dimensionLimit = 32

  private let json: [UInt8]
  private let file: String
  private var scanner: JSONScanner
  var entries: [SafetensorsHeader.Entry] = []
  var metadata: [String: String] = [:]

  init(_ json: [UInt8], file: String) {
    self.json = json
    self.file = file
    // Header, tensor, list.
    scanner = JSONScanner(json, origin: 8, depthLimit: 3)
  }

  mutating func parse() throws {
    try scanner.beginObject()
    var names: Set<UTF8Key> = []
    while let name = try scanner.nextKey(isFirst: names.isEmpty) {
      guard names.insert(UTF8Key(name)).inserted else {
        throw CheckpointError(file: file, place: .tensor(name), .duplicateTensor)
      }
      if name == "__metadata__" {
        try parseMetadata()
      } else {
        guard entries.count < Self.tensorLimit else {
          throw CheckpointError(file: file, .tooMany("tensors", limit: Self.tensorLimit))
        }
        entries.append(try entry(name))
      }
    }
    if let padding = json[scanner.position...].firstIndex(where: { $0 != 0x20 }) {
      throw CheckpointError(file: file, place: .byte(padding + 8), .headerPadding(json[padding]))
    }
  }

  /// String to string; published files also have `null`.
  private mutating func parseMetadata() throws {
    if try scanner.takesNull() { return }
    try scanner.beginObject()
    while let key = try scanner.nextKey(isFirst: metadata.isEmpty) {
      let value = try scanner.string()
      // Swift's dictionary keys are equal if they are canonically equivalent, which is not the
      // meaning of the file.
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw scanner.fault(.duplicateKey(key), at: scanner.keyOffset)
      }
      guard metadata.count <= Self.metadataLimit else {
        throw CheckpointError(
          file: file, place: .field("__metadata__"), .tooMany("keys", limit: Self.metadataLimit))
      }
    }
  }

  private mutating func entry(_ name: String) throws -> SafetensorsHeader.Entry {
    var elementType: String?
    var shape: [Int]?
    var offsets: [Int]?
    var isFirst = true
    try scanner.beginObject()
    while let key = try scanner.nextKey(isFirst: isFirst) {
      isFirst = false
      switch key {
      case "dtype" where elementType == nil: elementType = try scanner.string()
      case "shape" where shape == nil: shape = try naturals("\(name).shape")
      case "data_offsets" where offsets == nil: offsets = try naturals("\(name).data_offsets")
      case "dtype", "shape", "data_offsets":
        throw scanner.fault(.duplicateKey(key), at: scanner.keyOffset)
      default: throw JSONFault(.unknownKey, at: .field("\(name).\(key)"))
      }
    }
    return try entry(
      name, elementType: require(elementType, "\(name).dtype", "a string"),
      shape: require(shape, "\(name).shape", "an array"),
      offsets: require(offsets, "\(name).data_offsets", "an array"))
  }

  private func entry(
    _ name: String, elementType typeName: String, shape: [Int], offsets: [Int]
  ) throws(CheckpointError) -> SafetensorsHeader.Entry {
    func fail(_ problem: CheckpointError.Problem) -> CheckpointError {
      CheckpointError(file: file, place: .tensor(name), problem)
    }
    guard let elementType = SafetensorsHeader.ElementType(rawValue: typeName) else {
      throw fail(.unknownElementType(typeName))
    }
    guard offsets.count == 2 else { throw fail(.offsetCount(offsets.count)) }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end else { throw fail(.offsetsReversed(begin, end)) }
    guard let count = Self.product(shape),
      let needed = Self.product([count, elementType.byteCount])
    else { throw fail(.sizeOverflow(shape)) }
    guard needed == end - begin else {
      throw fail(
        .sizeMismatch(shape: shape, elementType: typeName, needed: needed, held: end - begin))
    }
    return SafetensorsHeader.Entry(
      name: name, elementType: elementType, shape: shape, bytes: begin..<end, count: count)
  }

  private func require<Value>(
    _ value: Value?, _ key: String, _ expected: String
  ) throws(JSONFault) -> Value {
    guard let value else { throw JSONFault(.missing(expected: expected), at: .field(key)) }
    return value
  }

  /// A list of integers that are not negative.
  private mutating func naturals(_ key: String) throws -> [Int] {
    var naturals: [Int] = []
    try scanner.beginArray()
    while try scanner.nextElement(isFirst: naturals.isEmpty) {
      guard naturals.count < Self.dimensionLimit else {
        throw CheckpointError(
          file: file, place: .field(key), .tooMany("numbers", limit: Self.dimensionLimit))
      }
      let natural = try scanner.integer()
      guard natural >= 0 else {
        throw CheckpointError(
          file: file, place: .field("\(key)[\(naturals.count)]"), .negative(natural))
      }
      naturals.append(natural)
    }
    return naturals
  }

  /// The product, checked for overflow at every step, also if a later factor is 0.
  private static func product(_ factors: [Int]) -> Int? {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = next
    }
    return product
  }
}
