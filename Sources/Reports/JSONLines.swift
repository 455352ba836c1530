/// JSON Lines: one object per line, its keys in the order given (jsonlines.org, RFC 8259).
public enum JSONLines {
  /// A value of an object.
  public enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number; null where it is not finite.
    case number(Double)
    case string(String)
    case array([Value])

    var text: String {
      switch self {
      case .null: return "null"
      case .bool(let value): return value ? "true" : "false"
      case .integer(let value): return String(value)
      case .number(let value): return value.isFinite ? NumberText.exact(value) : "null"
      case .string(let value): return JSONLines.quoted(value)
      case .array(let values): return "[" + values.map(\.text).joined(separator: ",") + "]"
      }
    }
  }

  /// One object and its newline.
  public static func line(_ members: [(key: String, value: Value)]) -> String {
    "{" + members.map { quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}\n"
  }

  /// One value on a line of its own.
  static func text(_ value: Value) -> String { value.text }

  /// A string in quotes, unchanged when read back, and harmless when printed on a terminal: what
  /// `visible(_:)` would spell out is written as a `\u` escape.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        let character = String(Character(scalar))
        if visible(character) == character {
          result += character
        } else {
          for unit in character.utf16 {
            let digits = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          }
        }
      }
    }
    return result + "\""
  }
}
