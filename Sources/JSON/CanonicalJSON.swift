public import Foundation

/// Canonical JSON, in which equal values have equal bytes: RFC 8785 (JSON Canonicalization Scheme).
///
/// Keys are sorted by their UTF-16 code units, there is no white space, and numbers have
/// ECMAScript's shortest form, so 3.0 and 3 have the same text and -0 is 0. There is one difference
/// from the RFC: integers are written exactly, and not as the nearest double. Members that are nil
/// are left out; nil in an array is null.
public enum CanonicalJSON {
  /// The JSON value to which `value` is encoded.
  ///
  /// - Throws: `EncodingError`, and what the value throws.
  public static func value(of value: some Encodable) throws -> JSONValue {
    if let value = value as? JSONValue { return value }
    let root = EncodedSlot()
    try value.encode(to: ValueEncoder(slot: root, codingPath: []))
    return root.value
  }

  /// The canonical UTF-8 bytes, without a line break.
  ///
  /// - Throws: `NonFiniteNumber` if `nonFinite` is `.refused`, `EncodingError`, and what the value
  ///   throws.
  public static func data(of value: some Encodable, nonFinite: JSONWriter.NonFinite = .refused)
    throws -> Data
  {
    try data(of: Self.value(of: value), nonFinite: nonFinite)
  }

  /// The canonical UTF-8 bytes, without a line break.
  ///
  /// - Throws: `NonFiniteNumber` if `nonFinite` is `.refused`.
  public static func data(of value: JSONValue, nonFinite: JSONWriter.NonFinite = .refused) throws
    -> Data
  {
    var writer = JSONWriter(.canonical, nonFinite: nonFinite)
    try writer.write(value)
    return Data(writer.bytes)
  }
}

extension Double {
  /// The shortest decimal text that reads back as this finite number, in the format of ECMAScript's
  /// `Number::toString`: 1e21, 0.000001, 1e-7, and 0 for both zeros.
  public var canonicalText: String {
    if self == 0 { return "0" }
    // Swift's description has the shortest digits too, but other limits for the exponent form.
    let parts = magnitude.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = mantissa[0] + (mantissa.count > 1 ? mantissa[1] : "")
    // The value is 0.digits * 10^point.
    var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.hasPrefix("0") {
      digits.removeFirst()
      point -= 1
    }
    while digits.hasSuffix("0") { digits.removeLast() }
    let count = digits.count
    let text: String
    if count <= point && point <= 21 {
      text = digits + String(repeating: "0", count: point - count)
    } else if 0 < point && point <= 21 {
      text = digits.prefix(point) + "." + digits.dropFirst(point)
    } else if -6 < point && point <= 0 {
      text = "0." + String(repeating: "0", count: -point) + digits
    } else {
      let exponent = point - 1
      text =
        digits.prefix(1) + (count > 1 ? "." + digits.dropFirst() : "")
        + "e" + (exponent < 0 ? "-" : "+") + String(exponent.magnitude)
    }
    return (self < 0 ? "-" : "") + text
  }
}
