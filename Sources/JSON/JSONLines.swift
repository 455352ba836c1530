import Files
public import Foundation
public import Text

/// A problem in a data file of JSON lines: the file, the row, the problem and the remedy.
public struct JSONLinesFault: DescribedError, Hashable {
  /// The problem in a row or in the whole file.
  public enum Problem: Hashable, Sendable {
    case fileTooLarge(limit: Int)
    case rowTooLong(limit: Int)
    case blankRow
    case notAnObject
    case json(JSONFault)
  }

  /// The file as the user named it.
  public var file: String
  /// The row, counted from 1; nil for a problem of the whole file.
  public var row: Int?
  public var problem: Problem

  public init(file: String, row: Int?, problem: Problem) {
    self.file = file
    self.row = row
    self.problem = problem
  }

  public var line: String {
    let what =
      switch problem {
      case .fileTooLarge(let limit): "larger than \(limit) bytes; split it or keep fewer rows"
      case .rowTooLong(let limit): "longer than \(limit) bytes; is a line break missing?"
      case .blankRow: "blank; remove the line"
      case .notAnObject: "not an object; write {\"key\": value, ...} on each line"
      case .json(let fault): fault.line
      }
    return file.printable(limit: 400) + (row.map { ":\($0)" } ?? "") + ": " + what
  }

  public var exitCode: SystemExit { .badInput }
}

/// Reading and writing of JSON lines: one object per line, UTF-8.
public enum JSONLines {
  /// One row of a data file.
  public struct Row: Sendable {
    /// The file as the user named it.
    public let file: String
    /// Counted from 1.
    public let number: Int
    public let object: JSONObject

    /// The string of a required key. Throws `JSONLinesFault`.
    public func string(_ key: String) throws -> String {
      try read { fields throws(JSONFault) in try fields.string(key) }
    }

    /// The integer of a required key. Throws `JSONLinesFault`.
    public func integer(_ key: String) throws -> Int {
      try read { fields throws(JSONFault) in try fields.integer(key) }
    }

    /// The number of a required key. Throws `JSONLinesFault`.
    public func number(_ key: String) throws -> Double {
      try read { fields throws(JSONFault) in try fields.number(key) }
    }

    /// Reads members of the row. A fault in them becomes a fault that names the file and the row.
    ///
    /// - Throws: `JSONLinesFault` for a `JSONFault` that `body` throws.
    public func read<Value>(
      _ body: (JSONFields) throws(JSONFault) -> Value
    ) throws(JSONLinesFault) -> Value {
      do throws(JSONFault) {
        return try body(JSONFields(object))
      } catch {
        throw JSONLinesFault(file: file, row: number, problem: .json(error))
      }
    }
  }

  /// Reads a file row by row, without keeping rows in memory.
  ///
  /// - Parameters:
  ///   - path: The path of the file. Errors name it in this form.
  ///   - limit: The largest allowed size of the file in bytes.
  ///   - rowLimit: The largest allowed size of a row in bytes.
  /// - Throws: `JSONLinesFault`, `FileError`, and what `body` throws.
  public static func read(
    _ path: String, limit: Int = 1 << 30, rowLimit: Int = 1 << 24,
    _ body: (Row) throws -> Void
  ) throws {
    var rest: [UInt8] = []
    var row = 0
    var size = 0
    try InputFile(path).readPieces { piece in
      size += piece.count
      guard size <= limit else {
        throw JSONLinesFault(file: path, row: nil, problem: .fileTooLarge(limit: limit))
      }
      var piece = piece[...]
      while let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
        rest.append(contentsOf: piece[..<end])
        piece = piece[(end + 1)...]
        row += 1
        try body(parse(rest, path, row, rowLimit))
        rest.removeAll(keepingCapacity: true)
      }
      rest.append(contentsOf: piece)
      guard rest.count <= rowLimit else {
        throw JSONLinesFault(file: path, row: row + 1, problem: .rowTooLong(limit: rowLimit))
      }
    }
    if !rest.isEmpty { try body(parse(rest, path, row + 1, rowLimit)) }
  }

  private static func parse(
    _ bytes: [UInt8], _ path: String, _ row: Int, _ limit: Int
  ) throws -> Row {
    func fault(_ problem: JSONLinesFault.Problem) -> JSONLinesFault {
      JSONLinesFault(file: path, row: row, problem: problem)
    }
    guard bytes.count <= limit else { throw fault(.rowTooLong(limit: limit)) }
    guard bytes.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else {
      throw fault(.blankRow)
    }
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.value(of: bytes)
    } catch {
      throw fault(.json(error))
    }
    guard let object = value.object else { throw fault(.notAnObject) }
    return Row(file: path, number: row, object: object)
  }

  /// One line with its line break, in canonical JSON: equal rows have equal bytes.
  ///
  /// A number that is not finite (the loss of a run that diverged) is written as null.
  ///
  /// - Throws: `EncodingError`, and what a value throws.
  public static func line(_ value: some Encodable) throws -> Data {
    try CanonicalJSON.data(of: value, nonFinite: .null) + [UInt8(ascii: "\n")]
  }

  /// The text of `line(_:)` for a terminal or another program: characters that can act on a terminal
  /// are `\u` escapes and read back unchanged.
  ///
  /// - Throws: `EncodingError`, and what the value throws.
  public static func visibleLine(_ value: some Encodable) throws -> String {
    JSONWriter.text(
      try CanonicalJSON.value(of: value), layout: .canonical, nonFinite: .null, escapesHidden: true)
      + "\n"
  }

  /// The lines of many rows.
  ///
  /// - Throws: `EncodingError`, and what a value throws.
  public static func lines(_ values: some Sequence<some Encodable>) throws -> Data {
    var data = Data()
    for value in values { data.append(try line(value)) }
    return data
  }
}
