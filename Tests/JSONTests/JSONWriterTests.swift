import JSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
  @Test func writesBothLayouts() {
    let value: JSONValue = [
      "z": [1, -2.5, 10000.0, 1e-5], "a": ["x": nil, "e": [], "o": [:]], "s": "\"\\\n\u{1}é",
    ]
    #expect(
      JSONWriter.text(value)
        == #"{"z":[1,-2.5,10000.0,1e-05],"a":{"x":null,"e":[],"o":{}},"s":"\"\\\n\u0001é"}"#)
    // json.dumps(value, indent=2, ensure_ascii=False) of Python 3.11, and a line break.
    #expect(
      JSONWriter.text(value, layout: .indented) == #"""
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
      #expect(try JSONReader.value(of: JSONWriter.text(.number(number)).utf8) == .number(number))
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
      guard let value = try? JSONReader.value(of: bytes) else { continue }
      accepted += 1
      #expect(try JSONReader.value(of: JSONWriter.text(value).utf8) == value)
    }
    #expect((100..<1500).contains(accepted))
  }

  /// Lines for a terminal have escapes where lines of products have the characters.
  @Test func visibleLinesHaveNoHiddenCharacters() throws {
    let hidden =
      Array(UInt32(0x80)...0x9f) + [0x200e, 0x200f] + Array(0x202a...0x202e)
      + Array(0x2066...0x2069)
    for code in hidden {
      let scalar = try #require(Unicode.Scalar(code))
      let row = ["text": "a" + String(Character(scalar)) + "é"]
      let digits = String(code, radix: 16)
      let escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      #expect(try JSONLines.visibleLine(row) == "{\"text\":\"a\(escape)é\"}\n")
      #expect(
        try JSONReader.value(of: Array(JSONLines.visibleLine(row).utf8))
          == JSONReader.value(of: JSONLines.line(row)))
      #expect(
        try String(decoding: JSONLines.line(row), as: UTF8.self)
          == "{\"text\":\"a\(Character(scalar))é\"}\n")
    }
    // Keys are sorted, and numbers are canonical, as in lines of products.
    #expect(
      try JSONLines.visibleLine(["b": 1e21, "a": .nan]) == #"{"a":null,"b":1e+21}"# + "\n")
  }

  @Test func hiddenCharactersBecomeEscapesThatReadBack() throws {
    let value: JSONValue = ["a\u{1b}[2J": "\r\n\t\u{8}\u{9b}\u{202e}\u{e0001}é\u{fffd}"]
    let text = JSONWriter.text(value, escapesHidden: true)
    #expect(
      text == #"{"a\u001b[2J":"\r\n\t\u0008\u009b\u202e\udb40\udc01é\ufffd"}"#)
    #expect(try JSONReader.value(of: text.utf8) == value)
    #expect(
      JSONWriter.text([.number(.nan), .number(-.infinity)], nonFinite: .null) == "[null,null]")
  }
}
