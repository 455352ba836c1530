import Reports
import Testing

@Suite struct TerminalTextTests {
  @Test(
    arguments: [
      (0, 4, "    ", "[--]"), (1, 4, "████", "[##]"), (0.5, 4, "██  ", "[#-]"),
      (0.99, 4, "███▉", "[#-]"),
      (0.03125, 4, "▏   ", "[--]"), (0.7, 10, "███████   ", "[#####---]"), (-1, 3, "   ", "[-]"),
      (7, 3, "███", "[#]"), (.nan, 3, "   ", "[-]"), (.infinity, 3, "███", "[#]"), (0.5, 0, "", ""),
      (0.5, 1, "▌", "#"), (0.5, -2, "", ""),
    ] as [(Double, Int, String, String)])
  func progressBar(_ fraction: Double, _ width: Int, _ unicode: String, _ ascii: String) {
    #expect(TerminalText.progressBar(fraction, width: width) == unicode)
    #expect(TerminalText.progressBar(fraction, width: width, glyphs: .ascii) == ascii)
  }

  @Test func progressBarsGrowAndKeepTheirWidth() {
    var before = ""
    for step in 0...1000 {
      let bar = TerminalText.progressBar(Double(step) / 1000, width: 13)
      #expect(bar.count == 13)
      #expect(bar.filter { $0 != " " }.count >= before.filter { $0 != " " }.count)
      #expect((bar == String(repeating: "█", count: 13)) == (step == 1000))
      before = bar
    }
  }

  @Test func linesStayLines() {
    #expect(TerminalText.line("a\nb\tc\u{1b}[2J") == "a\\nb\\tc\\x1b[2J")
    #expect(TerminalText.line("abcdefgh", limit: 8) == "abcdefgh")
    #expect(TerminalText.line("abcdefghi", limit: 8) == "abcde...")
    #expect(TerminalText.line("abc", limit: 2) == "ab")
    #expect(TerminalText.line("abc", limit: -1) == "")
  }
}
