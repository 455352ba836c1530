public import Foundation

/// JSON in the one form that equal values share: RFC 8785 (JSON Canonicalization Scheme).
///
/// Keys are sorted by their UTF-16 code units, there is no white space, and numbers have
/// ECMAScript's shortest form, so that 3.0 and 3 are written alike and -0 is 0. One departure:
/// integers are written exactly, and not as the nearest double. Members that are nil are left out;
/// nil in an array is null.
public enum CanonicalJSON {
  /// What becomes of a number that JSON cannot write.
  public enum NonFinite: Sendable {
    /// An error: such a value has no stable form to take a fingerprint of.
    case refused
    /// `null`: a measurement that diverged stays a row. Infinities and NaN are not told apart; a
    /// row that must tell them carries a field that says so.
    case null
  }

  /// The value that `value` encodes itself as.
  public static func value(of value: some Encodable) throws -> JSONValue {
    if let value = value as? JSONValue { return value }
    let root = EncodedSlot()
    try value.encode(to: ValueEncoder(slot: root, codingPath: []))
    return root.value
  }

  /// The canonical UTF-8 bytes, without a line break.
  public static func data(of value: some Encodable, nonFinite: NonFinite = .refused) throws -> Data
  {
    try data(of: Self.value(of: value), nonFinite: nonFinite)
  }

  /// The canonical UTF-8 bytes, without a line break.
  public static func data(of value: JSONValue, nonFinite: NonFinite = .refused) throws -> Data {
    var writer = CanonicalWriter(nonFinite: nonFinite)
    try writer.write(value)
    return Data(writer.bytes)
  }
}

/// A number that is not finite where the value must have a stable form.
public struct NonFiniteNumber: DescribedError, Hashable {
  /// Where it stands, such as `optimizer.learningRates[2]`.
  public var path: String
  /// `nan`, `inf` or `-inf`.
  public var found: String

  public var line: String {
    "\(path.isEmpty ? "the value" : path): \(found) is not a finite number and has no stable form"
  }
  public var exitCode: SystemExit { .internalFault }
}

private struct CanonicalWriter {
  let nonFinite: CanonicalJSON.NonFinite
  var bytes: [UInt8] = []
  private var path: [String] = []

  init(nonFinite: CanonicalJSON.NonFinite) { self.nonFinite = nonFinite }

  mutating func write(_ value: JSONValue) throws {
    switch value {
    case .null: append("null")
    case .boolean(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .unsigned(let value): append(String(value))
    case .number(let value): try write(value)
    case .string(let value): write(value)
    case .array(let values):
      append("[")
      for (index, value) in values.enumerated() {
        if index > 0 { append(",") }
        path.append("[\(index)]")
        try write(value)
        path.removeLast()
      }
      append("]")
    case .object(let object):
      append("{")
      let members = object.members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
      for (index, member) in members.enumerated() {
        if index > 0 { append(",") }
        write(member.key)
        append(":")
        path.append((path.isEmpty ? "" : ".") + member.key)
        try write(member.value)
        path.removeLast()
      }
      append("}")
    }
  }

  private mutating func write(_ number: Double) throws {
    if number.isFinite {
      append(number.canonicalText)
    } else {
      guard nonFinite == .null else {
        throw NonFiniteNumber(path: path.joined(), found: number.description)
      }
      append("null")
    }
  }

  private mutating func write(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20: append("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension Double {
  /// The shortest decimal form that reads back as this finite number, laid out as ECMAScript's
  /// `Number::toString` does: 1e21, 0.000001, 1e-7, and 0 for both zeros.
  var canonicalText: String {
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
