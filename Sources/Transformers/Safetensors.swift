public import Foundation
import JSON
import Text

/// A tensor in host memory with its name in a file.
public struct NamedTensor: Equatable, Sendable {
  public var name: String
  /// Empty for a single number.
  public var shape: [Int]
  /// The values, row-major; their number is the product of the shape.
  public var values: [Float]

  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// Reading and writing of safetensors, a file format for weights that contains no code.
public enum Safetensors {
  /// The file's bytes, with tensors in the given order. The same arguments give the same bytes.
  ///
  /// For tensors in the order of their names the bytes are those that the format's own library
  /// writes. The JSON is padded with spaces so that the data begins at a multiple of 8.
  ///
  /// - Precondition: names differ, none is `__metadata__`, and each tensor has as many values as its
  ///   shape says.
  public static func encode(_ tensors: [NamedTensor], metadata: [String: String] = [:]) -> Data {
    var header = "{"
    if !metadata.isEmpty {
      let members = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      header += "\"__metadata__\":"
      header += JSONWriter.text(.object(JSONObject(members.map { ($0.key, .string($0.value)) })))
    }
    var names: Set = [UTF8Key("__metadata__")]
    var end = 0
    for tensor in tensors {
      precondition(
        tensor.values.count == tensor.shape.reduce(1, *),
        "safetensors: \(tensor.name) has \(tensor.values.count) values for shape \(tensor.shape)")
      precondition(
        names.insert(UTF8Key(tensor.name)).inserted, "safetensors: \(tensor.name) is taken")
      if header.utf8.count > 1 { header += "," }
      header += JSONWriter.text(.string(tensor.name))
      let begin = end
      end += 4 * tensor.values.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      header += ":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
    }
    header += "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let length = header.utf8.count

    var data = Data(capacity: 8 + length + end)
    data.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
    data.append(contentsOf: header.utf8)
    for tensor in tensors {
      #if _endian(little)
        tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
      #else
        let bits = tensor.values.map(\.bitPattern.littleEndian)
        bits.withUnsafeBytes { data.append(contentsOf: $0) }
      #endif
    }
    return data
  }

  /// The tensors of a file in memory, in the order of their bytes.
  ///
  /// F16 and BF16 become `Float` exactly. Values that are not finite are accepted.
  ///
  /// - Parameter file: the name that error messages use.
  /// - Throws: `CheckpointError` if the bytes are not a valid file.
  public static func decode(
    _ data: Data, file: String
  ) throws(CheckpointError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    try decode(SafetensorsBytes(data: data, name: file))
  }

  /// The tensors of a file, in the order of their bytes, read directly into their arrays.
  ///
  /// - Parameter name: the name that error messages use; nil uses the path.
  /// - Throws: `CheckpointError` if the file cannot be read or is not valid.
  public static func read(
    _ url: URL, name: String? = nil
  ) throws(CheckpointError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    try decode(try CheckpointFile(url, name: name ?? url.path))
  }

  private static func decode(
    _ source: some SafetensorsSource
  ) throws(CheckpointError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    let (header, dataOffset) = try header(of: source)
    var tensors: [NamedTensor] = []
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries {
      tensors.append(try tensor(entry, dataOffset: dataOffset, from: source))
    }
    return (tensors, header.metadata)
  }

  /// The checked header and the offset of the data.
  static func header(
    of source: some SafetensorsSource
  ) throws(CheckpointError) -> (header: SafetensorsHeader, dataOffset: Int) {
    let prefix = try source.bytes(at: 0, count: min(64, source.byteCount))
    if GitLFS.isPointer(prefix) { throw CheckpointError(file: source.name, .pointer) }
    let length = try SafetensorsHeader.length(
      of: prefix, fileByteCount: source.byteCount, file: source.name)
    let header = try SafetensorsHeader(
      json: try source.bytes(at: 8, count: length),
      dataByteCount: source.byteCount - 8 - length, file: source.name)
    return (header, 8 + length)
  }

  /// One tensor's values.
  static func tensor(
    _ entry: SafetensorsHeader.Entry, dataOffset: Int, from source: some SafetensorsSource
  ) throws(CheckpointError) -> NamedTensor {
    let offset = dataOffset + entry.bytes.lowerBound
    let values: [Float] =
      switch entry.elementType {
      case .float32: try float32(entry.count, at: offset, from: source)
      case .float16:
        try source.numbers(UInt16.self, at: offset, count: entry.count).map {
          Float(Float16(bitPattern: UInt16(littleEndian: $0)))
        }
      case .bfloat16:
        try source.numbers(UInt16.self, at: offset, count: entry.count).map {
          Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)
        }
      }
    return NamedTensor(name: entry.name, shape: entry.shape, values: values)
  }

  private static func float32(
    _ count: Int, at offset: Int, from source: some SafetensorsSource
  ) throws(CheckpointError) -> [Float] {
    #if _endian(little)
      return try source.numbers(Float.self, at: offset, count: count)
    #else
      return try source.numbers(UInt32.self, at: offset, count: count).map {
        Float(bitPattern: UInt32(littleEndian: $0))
      }
    #endif
  }
}

/// A source of the bytes of a safetensors file.
protocol SafetensorsSource {
  /// The name that error messages use.
  var name: String { get }
  var byteCount: Int { get }
  /// Fills `buffer` with the bytes from `offset` on, which must all be inside `byteCount`.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError)
}

private struct SafetensorsBytes: SafetensorsSource {
  let data: Data
  let name: String
  var byteCount: Int { data.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    let start = data.startIndex + offset
    data.copyBytes(to: buffer, from: start..<start + buffer.count)
  }
}

extension SafetensorsSource {
  fileprivate func bytes(at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    try numbers(UInt8.self, at: offset, count: count)
  }

  /// Numbers from the file, little-endian.
  fileprivate func numbers<Number: Numeric>(
    _ type: Number.Type, at offset: Int, count: Int
  ) throws(CheckpointError) -> [Number] {
    var numbers = [Number](repeating: 0, count: count)
    try numbers.withUnsafeMutableBufferPointer { buffer throws(CheckpointError) in
      try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return numbers
  }
}
