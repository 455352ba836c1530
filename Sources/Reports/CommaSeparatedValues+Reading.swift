extension CommaSeparatedValues {
  /// The rows of a text after RFC 4180. Lines end in CRLF or LF, a byte-order mark is skipped, and the
  /// line break after the last row makes no row.
  public static func rows(of text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var bytes = Array(text.utf8)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    let (quote, comma, lineFeed, carriageReturn) = (
      UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")
    )
    func endField() {
      row.append(String(decoding: field, as: UTF8.self))
      field = []
    }
    func endRow() {
      endField()
      rows.append(row)
      row = []
    }
    while let byte = bytes.popFirst() {
      switch byte {
      case quote where isQuoted && bytes.first == quote:
        bytes.removeFirst()
        field.append(quote)
      case quote where isQuoted || field.isEmpty: isQuoted.toggle()
      case comma where !isQuoted: endField()
      case carriageReturn where !isQuoted && bytes.first == lineFeed: break
      case lineFeed where !isQuoted: endRow()
      default: field.append(byte)
      }
    }
    if !field.isEmpty || !row.isEmpty { endRow() }
    return rows
  }
}
