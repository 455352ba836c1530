public import Text

/// Writes JSON in its three layouts.
public struct JSONWriter {
  /// The layout of the text.
  public enum Layout: Sendable {
    /// RFC 8785: no white space, keys sorted by their UTF-16 code units, ECMAScript's numbers.
    case canonical
    /// No white space, keys in their order, numbers as Python's `json` writes them.
    case compact
    /// One member or element per line, two spaces per level; otherwise as `compact`.
    case indented
  }

  /// The treatment of numbers that are not finite. JSON has no such numbers.
  public enum NonFinite: Sendable {
    /// Throws `NonFiniteNumber`: such a value has no stable form for a fingerprint.
    case refused
    /// Writes `null`: a measurement of a diverged model keeps its row. Infinities and NaN are not
    /// distinguished; a row that must distinguish them needs another field.
    case null
  }

  private let layout: Layout
  private let nonFinite: NonFinite
  /// Whether characters that can act on a terminal are written as escapes.
  private let escapesHidden: Bool
  private(set) var bytes: [UInt8] = []

  init(_ layout: Layout, nonFinite: NonFinite, escapesHidden: Bool = false) {
    self.layout = layout
    self.nonFinite = nonFinite
    self.escapesHidden = escapesHidden
  }

  /// A value as text; `indented` ends with a line break.
  ///
  /// - Parameter escapesHidden: Whether the text is safe on a terminal: characters that
  ///   `visible(_:)` would escape are written as `\u` escapes and read back unchanged.
  /// - Precondition: Numbers are finite, or `nonFinite` is `.null`.
  public static func text(
    _ value: JSONValue, layout: Layout = .compact, nonFinite: NonFinite = .refused,
    escapesHidden: Bool = false
  ) -> String {
    var writer = JSONWriter(layout, nonFinite: nonFinite, escapesHidden: escapesHidden)
    do throws(NonFiniteNumber) {
      try writer.write(value)
    } catch {
      preconditionFailure("JSON: \(error.line)")
    }
    if layout == .indented { writer.append("\n") }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  mutating func write(_ value: JSONValue, level: Int = 0) throws(NonFiniteNumber) {
    switch value {
    case .null: append("null")
    case .boolean(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .unsigned(let value): append(String(value))
    case .number(let value):
      if value.isFinite {
        append(layout == .canonical ? value.canonicalText : value.description)
      } else if nonFinite == .null {
        append("null")
      } else {
        throw NonFiniteNumber(path: "", found: value.description)
      }
    case .string(let value): write(value)
    case .array(let values):
      append("[")
      for (index, value) in values.enumerated() {
        separate(isFirst: index == 0, level: level + 1)
        do throws(NonFiniteNumber) {
          try write(value, level: level + 1)
        } catch {
          throw error.inside("[\(index)]")
        }
      }
      close("]", isEmpty: values.isEmpty, level: level)
    case .object(let object):
      append("{")
      let members =
        layout == .canonical
        ? object.members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
        : object.members
      for (index, member) in members.enumerated() {
        separate(isFirst: index == 0, level: level + 1)
        write(member.key)
        append(layout == .indented ? ": " : ":")
        do throws(NonFiniteNumber) {
          try write(member.value, level: level + 1)
        } catch {
          throw error.inside(member.key)
        }
      }
      close("}", isEmpty: object.members.isEmpty, level: level)
    }
  }

  private mutating func separate(isFirst: Bool, level: Int) {
    if !isFirst { append(",") }
    if layout == .indented { breakLine(level) }
  }

  private mutating func close(_ bracket: String, isEmpty: Bool, level: Int) {
    if layout == .indented, !isEmpty { breakLine(level) }
    append(bracket)
  }

  private mutating func breakLine(_ level: Int) {
    append("\n" + String(repeating: "  ", count: level))
  }

  /// A string literal with the escapes that JSON requires, in their short forms.
  private mutating func write(_ text: String) {
    append("\"")
    if escapesHidden, visible(text) != text {
      for scalar in text.unicodeScalars { writeHarmless(scalar) }
    } else {
      writePlain(text.utf8)
    }
    append("\"")
  }

  private mutating func writeHarmless(_ scalar: Unicode.Scalar) {
    let text = String(Character(scalar))
    if scalar == "\r" || visible(text) == text { return writePlain(text.utf8) }
    for unit in text.utf16 {
      let digits = String(unit, radix: 16)
      append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
  }

  private mutating func writePlain(_ text: String.UTF8View) {
    for byte in text {
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
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

/// A number that is not finite in a value that must have a stable form.
public struct NonFiniteNumber: DescribedError, Hashable {
  /// The path of keys to the number, such as `optimizer.learningRates[2]`.
  public var path: String
  /// `nan`, `inf` or `-inf`.
  public var found: String

  public var line: String {
    "\(path.isEmpty ? "the value" : path): \(found) is not a finite number and has no stable form"
  }
  public var exitCode: SystemExit { .internalFault }

  fileprivate func inside(_ key: String) -> Self {
    let separator = path.isEmpty || path.hasPrefix("[") ? "" : "."
    return NonFiniteNumber(path: key + separator + path, found: found)
  }
}
