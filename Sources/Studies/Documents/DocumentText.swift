import Text
import Foundation
import Yams

/// The text of a study file after the checks before YAML's own, and the translation of YAML's
/// errors.
struct DocumentText {
  let text: String
  private let file: String

  /// Throws `StudyFaults` if the bytes are not text or contain an alias.
  init(_ data: Data, file: String) throws {
    self.file = file
    var bytes = Array(data)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    func line(of offset: Int) -> Int {
      1 + bytes[..<offset].count { $0 == UInt8(ascii: "\n") }
    }
    if let offset = bytes.firstInvalidUTF8 {
      throw StudyFaults([StudyFault(file: file, line: line(of: offset), problem: .notUTF8)])
    }
    let isControl = { (byte: UInt8) in
      byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D || byte == 0x7F
    }
    if let offset = bytes.firstIndex(where: isControl) {
      let problem = StudyFault.Problem.controlCharacter(UInt32(bytes[offset]))
      throw StudyFaults([StudyFault(file: file, line: line(of: offset), problem: problem)])
    }
    if let (offset, name) = Self.firstAlias(bytes) {
      throw StudyFaults([
        StudyFault(file: file, line: line(of: offset), problem: .alias(name: name))
      ])
    }
    if let offset = Self.firstTooDeep(bytes) {
      let problem = StudyFault.Problem.nestedTooDeeply(limit: StudyDocument.depthLimit)
      throw StudyFaults([StudyFault(file: file, line: line(of: offset), problem: problem)])
    }
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// The offset at which more brackets or `?` are open than the allowed nesting.
  ///
  /// The YAML library compares the keys of a mapping with all their content, recursively. Without
  /// this check, 400 KB of nested keys take a minute. The check recognises only quotes and
  /// comments. A file that hides brackets in another way is slow only for its own user.
  private static func firstTooDeep(_ bytes: [UInt8]) -> Int? {
    let limit = StudyDocument.depthLimit
    var depth = 0
    var keyIndicators = 0
    var previous = UInt8(ascii: "\n")
    var offset = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      let isTokenStart = " \t\r\n[{,:?-".utf8.contains(previous)
      switch byte {
      case UInt8(ascii: "#") where isTokenStart:
        offset = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        previous = UInt8(ascii: "\n")
        continue
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if isTokenStart { offset = endOfQuotes(bytes, from: offset) }
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
      case UInt8(ascii: "?"): if isTokenStart { keyIndicators += 1 }
      default: break
      }
      if depth > limit || keyIndicators > limit { return offset }
      previous = byte
      offset += 1
    }
    return nil
  }

  /// The index of the quote that closes the quote at `start`; `start` if there is none.
  private static func endOfQuotes(_ bytes: [UInt8], from start: Int) -> Int {
    let quote = bytes[start]
    var offset = start + 1
    while offset < bytes.count {
      if bytes[offset] == quote { return offset }
      offset += bytes[offset] == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") ? 2 : 1
    }
    return start
  }

  /// The first `*name` for which there is an `&name` anywhere in the file.
  ///
  /// Nested aliases make gigabytes out of 300 bytes, and the comparison of keys reads all of them.
  /// An alias needs an anchor with the same name. So the check searches the bytes for both, and
  /// quotes and comments cannot hide an alias. Ordinary text is refused only if it has the same
  /// word after `&` and after `*`.
  private static func firstAlias(_ bytes: [UInt8]) -> (offset: Int, name: String)? {
    let anchors = Set(names(after: UInt8(ascii: "&"), in: bytes).map(\.name))
    guard !anchors.isEmpty else { return nil }
    return names(after: UInt8(ascii: "*"), in: bytes).first { anchors.contains($0.name) }
  }

  private static func names(
    after sign: UInt8, in bytes: [UInt8]
  ) -> [(offset: Int, name: String)] {
    bytes.indices.filter { bytes[$0] == sign }.compactMap { offset in
      let name = bytes[(offset + 1)...].prefix {
        switch $0 {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      return name.isEmpty ? nil : (offset, String(decoding: name, as: UTF8.self))
    }
  }

  /// An error of Yams as a fault of this program.
  func fault(of error: YamlError) -> StudyFault {
    switch error {
    case .scanner(_, let problem, let mark, _):
      let isTab = problem.contains("cannot start any token") && isTab(at: mark)
      return fault(isTab ? .tabIndentation : .notYAML(problem), mark)
    case .parser(_, let problem, let mark, _):
      let isDeep = problem.hasPrefix("Maximum nesting level")
      return fault(
        isDeep ? .nestedTooDeeply(limit: StudyDocument.depthLimit) : .notYAML(problem), mark)
    case .composer(_, let problem, let mark, _):
      return fault(
        problem.contains("another document") ? .severalDocuments : .notYAML(problem), mark)
    case .duplicatedKeysInMapping(let keys, let context):
      return fault(.duplicateKey, context.mark, keyPath: Fields.path("", keys.first ?? ""))
    case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
      .representer(let problem):
      return fault(.notYAML(problem), nil)
    case .no, .memory, .dataCouldNotBeDecoded:
      return fault(.notYAML("the text cannot be read"), nil)
    }
  }

  private func fault(
    _ problem: StudyFault.Problem, _ mark: Mark?, keyPath: String = ""
  ) -> StudyFault {
    StudyFault(
      file: file, line: mark?.line, column: mark?.column, keyPath: keyPath, problem: problem)
  }

  private func isTab(at mark: Mark) -> Bool {
    let lines = text.utf8.split(
      separator: UInt8(ascii: "\n"), maxSplits: mark.line, omittingEmptySubsequences: false)
    guard lines.indices.contains(mark.line - 1) else { return false }
    return lines[mark.line - 1].contains(UInt8(ascii: "\t"))
  }
}
