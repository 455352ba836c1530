import JSON

extension StudyFormat {
  /// The format as Markdown: one table per mapping, and one list of words per choice.
  public var markdown: String {
    var lines: [String] = []
    for group in groups {
      if let parent = group.parent {
        lines += ["## `\(group.path)`", "", parent.meaning, ""]
      } else {
        lines += ["## The file", ""]
      }
      lines += ["| Key | Type and range | Default | Meaning |", "|---|---|---|---|"]
      for key in group.keys {
        let cells = [
          "`\(key.name)`", key.form.text(path: key.childPath), key.defaultText,
          (key.conditions == group.parent?.conditions ? "" : key.conditionText) + key.meaning,
        ]
        lines.append("| " + cells.map(Self.cell).joined(separator: " | ") + " |")
      }
      lines.append("")
      for key in group.keys {
        guard let words = key.form.words else { continue }
        let home = home(of: words)
        if home != key.path {
          lines += ["Words for `\(key.path)`: those for `\(home)`.", ""]
          continue
        }
        lines += ["Words for `\(key.path)`:", ""]
        lines += words.map { "- `\($0.text)`: \($0.meaning)" }
        lines.append("")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The path of the key at which a choice's words are explained. A key outside lists is preferred.
  private func home(of words: [ValueType.Word]) -> String {
    let paths = keys.filter { $0.form.words == words }.map(\.path)
    return paths.first { !$0.contains("[]") } ?? paths.first ?? ""
  }

  /// A bar ends a cell, also in code.
  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

extension StudyFormat.Key {
  fileprivate var defaultText: String {
    let others = otherDefaults.map { "\(Self.code($0.value)) with `\($0.condition)`" }
    return if let defaultValue {
      ([Self.code(defaultValue)] + others).joined(separator: "; ")
    } else {
      isRequired ? "required" : "none"
    }
  }

  fileprivate var conditionText: String {
    conditions.isEmpty
      ? "" : "Only with " + conditions.map { "`\($0)`" }.joined(separator: " or ") + ". "
  }

  private static func code(_ value: JSONValue) -> String { "`\(yaml(value))`" }

  /// The value as a study file may write it.
  private static func yaml(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .number(let number): number.canonicalText
    case .integer(let number): String(number)
    case .boolean(let flag): String(flag)
    case .object: "{}"
    case .array(let values): "[" + values.map(yaml).joined(separator: ", ") + "]"
    default: preconditionFailure("no form writes a default as \(value)")
    }
  }
}

extension StudyFormat.Form {
  fileprivate var words: [ValueType.Word]? {
    switch self {
    case .value(.choice(let words)), .list(.choice(let words), _): words
    default: nil
    }
  }

  fileprivate func text(path: String?) -> String {
    switch self {
    case .value(let type): type.text
    case .range(let count, let most):
      "a whole number n from 1 to \(count) for 1 to n, or `{ from: FIRST, to: LAST }` with at most \(count) numbers up to \(most)"
    case .list(let type, let count): "list of \(Self.text(count)), each \(type.text)"
    case .mapping: "the keys of `\(path ?? "")`"
    case .mappings(let count): "list of \(Self.text(count)), each with the keys of `\(path ?? "")`"
    }
  }

  private static func text(_ count: ClosedRange<Int>) -> String {
    count.upperBound == .max
      ? "at least \(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
  }
}

extension ValueType {
  fileprivate var text: String {
    switch self {
    case .text: ValueForm<String>.string.expected
    case .boolean: ValueForm<Bool>.boolean.expected
    case .integer(let range) where range.lowerBound == range.upperBound: "`\(range.lowerBound)`"
    case .integer(let range): ValueForm<Int>.integer(in: range).expected
    case .number(let range): range.expected
    case .choice(let words): "one of " + words.map { "`\($0.text)`" }.joined(separator: ", ")
    }
  }
}
