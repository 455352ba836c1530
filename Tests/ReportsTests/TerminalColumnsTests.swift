import Reports
import Testing

@Suite struct TerminalColumnsTests {
  @Test(arguments: [
    ("plain", 5), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("ａ", 2), ("█▌", 2),
    ("👍", 2), ("❤️", 2), ("a\u{200d}b", 2),
  ])
  func columnsOfText(_ text: String, _ columns: Int) {
    #expect(TerminalText.columns(of: text) == columns)
  }

  @Test func aWideCharacterIsNeverSplit() {
    #expect(TerminalText.fitting("日本語", columns: 5) == "日本")
    #expect(TerminalText.fitting("a日本", columns: 3) == "a日")
    #expect(TerminalText.fitting("日", columns: 1) == "")
    #expect(TerminalText.fitting("abc", columns: 9) == "abc")
  }

  private let heads = ["[1/2] ████ insertion: 10/20 steps", "[1/2] insertion: 10/20", "[1/2] 50%"]
  private let parts = ["2 to 4 min left", "triggered 99%", "loss 0.123"]

  @Test(arguments: [
    (200, "[1/2] ████ insertion: 10/20 steps  2 to 4 min left  triggered 99%  loss 0.123"),
    (65, "[1/2] ████ insertion: 10/20 steps  2 to 4 min left  triggered 99%"),
    (64, "[1/2] ████ insertion: 10/20 steps  2 to 4 min left"),
    (50, "[1/2] ████ insertion: 10/20 steps  2 to 4 min left"),
    // A shorter head makes room for the first part.
    (49, "[1/2] insertion: 10/20  2 to 4 min left"),
    (39, "[1/2] insertion: 10/20  2 to 4 min left"),
    (38, "[1/2] 50%  2 to 4 min left"),
    (20, "[1/2] 50%"),
    (9, "[1/2] 50%"),
    (4, "[1/2"),
    (0, ""),
  ])
  func statusLines(_ columns: Int, _ line: String) {
    #expect(TerminalText.statusLine(heads: heads, parts: parts, columns: columns) == line)
  }

  @Test func noStatusLineIsLongerThanItsRoom() {
    let wide = ["[1/2] 日本語の実験: 10/20 steps", "[1/2] 日本語の実験"]
    for columns in 0...90 {
      for heads in [heads, wide, []] {
        let line = TerminalText.statusLine(heads: heads, parts: parts, columns: columns)
        #expect(TerminalText.columns(of: line) <= columns)
      }
    }
  }

  @Test func proseIsBrokenAtSpaces() {
    #expect(TerminalText.wrapped("one two three", columns: 8) == "one two\nthree")
    #expect(TerminalText.wrapped("a verylongword b", columns: 5) == "a\nverylongword\nb")
    #expect(TerminalText.wrapped("kept\n\nlines\n", columns: 40) == "kept\n\nlines\n")
    #expect(TerminalText.wrapped("日本 語", columns: 5) == "日本\n語")
  }

  @Test func aTableThatDoesNotFitIsWrittenRowByRow() {
    let table = Table(
      caption: "",
      columns: [
        Table.Column("Size", isHeader: true), Table.Column("Training", isHeader: true),
        .number("Before"), .number("After"),
      ],
      rows: [
        [.text("tiny"), .text("rate ×0.1"), .text("99%"), .text("12%")],
        [.text("small"), .text("rate ×1"), .text("98%"), .missing],
      ])
    #expect(table.plainText(columns: 80) == table.plainText)
    #expect(
      table.plainText(columns: 20) == """
        tiny, rate ×0.1
          Before: 99%
          After: 12%
        small, rate ×1
          Before: 98%

        """)
  }

  @Test(arguments: [
    (130.0...230.0, "2 to 4 min"), (3.2...9.1, "3 to 10 s"), (12.0...58.0, "10 s to 1 min"),
    (0.2...4.0, "at most 4 s"), (3700.0...9000.0, "1 to 2.5 h"), (100.0...7300.0, "1 min to 2.1 h"),
    (120.0...120.0, "about 2 min"), (59.0...61.0, "55 s to 2 min"),
    (40000.0...200_000.0, "11 h to 3 d"),
  ])
  func durations(_ seconds: ClosedRange<Double>, _ text: String) {
    #expect(NumberText.durations(seconds) == text)
  }
}
