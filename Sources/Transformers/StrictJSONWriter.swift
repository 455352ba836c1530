extension StrictJSON {
  /// How a document is laid out.
  public enum Layout: Sendable {
    /// Without white space.
    case compact
    /// A member or element a line, two spaces a level, a line break at the end.
    case indented
  }

  /// The value as text: members in their order, numbers in the shortest form that reads back equal.
  ///
  /// - Precondition: numbers are finite; JSON has no others.
  public static func text(_ value: Value, layout: Layout = .compact) -> String {
    var text = ""
    write(value, layout: layout, indentation: 0, to: &text)
    if layout == .indented { text += "\n" }
    return text
  }

  private static func write(
    _ value: Value, layout: Layout, indentation: Int, to text: inout String
  ) {
    switch value {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value):
      precondition(value.isFinite, "JSON has no number for \(value)")
      text += "\(value)"
    case .string(let value): write(value, to: &text)
    case .array(let values):
      write(values, ("[", "]"), layout, indentation, to: &text) { value, text in
        write(value, layout: layout, indentation: indentation + 1, to: &text)
      }
    case .object(let object):
      write(object.members, ("{", "}"), layout, indentation, to: &text) { member, text in
        write(member.key, to: &text)
        text += layout == .compact ? ":" : ": "
        write(member.value, layout: layout, indentation: indentation + 1, to: &text)
      }
    }
  }

  private static func write<Item>(
    _ items: [Item], _ brackets: (String, String), _ layout: Layout, _ indentation: Int,
    to text: inout String, _ item: (Item, inout String) -> Void
  ) {
    let lineBreak = { (level: Int) in "\n" + String(repeating: "  ", count: level) }
    text += brackets.0
    for (index, value) in items.enumerated() {
      if index > 0 { text += "," }
      if layout == .indented { text += lineBreak(indentation + 1) }
      item(value, &text)
    }
    if layout == .indented, !items.isEmpty { text += lineBreak(indentation) }
    text += brackets.1
  }

  /// A string literal with the escapes that JSON requires and no others, as serde_json writes it.
  static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case let control where control.value < 0x20:
        text += "\\u00" + (control.value < 0x10 ? "0" : "") + String(control.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension StrictJSON.Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: Self...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, Self)...) {
    self = .object(StrictJSON.Object(elements.map { .init(key: $0.0, value: $0.1) }))
  }
}
