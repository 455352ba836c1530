/// The names that a text uses and the texts of its strings. It says what a function is made of, and
/// not whether the function is right.
package struct CodeUses: Hashable, Sendable {
  /// Names before a bracket `(` or `[`, and names after a dot.
  package var names: Set<String> = []
  /// The texts between quotes. An f-string keeps its fields as written.
  package var strings: [String] = []

  /// Nil if the text cannot be split into tokens.
  package init?(in source: String) {
    guard let tokens = try? PythonTokenizer.tokens(of: source) else { return nil }
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .string: strings.append(token.text)
      case .name:
        let next = index + 1 < tokens.count ? tokens[index + 1] : nil
        let isOpened = next?.kind == .sign && (next?.text == "(" || next?.text == "[")
        let isPart = index > 0 && tokens[index - 1].kind == .sign && tokens[index - 1].text == "."
        if isOpened || isPart { names.insert(token.text) }
      default: break
      }
    }
  }

  /// Whether a string contains a text that is not part of a longer word.
  package func say(_ text: String) -> Bool {
    strings.contains { string in
      string.ranges(of: text).contains { range in
        func continues(_ edge: Character?, _ outside: Character?) -> Bool {
          edge?.isLetter ?? false && outside?.isLetter ?? false
        }
        let before =
          range.lowerBound > string.startIndex
          ? string[string.index(before: range.lowerBound)] : nil
        let after = range.upperBound < string.endIndex ? string[range.upperBound] : nil
        return !continues(text.first, before) && !continues(text.last, after)
      }
    }
  }
}
