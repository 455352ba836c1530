import Foundation
import TestSupport
import Testing
import Transformers

@Suite struct StrictJSONTests {
  private static func parse(_ text: String) throws(CheckpointError) -> StrictJSON.Value {
    try StrictJSON.parse(Array(text.utf8), file: "f.json", depthLimit: 4, byteLimit: 4000)
  }

  @Test(
    arguments: [
      ("null", nil), (" true ", true), ("false\n", false),
      ("0", 0), ("-12", -12), ("9223372036854775807", .integer(.max)),
      ("-9223372036854775808", .integer(.min)),
      // Literals that are no exact integer are numbers.
      ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("3.0", .number(3)),
      ("1e2", .number(100)), ("-0", .number(-0.0)), ("2.5E-1", .number(0.25)),
      ("1000000000000000019884624838656", .number(1e30)), ("1e-400", .number(0)),
      ("\"\"", ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
      (#""\u0041\u00e9\uD83D\uDE00""#, "Aé😀"), (#""\u0000""#, "\0"), ("\"é😀\u{7F}\"", "é😀\u{7F}"),
      ("[]", []), ("[1,[2, [3,[]]]]", [1, [2, [3, []]]]), ("{}", [:]),
      (#"{"b":1,"a":{"c":null}}"#, ["b": 1, "a": ["c": nil]]),
      // Canonically equivalent, but not the same key.
      ("{\"\u{E9}\":1,\"e\u{301}\":2}", ["\u{E9}": 1, "e\u{301}": 2]),
    ] as [(String, StrictJSON.Value)])
  func accepts(_ text: String, _ value: StrictJSON.Value) throws {
    #expect(try Self.parse(text) == value)
  }

  @Test(arguments: [
    ("", "byte 0: the text ends where a value belongs"),
    (" ", "byte 1: the text ends where a value belongs"),
    ("\u{FEFF}{}", "byte 0: a byte order mark is not JSON"),
    ("nul", "byte 3: the text ends where null belongs"),
    ("trUe", "byte 2: 'U' where true belongs"),
    ("NaN", "byte 0: 'N' where a value belongs"), ("+1", "byte 0: '+' where a value belongs"),
    (".5", "byte 0: '.' where a value belongs"),
    ("1.", "byte 2: the text ends where a digit belongs"),
    ("-", "byte 1: the text ends where a digit belongs"),
    ("-a", "byte 1: 'a' where a digit belongs"),
    ("01", "byte 0: a number has a leading zero"), ("-00", "byte 0: a number has a leading zero"),
    ("1e", "byte 2: the text ends where a digit belongs"),
    ("1e999", "byte 0: a number is larger than any double"),
    ("0x10", "byte 1: 'x' where the end belongs"), ("1 2", "byte 2: '2' where the end belongs"),
    ("\"a", "byte 2: the text ends where '\"' belongs"),
    ("\"a\nb\"", "byte 2: byte 0x0A stands unescaped in a string"),
    ("\"\\x\"", "byte 1: the escape is none of JSON's"),
    ("\"\\u12G4\"", "byte 5: 'G' where a hexadecimal digit belongs"),
    ("\"\\uD800\"", "byte 1: half of a surrogate pair is not a character"),
    ("\"\\uDC00\\uD800\"", "byte 1: half of a surrogate pair is not a character"),
    ("\"\\uD800\\u0041\"", "byte 1: half of a surrogate pair is not a character"),
    ("'a'", "byte 0: ''' where a value belongs"),
    ("[1,]", "byte 3: ']' where a value belongs"),
    ("[1 2]", "byte 3: '2' where ',' or ']' belongs"),
    ("[", "byte 1: the text ends where a value belongs"),
    ("{\"a\"}", "byte 4: '}' where ':' belongs"),
    ("{\"a\":1,}", "byte 7: '}' where a string belongs"),
    ("{a:1}", "byte 1: 'a' where a string belongs"),
    ("{\"a\":1,\"b\":2,\"a\":3}", "byte 13: the key \"a\" appears twice"),
    ("{\"a\":1,\"\\u0061\":3}", "byte 7: the key \"a\" appears twice"),
    ("{\"\\u001b[2J\":1,\"\\u001b[2J\":1}", "byte 15: the key \"\\u{1B}[2J\" appears twice"),
    ("[[[[[]]]]]", "byte 4: arrays and objects lie more than 4 deep"),
    ("/* */ 1", "byte 0: '/' where a value belongs"),
    (String(repeating: "1", count: 1025), "byte 0: a number has more than 1024 characters"),
    (String(repeating: " ", count: 4001), "has 4001 bytes, more than the 4000 that are read"),
  ])
  func refuses(_ text: String, _ message: String) {
    let error = #expect(throws: CheckpointError.self) { try Self.parse(text) }
    #expect(error?.line == "f.json: " + message)
  }

  @Test(
    arguments: [
      ([0x22, 0xFF, 0x22], "byte 0: the string is not UTF-8"),
      ([0x22, 0xC0, 0x80, 0x22], "byte 0: the string is not UTF-8"),
      ([0x22, 0xED, 0xA0, 0x80, 0x22], "byte 0: the string is not UTF-8"),
      ([0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22], "byte 0: the string is not UTF-8"),
      // UTF-16, with and without a byte order mark.
      ([0xFF, 0xFE, 0x31, 0x00], "byte 0: byte 0xFF where a value belongs"),
      ([0x00, 0x31], "byte 0: byte 0x00 where a value belongs"),
      ([0x31, 0x00], "byte 1: byte 0x00 where the end belongs"),
      ([0x5B, 0xC2, 0xA0, 0x5D], "byte 1: byte 0xC2 where a value belongs"),
    ] as [([UInt8], String)])
  func refusesBytes(_ bytes: [UInt8], _ message: String) {
    let error = #expect(throws: CheckpointError.self) {
      try StrictJSON.parse(bytes, file: "f.json")
    }
    #expect(error?.line == "f.json: " + message)
  }

  @Test func deepNestingEndsEarly() {
    let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 200_000)
    let error = #expect(throws: CheckpointError.self) {
      try StrictJSON.parse(bytes, file: "f.json")
    }
    #expect(error?.line == "f.json: byte 64: arrays and objects lie more than 64 deep")
  }

  @Test func writesBothLayouts() {
    let value: StrictJSON.Value = [
      "z": [1, -2.5, 10000.0, 1e-5], "a": ["x": nil, "e": [], "o": [:]], "s": "\"\\\n\u{1}é",
    ]
    #expect(
      StrictJSON.text(value)
        == #"{"z":[1,-2.5,10000.0,1e-05],"a":{"x":null,"e":[],"o":{}},"s":"\"\\\n\u0001é"}"#)
    // json.dumps(value, indent=2, ensure_ascii=False) of Python 3.11, and a line break.
    #expect(
      StrictJSON.text(value, layout: .indented) == #"""
        {
          "z": [
            1,
            -2.5,
            10000.0,
            1e-05
          ],
          "a": {
            "x": null,
            "e": [],
            "o": {}
          },
          "s": "\"\\\n\u0001é"
        }

        """#)
  }

  @Test func numbersComeBackExactly() throws {
    var generator = SplitMix64(state: 1)
    for _ in 0..<2000 {
      let number = Double(bitPattern: generator.next())
      guard number.isFinite else { continue }
      #expect(try Self.parse(StrictJSON.text(.number(number))) == .number(number))
    }
  }

  /// Damaged JSON is read or refused; it never traps, and what is read can be written and read again.
  @Test func survivesBitFlips() throws {
    let text = #"{"a":[1,-2.5e3,"x\u00e9\n😀",null,true],"b":{"c":{},"d":[[]]},"e":false}"#
    var generator = SplitMix64(state: 2)
    var accepted = 0
    for _ in 0..<2000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
          1 << UInt8.random(in: 0..<8, using: &generator)
      }
      guard let value = try? StrictJSON.parse(bytes, file: "f.json") else { continue }
      accepted += 1
      #expect(try Self.parse(StrictJSON.text(value)) == value)
    }
    #expect((100..<1500).contains(accepted))
  }
}
