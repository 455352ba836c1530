/// Reads whole JSON texts: the grammar and the checks of `JSONScanner`, without duplicate keys.
public enum JSONReader {
  /// The deepest allowed nesting of arrays and objects.
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
