import Foundation
import Reports
import Testing

@Suite struct TableTests {
  static let fields: [(String, String)] = [
    ("", ""), ("plain", "plain"), ("a,b", "\"a,b\""), ("a;b", "\"a;b\""), ("a\nb", "\"a\nb\""),
    ("say \"hi\"", "\"say \"\"hi\"\"\""), ("\"", "\"\"\"\""), (" x", "\" x\""), ("x ", "\"x \""),
    ("1.5", "1.5"), ("-1.5", "-1.5"), ("+2", "+2"), ("-1.5e-3", "-1.5e-3"), ("-.5", "-.5"),
    ("-5.", "-5."), ("=1+1", "'=1+1"), ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("+1+1", "'+1+1"),
    ("-1+1", "'-1+1"), ("-", "'-"), ("-e5", "'-e5"), ("-1e", "'-1e"), ("-inf", "'-inf"),
    ("--1", "'--1"),
    ("-.", "'-."), ("-1,000", "\"'-1,000\""), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "\"'\t=1\""),
    ("\tx", "\"'\tx\""), ("\r=1", "'\\x0d=1"), ("\n=1", "\"'\n=1\""), ("  =1", "'  =1"),
    ("\u{a0}=1", "'\u{a0}=1"), ("＝1", "'＝1"), ("＠x", "'＠x"), ("a=1", "a=1"), ("'=1", "'=1"),
    (
      "=HYPERLINK(\"http://x.example\",\"y\")",
      "\"'=HYPERLINK(\"\"http://x.example\"\",\"\"y\"\")\""
    ),
    ("a\u{1b}[2Jb", "a\\x1b[2Jb"), ("\u{202e}x", "\\u{202e}x"), ("a\r\nb", "\"a\\x0d\nb\""),
    ("-٣", "'-٣"),
  ]

  // By index: the runner prints arguments, and these are not for printing.
  @Test(arguments: fields.indices)
  func fieldsAreNeutralisedAndQuoted(_ index: Int) {
    let (text, expected) = Self.fields[index]
    #expect(CommaSeparatedValues.field(text) == expected)
  }

  static let sample = Table(
    caption: "Rates & counts",
    columns: [
      .init("arm", isHeader: true), .init("note", .center), .number("rate"), .number("change"),
    ],
    groups: [
      .init(
        title: "small",
        rows: [
          [
            .text("fine-tuning"), .text("a, \"b\""), .rate(0.25, lower: 0.2, upper: 0.3, count: 64),
            .number(-0.125),
          ],
          [.text("=none"), .missing, .heat(0.75, note: "three of four"), .number(.nan)],
        ]),
      .init(title: "large", rows: [[.text("short row")]]),
    ])

  @Test func snapshots() throws {
    try expectSnapshot(Self.sample.node.render(), named: "table.html")
    try expectSnapshot(Self.sample.plainText, named: "table.txt")
  }

  @Test func csv() {
    #expect(
      Self.sample.csv == """
        group,arm,note,rate,change\r
        small,fine-tuning,"a, ""b\""",0.25,-0.125\r
        small,'=none,,0.75,\r
        large,short row,,,\r

        """)
  }

  @Test func jsonLines() {
    #expect(
      Self.sample.jsonLines == """
        {"group":"small","arm":"fine-tuning","note":"a, \\"b\\"","rate":0.25,"change":-0.125}
        {"group":"small","arm":"=none","note":null,"rate":0.75,"change":null}
        {"group":"large","arm":"short row","note":null,"rate":null,"change":null}

        """)
  }

  @Test(arguments: Payloads.all.indices)
  func jsonLinesKeepTheText(_ index: Int) throws {
    let text = Payloads.all[index]
    let line = Table(
      caption: "", columns: [.init("text"), .number("number")],
      rows: [[.text(text), .number(.infinity)]]
    ).jsonLines
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let read = try #require(object?["text"] as? String)
    #expect(Array(read.unicodeScalars) == Array(text.unicodeScalars))
    #expect(line.hasSuffix("\"number\":null}\n"))
    #expect(line.split(separator: "\n").count == 1)
  }

  @Test func tintsFollowTheRange() throws {
    let cells: [Table.Cell] = [
      .heat(0), .heat(1), .heat(0.5), .heat(2), .heat(-1), .heat(.nan), .heat(15, in: 10...20),
      .heat(1, in: 3...3),
    ]
    #expect(cells.map(\.tint) == [0, 1, 0.5, 1, 0, nil, 0.5, 0])
    let table = Table(caption: "", columns: cells.map { _ in .number("") }, rows: [cells])
    let root = try MarkupParser.parse(table.node.render())
    #expect(
      root.all.filter { $0.name == "td" }.map { $0.attribute("style") } == [
        "--tint:0%", "--tint:100%", "--tint:50%", "--tint:100%", "--tint:0%", nil, "--tint:50%",
        "--tint:0%",
      ])
  }

  @Test func headersSayWhatTheyHead() throws {
    let root = try MarkupParser.parse(Self.sample.node.render())
    let scopes = root.all.filter { $0.name == "th" }.map { $0.attribute("scope") }
    #expect(
      scopes == ["col", "col", "col", "col", "rowgroup", "row", "row", "rowgroup", "row"])
  }
}
