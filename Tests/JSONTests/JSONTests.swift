import JSON
import Foundation
import TestSupport
import Testing

@Suite struct JSONTests {
  /// RFC 8785, appendix B, and the limits of ECMAScript's forms.
  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (.leastNonzeroMagnitude, "5e-324"),
    (-.leastNonzeroMagnitude, "-5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"), (9007199254740992, "9007199254740992"),
    (295147905179352825856, "295147905179352830000"),
    (9.999999999999997e22, "9.999999999999997e+22"),
    (1e23, "1e+23"), (1.0000000000000001e23, "1.0000000000000001e+23"),
    (999999999999999737856, "999999999999999700000"), (1e21, "1e+21"),
    (9.999999999999997e-7, "9.999999999999997e-7"), (0.000001, "0.000001"),
    (333333333.3333332, "333333333.3333332"), (0.1, "0.1"), (1e-7, "1e-7"), (-1.5, "-1.5"),
    (100, "100"), (1e16, "10000000000000000"),
  ])
  func numbersAreWrittenCanonically(number: Double, text: String) throws {
    #expect(String(decoding: try CanonicalJSON.data(of: number), as: UTF8.self) == text)
  }

  private struct Sample: Encodable {
    var z = 1
    var nothing: Int? = nil
    var list: [Int?] = [1, nil]
    var single: Float = 0.1
    var nested = ["b": ["\u{8}\u{c}\u{1}/\u{7f}"], "a": []]
    var é = Int64.min
    var flag = true
  }

  @Test func valuesAreWrittenCanonically() throws {
    #expect(
      String(decoding: try CanonicalJSON.data(of: Sample()), as: UTF8.self)
        == #"{"flag":true,"list":[1,null],"nested":{"a":[],"b":["\b\f\u0001/\#u{7f}"]},"#
        + #""single":0.1,"z":1,"é":-9223372036854775808}"#)
  }

  @Test func linesWriteNonFiniteNumbersAsNull() throws {
    let line = try JSONLines.line(["loss": Double.nan, "rate": -.infinity, "step": 3])
    #expect(String(decoding: line, as: UTF8.self) == #"{"loss":null,"rate":null,"step":3}"# + "\n")
    #expect(
      described { _ = try CanonicalJSON.data(of: ["losses": [1, .infinity]]) }
        == "losses[1]: inf is not a finite number and has no stable form [70]")
  }

  @Test(arguments: [
    #"{"a":[1,-2,3.5,true,false,null,"x"],"b":{"c":{}}}"#, "[]", "18446744073709551615", "1.5e-9",
    #""é\n😀""#,
  ])
  func readingAndWritingAgree(text: String) throws {
    let value = try JSONReader.value(of: text.utf8)
    #expect(String(decoding: try CanonicalJSON.data(of: value), as: UTF8.self) == text)
  }

  @Test func readsEscapesAndSpace() throws {
    let value = try JSONReader.value(of: " { \"a\" : \"\\ud83d\\ude00\\u00e9\\/\" }\r\n".utf8)
    #expect(value == .object(JSONObject([("a", .string("😀é/"))])))
    #expect(try JSONReader.value(of: "1.0".utf8) == .number(1))
    #expect(try JSONReader.value(of: "1e2".utf8) == .number(100))
  }

  @Test(
    arguments: [
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("18446744073709551615", .unsigned(.max)),
      // An integer that no integer holds is a number: nobody gets a rounded integer.
      ("18446744073709551616", .number(0x1p64)), ("-9223372036854775809", .number(-0x1p63)),
      ("-0", .number(-0.0)), ("2.5E-1", 0.25), ("1e-400", 0.0), (" true ", true),
      ("false\n", false),
      (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"), (#""\u0000""#, "\0"),
      ("[1,[2, [3,[]]]]", [1, [2, [3, []]]]), ("{}", [:]),
      (
        #"{"b":1,"a":{"c":null}}"#,
        ["b": 1, "a": ["c": nil]]
      ),
    ] as [(String, JSONValue)])
  func accepts(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONReader.value(of: text.utf8) == value)
  }

  @Test(
    arguments: [
      ([0x22, 0xFF, 0x22], "byte 2"), ([0x22, 0xED, 0xA0, 0x80, 0x22], "byte 2"),
      ([0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22], "byte 4"),
      // UTF-16 with a byte-order mark.
      ([0xFF, 0xFE, 0x31, 0x00], "byte 1"),
    ] as [([UInt8], String)])
  func refusesInvalidUTF8(_ bytes: [UInt8], _ place: String) {
    #expect(
      described { _ = try JSONReader.value(of: bytes) }
        == place + ": not UTF-8 text; save the file as UTF-8 [65]")
  }

  @Test(
    arguments: [
      ([0x00, 0x31], "byte 1: expected a value, found the byte 0x00"),
      ([0x31, 0x00], "byte 2: something follows the value; write one value"),
      // A no-break space is no white space of JSON.
      ([0x5B, 0xC2, 0xA0, 0x5D], "byte 2: expected a value, found the byte 0xC2"),
    ] as [([UInt8], String)])
  func refusesBytes(_ bytes: [UInt8], _ message: String) {
    #expect(described { _ = try JSONReader.value(of: bytes) } == message + " [65]")
  }

  @Test func keysAreToldApartByBytes() throws {
    let value = try JSONReader.value(of: "{\"\u{e0}\":1,\"a\u{300}\":2}".utf8)
    #expect(value.object?["\u{e0}"] == .integer(1))
    #expect(value.object?["a\u{300}"] == .integer(2))
  }

  @Test(arguments: [
    ("", "byte 1: expected a value, found the end"),
    ("{", "byte 2: expected a key in quotes, found the end"),
    (#"{"a":1,}"#, #"byte 8: expected a key in quotes, found "}""#),
    (#"{"a" 1}"#, #"byte 6: expected ":", found "1""#),
    ("[1 2]", #"byte 4: expected "," or "]", found "2""#),
    ("[1,]", #"byte 4: expected a value, found "]""#),
    (#"{"a":1,"\u0061":2}"#, #"byte 8: the key "a" is written twice"#),
    (
      "\"a\u{1}\"", "byte 3: control character the byte 0x01 inside a string; write it as an escape"
    ),
    ("\"a", "byte 3: expected the closing quote, found the end"),
    (#""\x""#, "byte 2: not an escape of JSON"),
    (#""\u12G4""#, "byte 2: not an escape of JSON"),
    (#""\ud800""#, "byte 2: half of a surrogate pair, which is not a character"),
    (#""\ud800\u0041""#, "byte 2: half of a surrogate pair, which is not a character"),
    (#""\udc00""#, "byte 2: half of a surrogate pair, which is not a character"),
    ("012", #"byte 1: "012" is not a number of JSON"#),
    ("-", #"byte 1: "-" is not a number of JSON"#),
    ("1.", #"byte 1: "1." is not a number of JSON"#),
    ("1e", #"byte 1: "1e" is not a number of JSON"#),
    ("1_0", #"byte 1: "1_0" is not a number of JSON"#),
    ("1e999", "byte 1: 1e999 is too large for a double"),
    ("NaN", #"byte 1: expected a value, found "N""#),
    ("nul", #"byte 1: expected a value, found "n""#),
    ("1 1", "byte 3: something follows the value; write one value"),
    ("0x10", #"byte 1: "0x10" is not a number of JSON"#),
    ("-a", #"byte 1: "-a" is not a number of JSON"#),
    ("-00", #"byte 1: "-00" is not a number of JSON"#),
    ("+1", #"byte 1: expected a value, found "+""#),
    (".5", #"byte 1: expected a value, found ".""#),
    ("'a'", #"byte 1: expected a value, found "'""#),
    ("/* */ 1", #"byte 1: expected a value, found "/""#),
    ("{a:1}", #"byte 2: expected a key in quotes, found "a""#),
    (#"{"a"}"#, #"byte 5: expected ":", found "}""#),
    ("[", "byte 2: expected a value, found the end"),
    (
      #"{"\u001b[2J":1,"\u001b[2J":1}"#, #"byte 16: the key "\x1b[2J" is written twice"#
    ),
    (String(repeating: "1", count: 1025), "byte 1: a number of more than 1024 characters"),
    ("\u{FEFF}1", "byte 1: starts with a byte-order mark; save the file as UTF-8 without one"),
  ])
  func refuses(text: String, message: String) {
    #expect(described { _ = try JSONReader.value(of: text.utf8) } == message + " [65]")
  }

  @Test func refusesInvalidUTF8AndDepth() {
    #expect(
      described { _ = try JSONReader.value(of: [0x22, 0xC0, 0x80, 0x22]) }
        == "byte 2: not UTF-8 text; save the file as UTF-8 [65]")
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(described { _ = try JSONReader.value(of: deep.utf8) } == "no error")
    #expect(
      described { _ = try JSONReader.value(of: ("[" + deep + "]").utf8) }
        == "byte 65: nested more than 64 levels deep [65]")
    let bomb = String(repeating: "[", count: 200_000)
    #expect(
      described { _ = try JSONReader.value(of: bomb.utf8) }
        == "byte 65: nested more than 64 levels deep [65]")
  }
}

@Suite struct JSONLinesTests {
  private func rows(_ bytes: Data, limit: Int = 1 << 20, rowLimit: Int = 1 << 16) throws
    -> [JSONLines.Row]
  {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("rows.jsonl").path
      try bytes.write(to: URL(fileURLWithPath: path))
      var rows: [JSONLines.Row] = []
      do {
        try JSONLines.read(path, limit: limit, rowLimit: rowLimit) { rows.append($0) }
      } catch var fault as JSONLinesFault {
        fault.file = "rows.jsonl"
        throw fault
      }
      return rows
    }
  }

  @Test func readsRowsWithEitherLineBreakAndNoneAtTheEnd() throws {
    let rows = try rows(Data("{\"a\":\"x\"}\r\n{\"a\":\"y\",\"n\":2}\n{\"n\":1.5}".utf8))
    #expect(rows.map(\.number) == [1, 2, 3])
    #expect(try rows[1].string("a") == "y")
    #expect(try rows[1].integer("n") == 2)
    #expect(try rows[2].number("n") == 1.5)
    #expect(
      described { _ = try rows[2].integer("n") }.hasSuffix(
        "rows.jsonl:3: n: expected an integer, found a number [65]"))
    #expect(
      described { _ = try rows[2].string("a") }.hasSuffix(
        "rows.jsonl:3: a: missing; add a string [65]"))
  }

  @Test func rowsMayCrossThePiecesThatAFileIsReadIn() throws {
    let text = String(repeating: "é", count: 20_000)
    let data = try JSONLines.lines((0..<40).map { ["n": "\($0)", "text": text] })
    #expect(data.count > 3 * 1 << 18)
    let rows = try rows(data, limit: 1 << 22)
    #expect(try rows.map { try $0.string("n") } == (0..<40).map(String.init))
    #expect(try rows.allSatisfy { try $0.string("text") == text })
  }

  @Test(arguments: [
    ("{}\n\n{}\n", "rows.jsonl:2: blank; remove the line"),
    ("{}\n[1]\n", "rows.jsonl:2: not an object; write {\"key\": value, ...} on each line"),
    ("{}\n{\"a\":1,\"a\":2}", "rows.jsonl:2: byte 8: the key \"a\" is written twice"),
    (
      "\u{FEFF}{}",
      "rows.jsonl:1: byte 1: starts with a byte-order mark; save the file as UTF-8 without one"
    ),
    ("{\"a\":", "rows.jsonl:1: byte 6: expected a value, found the end"),
  ])
  func refuses(text: String, message: String) {
    #expect(described { _ = try rows(Data(text.utf8)) } == message + " [65]")
  }

  @Test func refusesWhatIsTooLarge() {
    let line = Data("{\"a\":\"0123456789\"}\n".utf8)
    #expect(
      described { _ = try rows(line + line, limit: 37) }
        == "rows.jsonl: larger than 37 bytes; split it or keep fewer rows [65]")
    #expect(described { _ = try rows(line + line, limit: 38) } == "no error")
    #expect(
      described { _ = try rows(line + line, rowLimit: 17) }
        == "rows.jsonl:1: longer than 17 bytes; is a line break missing? [65]")
    #expect(
      described { _ = try rows(Data(repeating: 0x20, count: 70_000)) }
        == "rows.jsonl:1: longer than 65536 bytes; is a line break missing? [65]")
    #expect(
      described { _ = try rows(Data("{}\n".utf8) + [0xFF, 0x0A]) }
        == "rows.jsonl:2: byte 1: not UTF-8 text; save the file as UTF-8 [65]")
  }

  @Test func refusesWhatIsNoFile() throws {
    #expect(
      described { try JSONLines.read("/nonexistent/rows.jsonl") { _ in } }
        == "/nonexistent/rows.jsonl: cannot open: No such file or directory (ENOENT); check the path [66]"
    )
    #expect(
      described { try JSONLines.read("/tmp") { _ in } }
        == "/tmp: is a folder, not a file [66]")
    #expect(
      described { try JSONLines.read("/dev/zero") { _ in } }
        == "/dev/zero: is a device, not a file [66]")
  }
}
