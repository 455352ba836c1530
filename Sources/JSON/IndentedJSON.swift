extension JSONValue {
  /// The value as text with its members in order, one a line, two spaces a level.
  ///
  /// - Throws: `NonFiniteNumber`.
  public func indentedText() throws -> String { try text(indentation: "") + "\n" }

  private func text(indentation: String) throws -> String {
    let inner = indentation + "  "
    func block(_ open: String, _ lines: [String], _ close: String) -> String {
      lines.isEmpty
        ? open + close
        : open + "\n" + lines.map { inner + $0 }.joined(separator: ",\n") + "\n" + indentation
          + close
    }
    switch self {
    case .array(let values):
      return block("[", try values.map { try $0.text(indentation: inner) }, "]")
    case .object(let object):
      let members = try object.members.map {
        try JSONValue.string($0.key).text(indentation: "") + ": "
          + $0.value.text(indentation: inner)
      }
      return block("{", members, "}")
    default: return String(decoding: try CanonicalJSON.data(of: self), as: UTF8.self)
    }
  }
}
