import Reports
import Testing

@Suite struct CommaSeparatedReadingTests {
  @Test(arguments: [
    ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]), ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
    ("\u{FEFF}a\n", [["a"]]), ("\"x,\"\"y\"\"\nz\",\n", [["x,\"y\"\nz", ""]]), ("", []),
    ("a,,\n", [["a", "", ""]]),
  ])
  func rowsAreRead(_ text: String, _ rows: [[String]]) {
    #expect(CommaSeparatedValues.rows(of: text) == rows)
  }

  /// What is written is read again.
  @Test func writtenRowsAreRead() {
    let rows = [["plain", "with, comma", "with \"quotes\""], ["1.5", "", "ü"]]
    #expect(CommaSeparatedValues.rows(of: CommaSeparatedValues.text(rows)) == rows)
  }
}
