import Studies
import Testing

/// What differs between two versions of a study file.
@Suite struct StudyChangesTests {
  private func changes(_ earlier: String, _ later: String) throws -> [String] {
    try StudyDocument(text: later, file: "later").changes(
      from: StudyDocument(text: earlier, file: "earlier")
    ).map(\.text)
  }

  static let text = """
    name: mine
    safety: { learningRates: [0.05], doses: [2, 4] }
    sizes:
      - { name: small, channels: 16 }
      - { name: large, channels: 32 }
    """

  /// A change of the text, and the changes that are found.
  @Test(arguments: [
    ("[0.05]", "[0.05, 0.1]", ["safety.learningRates: [0.05] before, [0.05, 0.1] now"]),
    ("[0.05]", "[ 5e-2 ]", ["safety.learningRates: [0.05] before, [5e-2] now"]),
    ("channels: 32", "channels: 48", ["sizes[1].channels: 32 before, 48 now"]),
    ("channels: 32", "channels: 32.0", []),
    ("name: mine", "# a note\n\"name\": mine", []),
    ("name: mine", "name: \"mi\\ene\"", ["name: mine before, \"mi\\x1bne\" now"]),
    ("name: mine", "name: mine\nseeds: 4", ["seeds: not set before, 4 now"]),
    (", doses: [2, 4]", "", ["safety.doses: [2, 4] before, not set now"]),
    ("  - { name: large, channels: 32 }", "", ["sizes: 2 entries before, 1 entry now"]),
    (
      "{ learningRates: [0.05], doses: [2, 4] }", "none",
      ["safety: { learningRates: [0.05], doses: [2, 4] } before, none now"]
    ),
  ])
  func changedKeysAreNamed(_ old: String, _ new: String, _ expected: [String]) throws {
    #expect(Self.text.contains(old))
    #expect(try changes(Self.text, Self.text.replacing(old, with: new)) == expected)
    #expect(try changes(Self.text, Self.text).isEmpty)
  }

  /// A value of any length stays short.
  @Test func longValuesAreCut() throws {
    let list = "name: [\(Array(repeating: "1", count: 100).joined(separator: ", "))]"
    let text = try #require(try changes("name: a", list).first)
    #expect(text.count < 100 && text.hasSuffix("… now"))
  }
}
