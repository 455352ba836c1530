import Foundation
import Studies
import Testing

/// Files that no study is: they end in one line, at once.
@Suite struct HostileDocumentTests {
  /// Whole files, and what is said of them.
  static let files: [(Data, [String])] = [
    (Data(), ["menu.yaml: empty; write a study (`dormouse studies show quickstart` prints one)"]),
    (
      Data("# nothing\n".utf8),
      ["menu.yaml: empty; write a study (`dormouse studies show quickstart` prints one)"]
    ),
    (
      Data("---\n...\n".utf8),
      ["menu.yaml: empty; write a study (`dormouse studies show quickstart` prints one)"]
    ),
    (Data("just words".utf8), ["menu.yaml:1: expected keys and values, found \"just words\""]),
    (Data("- a\n- b\n".utf8), ["menu.yaml:1: expected keys and values, found a list"]),
    (Data("{}".utf8), ["menu.yaml:1: version: missing; add a whole number of at least 1"]),
    (Data([0x76, 0x3A, 0x20, 0xFF]), ["menu.yaml:1: not UTF-8 text; save the file as UTF-8"]),
    (
      Data([0xFF, 0xFE, 0x76, 0x00]), ["menu.yaml:1: not UTF-8 text; save the file as UTF-8"]
    ),
    (
      Data("a: 1\nb: \0\n".utf8),
      ["menu.yaml:2: the control character U+0000 is not allowed in a study file; remove it"]
    ),
    (
      Data("a: \u{1B}[2J\n".utf8),
      ["menu.yaml:1: the control character U+001B is not allowed in a study file; remove it"]
    ),
    (
      Data([0x7F, 0x45, 0x4C, 0x46, 0x02, 0x01, 0x00]),
      [
        "menu.yaml:1: the control character U+007F is not allowed in a study file; remove it"
      ]
    ),
    (
      Data(repeating: 0x23, count: (1 << 20) + 1),
      ["menu.yaml: larger than 1048576 bytes; is it a study file?"]
    ),
    (Data("a: @b".utf8), ["menu.yaml:1: not YAML: found character that cannot start any token"]),
    (Data("a: *b".utf8), ["menu.yaml:1: not YAML: found undefined alias"]),
    (
      Data("a: &x [1]\nb: &y [*x, *x]\n".utf8),
      ["menu.yaml:2: the alias *x is not supported; write the value itself"]
    ),
  ]

  @Test(arguments: files.indices) func saysOfFiles(index: Int) {
    let (data, expected) = Self.files[index]
    #expect(
      faultLines {
        _ = try StudyDocument(data: data, file: "menu.yaml").read(versions: 1...1, Menu.init)
      } == expected)
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "[[{a: ", "{? ", "{", "[{"])
  func deepNestingIsRefused(opening: String) {
    let text = String(repeating: opening, count: 200_000 / opening.count)
    let start = ContinuousClock.now
    let lines = faultLines { _ = try StudyDocument(text: text, file: "menu.yaml") }
    #expect(lines == ["menu.yaml:1: nested more than 32 levels deep"])
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test func keysInsideKeysEndInTime() {
    // Keys are compared, and each of these is a key of the next.
    let wide = "[" + String(repeating: "1,", count: 200_000) + "1]"
    for text in [
      String(repeating: "? ", count: 400) + wide,
      String(repeating: "{", count: 400) + wide + String(repeating: "}", count: 400),
    ] {
      let start = ContinuousClock.now
      let lines = faultLines { _ = try StudyDocument(text: text, file: "f") }
      #expect(lines == ["f:1: nested more than 32 levels deep"])
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }

  @Test func nestingHasALimit() {
    func text(_ depth: Int) -> String {
      "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    // The root is the first level.
    #expect(faultLines { _ = try StudyDocument(text: text(31), file: "f") } == [])
    #expect(
      faultLines { _ = try StudyDocument(text: text(32), file: "f") }
        == ["f:1: a" + String(repeating: "[0]", count: 31) + ": nested more than 32 levels deep"])
    #expect(
      faultLines { _ = try StudyDocument(text: text(33), file: "f") }
        == ["f:1: nested more than 32 levels deep"])
    let blocks = (0..<40).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
    #expect(
      faultLines { _ = try StudyDocument(text: blocks + " 1", file: "f") }.first?
        .hasSuffix("a.a: nested more than 32 levels deep") == true)
    // Dashes are left to the YAML library's own limit.
    let dashes = String(repeating: "- ", count: 5000)
    #expect(
      faultLines { _ = try StudyDocument(text: "b:\n  " + dashes, file: "f") }
        == ["f:2: nested more than 32 levels deep"])
  }

  @Test func anAliasBombIsRefusedAtOnce() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<12 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    text += "? *a11\n: 1\n"
    let start = ContinuousClock.now
    #expect(
      faultLines { _ = try StudyDocument(text: text, file: "bomb.yaml") }
        == ["bomb.yaml:2: the alias *a0 is not supported; write the value itself"])
    #expect(ContinuousClock.now - start < .seconds(1))
  }
}
