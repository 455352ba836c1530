public import Text

/// One fault of a study file.
public struct StudyFault: Hashable, Sendable {
  /// The problem in the file or in a value.
  public enum Problem: Hashable, Sendable {
    // The file as a whole.
    case tooLarge(limit: Int)
    case empty
    case notUTF8
    case controlCharacter(UInt32)
    case notYAML(String)
    case tabIndentation
    case alias(name: String)
    case nestedTooDeeply(limit: Int)
    case severalDocuments
    case notAMapping(found: Found)
    case unsupportedVersion(found: Int, supported: ClosedRange<Int>)

    // A key or a value.
    case unknownKey(nearest: String?)
    case duplicateKey
    case keyNotText
    case tag(String)
    case missing(expected: String)
    case wrong(expected: String, found: Found)
    case count(expected: ClosedRange<Int>, found: Int)
    /// A fault that the study's own schema found, as text.
    case custom(String)
  }

  /// A value as text for an error.
  public enum Found: Hashable, Sendable {
    case nothing
    case list
    case mapping
    /// A number as it is written.
    case number(String)
    /// Any other text without quotes.
    case word(String)
    /// A text in quotes.
    case quoted(String)
  }

  /// The file as the user named it.
  public var file: String
  /// Counted from 1; nil for the whole file.
  public var line: Int?
  /// Counted from 1 in code points; nil for the whole line.
  public var column: Int?
  /// Such as `safety.learningRates[2]`, elements counted from 0; empty at the root.
  public var keyPath: String
  public var problem: Problem

  public init(
    file: String, line: Int? = nil, column: Int? = nil, keyPath: String = "", problem: Problem
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.keyPath = keyPath
    self.problem = problem
  }

  /// `file:line: key path: problem`, in one line.
  public var text: String {
    let place = file.printable(limit: 400) + (line.map { ":\($0)" } ?? "")
    return place + ": " + (keyPath.isEmpty ? "" : keyPath + ": ") + problem.text
  }
}

extension StudyFault.Problem {
  fileprivate var text: String {
    switch self {
    case .tooLarge(let limit): "larger than \(limit) bytes; is it a study file?"
    case .empty: "empty; write a study (`dormouse studies show quickstart` prints one)"
    case .notUTF8: "not UTF-8 text; save the file as UTF-8"
    case .controlCharacter(let code):
      "the control character U+" + String(repeating: "0", count: code < 16 ? 3 : 2)
        + String(code, radix: 16, uppercase: true) + " is not allowed in a study file; remove it"
    case .notYAML(let what): "not YAML: \(what.printable(limit: 200))"
    case .tabIndentation: "not YAML: a tab cannot indent; use spaces"
    case .alias(let name):
      "the alias *\(name.printable()) is not supported; write the value itself"
    case .nestedTooDeeply(let limit):
      "nested more than \(limit) levels deep"
    case .severalDocuments: "a second document begins; keep one study in the file"
    case .notAMapping(let found): "expected keys and values, found \(found.text)"
    case .unsupportedVersion(let found, let supported):
      "version \(found) is not supported; this program reads "
        + (supported.count == 1
          ? "version \(supported.lowerBound)"
          : "versions \(supported.lowerBound) to \(supported.upperBound)")
    case .unknownKey(let nearest):
      "unknown key" + (nearest.map { "; did you mean \"\($0)\"?" } ?? "")
    case .duplicateKey: "written twice; keep one"
    case .keyNotText: "expected a text as the key, found a list or a mapping"
    case .tag(let tag): "the tag \(tag.printable()) is not supported; remove it"
    case .missing(let expected): "missing; add \(expected)"
    case .wrong(let expected, let found):
      "expected \(expected), found \(found.text)" + Self.suggestion(expected, found)
    case .count(let expected, let found):
      "expected "
        + (expected.count == 1
          ? "\(expected.lowerBound)"
          : expected.upperBound == .max
            ? "at least \(expected.lowerBound)"
            : "\(expected.lowerBound) to \(expected.upperBound)")
        + " elements, found \(found)"
    case .custom(let text): text
    }
  }
}

extension StudyFault.Problem {
  /// The first words of a choice's form, before the list of its words.
  static let choicePrefix = "one of "

  /// The nearest allowed word of a choice.
  private static func suggestion(_ expected: String, _ found: StudyFault.Found) -> String {
    guard expected.hasPrefix(choicePrefix), case .word(let word) = found,
      let nearest = NearestWord.of(
        word,
        in: expected.dropFirst(choicePrefix.count)
          .split(separator: ", ").map(String.init))
    else { return "" }
    return "; did you mean \"\(nearest)\"?"
  }
}

extension StudyFault.Found {
  fileprivate var text: String {
    switch self {
    case .nothing: "nothing"
    case .list: "a list"
    case .mapping: "keys and values"
    case .number(let text): text.printable(limit: 40)
    case .word(let text): "\"\(text.printable(limit: 40))\""
    case .quoted(let text): "the text \"\(text.printable(limit: 40))\""
    }
  }
}

/// All faults of a study file, in the order of its lines.
public struct StudyFaults: DescribedError, Hashable {
  public let faults: [StudyFault]

  public init(_ faults: [StudyFault]) {
    self.faults = faults.enumerated().sorted { first, second in
      let (a, b) = (first.element, second.element)
      return (a.line ?? 0, a.column ?? 0, first.offset)
        < (b.line ?? 0, b.column ?? 0, second.offset)
    }.map(\.element)
  }

  /// One line per fault.
  public var lines: [String] { faults.map(\.text) }

  /// The first fault, and the number of further faults.
  public var line: String {
    guard let first = faults.first else { return "no fault" }
    return first.text + (faults.count > 1 ? " (and \(faults.count - 1) more)" : "")
  }

  public var exitCode: SystemExit { .badInput }
}
