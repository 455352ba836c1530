public import Text

/// A problem in a JSON text and its position.
public struct JSONFault: DescribedError, Hashable {
  /// The position of a problem.
  public enum Place: Hashable, Sendable {
    /// The number of bytes before the problem. Messages print the byte's number, from 1.
    case byte(Int)
    /// A path of keys, such as `messages[2].role`.
    case field(String)
  }

  /// The problem in the text or in a value.
  public enum Problem: Hashable, Sendable {
    // The text.
    case notUTF8
    case byteOrderMark
    case unexpected(byte: UInt8, expected: String)
    case endsEarly(expected: String)
    case trailing
    case duplicateKey(String)
    case nestedTooDeeply(limit: Int)
    case controlCharacter(UInt8)
    case badEscape
    case loneSurrogate
    case badNumber(String)
    case numberTooLong(limit: Int)
    case numberTooLarge(String)

    // The values.
    case missing(expected: String)
    case wrongValue(found: String, expected: String)
    case unknownKey
    case notSupported
  }

  public var problem: Problem
  /// Nil for a problem of the whole document.
  public var place: Place?

  public init(_ problem: Problem, at place: Place?) {
    self.problem = problem
    self.place = place
  }

  public var line: String {
    switch place {
    case .byte(let offset): "byte \(offset + 1): \(what)"
    case .field(let path): "\(path.printable(limit: 80)): \(what)"
    case nil: what
    }
  }
  public var exitCode: SystemExit { .badInput }

  /// The problem as text, without the position.
  public var what: String {
    switch problem {
    case .notUTF8: "not UTF-8 text; save the file as UTF-8"
    case .byteOrderMark: "starts with a byte-order mark; save the file as UTF-8 without one"
    case .unexpected(let byte, let expected): "expected \(expected), found \(byteName(byte))"
    case .endsEarly(let expected): "expected \(expected), found the end"
    case .trailing: "something follows the value; write one value"
    case .duplicateKey(let key): "the key \(key.quoted) is written twice"
    case .nestedTooDeeply(let limit): "nested more than \(limit) levels deep"
    case .controlCharacter(let byte):
      "control character \(byteName(byte)) inside a string; write it as an escape"
    case .badEscape: "not an escape of JSON"
    case .loneSurrogate: "half of a surrogate pair, which is not a character"
    case .badNumber(let text): "\(text.quoted) is not a number of JSON"
    case .numberTooLong(let limit): "a number of more than \(limit) characters"
    case .numberTooLarge(let text): "\(text.printable()) is too large for a double"

    case .missing(let expected): "missing; add \(expected)"
    case .wrongValue(let found, let expected):
      "expected \(expected), found \(found.printable(limit: 80))"
    case .unknownKey: "not a known key"
    case .notSupported: "not supported"
    }
  }
}
