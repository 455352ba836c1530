import Reports
import Text
import Testing

@Suite struct VisibleTextTests {
  static let cases: [(String, String)] = [
    ("", ""),
    ("plain text, with ümläut and 漢字 and 🐭", "plain text, with ümläut and 漢字 and 🐭"),
    ("line\nand\ttab", "line\nand\ttab"),
    ("\u{1b}[31mred", "\\x1b[31mred"),
    ("\\x1b", "\\x1b"),
    ("\u{0}\u{1f}\u{7f}\u{80}\u{9f}", "\\x00\\x1f\\x7f\\x80\\x9f"),
    ("a\r\nb", "a\\x0d\nb"),
    ("\u{a0}", "\u{a0}"),
    ("\u{ad}", "\\xad"),
    ("\u{202a}\u{202e}", "\\u{202a}\\u{202e}"),
    ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
    ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
    ("\u{200b}\u{feff}", "\\u{200b}\\u{feff}"),
    ("\u{e0041}", "\\u{e0041}"),
    ("\u{fffd}", "\\u{fffd}"),
    ("\u{ffff}", "\\u{ffff}"),
    ("e\u{301}", "e\u{301}"),
  ]

  // By index: the runner prints arguments, and these are not for printing.
  @Test(arguments: cases.indices)
  func hiddenCharactersAreSpelledOut(_ index: Int) {
    let (text, expected) = Self.cases[index]
    #expect(Array(visible(text).unicodeScalars) == Array(expected.unicodeScalars))
    #expect(visible(visible(text)) == visible(text))
  }

  // What is an invalid sequence: Unicode 15, table 3-7 and the practice of U+FFFD substitution.
  static let bytes: [([UInt8], String)] = [
    ([], ""),
    (Array("héllo".utf8), "héllo"),
    ([0x61, 0xff, 0x62], "a\\xffb"),
    ([0xc3], "\\xc3"),
    ([0xc0, 0xaf], "\\xc0\\xaf"),
    ([0xe2, 0x82, 0x41], "\\xe2\\x82A"),
    ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"),
    ([0xf4, 0x90, 0x80, 0x80, 0x21], "\\xf4\\x90\\x80\\x80!"),
    ([0x80, 0xe2, 0x80, 0xae, 0x1b], "\\x80\\u{202e}\\x1b"),
  ]

  @Test(arguments: bytes)
  func invalidBytesAreSpelledOut(_ bytes: [UInt8], _ expected: String) {
    #expect(visible(bytes: bytes) == expected)
  }

  @Test func everyBytePairIsShownOnOneLineOrAsItself() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let text = visible(bytes: [first, second])
        #expect(
          !text.unicodeScalars.contains {
            ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || (0x7f...0x9f).contains($0.value)
          })
      }
    }
  }

  @Test func modelTextMarksWhatItSpellsOut() {
    #expect(
      Node.modelText("a\u{1b}\u{1b}b \\x1b").render()
        == "<span class=\"model\">a<span class=\"escape\">\\x1b\\x1b</span>b \\x1b</span>")
  }
}
