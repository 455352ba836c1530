import Testing
import Text

/// Nothing that a terminal obeys survives, whatever text an error or a table quotes.
@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("a b", "a b"), ("a\nb\rc\td", #"a\nb\rc\td"#), ("\u{1b}[2J", #"\x1b[2J"#),
    ("\u{9b}31m", #"\x9b31m"#), ("\u{7f}", #"\x7f"#), ("\u{202e}x", #"\u{202e}x"#),
    ("\u{2066}x", #"\u{2066}x"#), ("\u{feff}", #"\u{feff}"#), ("\u{e0041}", #"\u{e0041}"#),
    ("\u{2028}", #"\u{2028}"#), ("é 日 🐭", "é 日 🐭"),
  ])
  func hiddenCharactersAreSpelledOut(_ text: String, _ expected: String) {
    #expect(text.printable() == expected)
    #expect(text.quoted == "\"" + expected + "\"")
  }

  @Test func everyControlCharacterAndDirectionMarkIsSpelledOut() throws {
    let values = [0..<0x20, 0x7F..<0xA0, 0x200B..<0x2010, 0x2028..<0x202F, 0x2060..<0x2070].joined()
    for value in Array(values) + [0x061C, 0xFEFF, 0xFFFD] {
      let scalar = try #require(Unicode.Scalar(UInt32(value)))
      let text = String(Character(scalar)).printable()
      #expect(text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "U+\(String(value, radix: 16))")
    }
  }

  @Test func longTextsAreCut() {
    #expect("abcdef".printable(limit: 6) == "abcdef")
    #expect("abcdef".printable(limit: 5) == "abcde…")
    #expect("\u{1b}\u{1b}".printable(limit: 1) == #"\x1b…"#)
  }

  @Test func bytesAreNamed() {
    #expect(
      [0x61, 0x20, 0x1B, 0xC3].map { byteName($0) }
        == [#""a""#, "the byte 0x20", "the byte 0x1B", "the byte 0xC3"])
  }
}
