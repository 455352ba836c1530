/// Reads whole JSON texts: the grammar and the refusals of `JSONScanner`, and no duplicate keys.
public enum JSONReader {
  /// How deep arrays and objects may nest.
  public static let depthLimit = 64

  /// Reads a text that is one JSON value. Throws `JSONFault`.
  public static func value(
    of bytes: some Sequence<UInt8>, depthLimit: Int = depthLimit
  ) throws(JSONFault) -> JSONValue {
    var scanner = JSONScanner(Array(bytes), depthLimit: depthLimit)
    let value = try scanner.value()
    try scanner.end()
    return value
  }
}
