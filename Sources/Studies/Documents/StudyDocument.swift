import Files
import Text
public import Foundation
import Yams

/// A study file in YAML or JSON, read into keys, lists and texts with their lines.
///
/// YAML does not decide types: `no`, `012` and `1:30` stay texts until the study's schema reads
/// them with a type. Aliases, tags and duplicate keys are refused.
public struct StudyDocument: Sendable {
  /// The largest allowed size of a study file in bytes.
  public static let sizeLimit = 1 << 20
  /// The deepest allowed nesting of lists and mappings.
  public static let depthLimit = 32
  /// The key of the format's version in every study file.
  public static let versionKey = "version"

  /// The file as the user named it.
  public let file: String
  /// The file's bytes.
  public let data: Data
  let root: StudyNode.Mapping

  /// Reads a file. Throws `FileError` if it cannot be read, and `StudyFaults`.
  public init(contentsOf path: String) throws {
    let data: Data
    do {
      data = try SystemFiles().read(path, limit: Self.sizeLimit)
    } catch let error as FileError where error.codeName == "EFBIG" {
      throw StudyFaults([StudyFault(file: path, problem: .tooLarge(limit: Self.sizeLimit))])
    }
    try self.init(data: data, file: path)
  }

  /// Reads a text. Throws `StudyFaults`.
  public init(text: String, file: String) throws {
    try self.init(data: Data(text.utf8), file: file)
  }

  /// Reads a file's bytes. Throws `StudyFaults`.
  public init(data: Data, file: String) throws {
    self.file = file
    self.data = data
    func fault(_ problem: StudyFault.Problem, _ mark: Mark? = nil) -> StudyFaults {
      StudyFaults([
        StudyFault(file: file, line: mark?.line, column: mark?.column, problem: problem)
      ])
    }
    guard data.count <= Self.sizeLimit else { throw fault(.tooLarge(limit: Self.sizeLimit)) }
    let text = try DocumentText(data, file: file)
    let node: Node?
    do {
      // Without rules for types every scalar without a tag is a text.
      node = try Parser(yaml: text.text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw StudyFaults([text.fault(of: error)])
    }
    guard let node, !node.isEmptyScalar else { throw fault(.empty) }
    var composition = Composition(file: file)
    let root = composition.node(node, path: "", depth: 0)
    guard composition.faults.isEmpty else { throw StudyFaults(composition.faults) }
    guard case .mapping(let mapping) = root.content else {
      throw StudyFaults([
        StudyFault(
          file: file, line: root.line, column: root.column,
          problem: .notAMapping(found: root.found))
      ])
    }
    self.root = mapping
  }

  /// Reads the study with its schema and throws all its faults together.
  ///
  /// For a wrong value `body` gets a stand-in that fits the schema, so it continues to the next
  /// fault. The result of `body` is then not used.
  ///
  /// - Parameters:
  ///   - versions: The versions of the format that `body` reads, under the key `version`.
  ///   - body: Reads every key of the schema. Keys that it does not read are faults.
  /// - Throws: `StudyFaults`, and what `body` throws if the file has no faults.
  public func read<Study>(
    versions: ClosedRange<Int>, _ body: (Fields) throws -> Study
  ) throws -> Study {
    let collection = FaultCollection(file: file)
    let fields = Fields(mapping: root, path: "", faults: collection)
    let version = fields.integer(
      Self.versionKey, in: 1...Int.max, about: StudyFormat.versionMeaning)
    if !collection.faults.isEmpty { throw StudyFaults(collection.faults) }
    guard versions.contains(version) else {
      fields.fault(
        Self.versionKey, .unsupportedVersion(found: version, supported: versions))
      throw StudyFaults(collection.faults)
    }
    let result = Result { try body(fields) }
    collection.addUnknownKeys()
    guard collection.faults.isEmpty else { throw StudyFaults(collection.faults) }
    return try result.get()
  }
}

/// A value of a study file and its position.
struct StudyNode: Sendable {
  struct Mapping: Sendable {
    struct Member: Sendable {
      var key: String
      var line: Int
      var column: Int
      var value: StudyNode
    }
    var members: [Member]
    var line: Int
    var column: Int
  }

  enum Content: Sendable {
    /// Null, written as nothing, `~` or `null`.
    case nothing
    case text(String, quoted: Bool)
    case list([StudyNode])
    case mapping(Mapping)
  }

  var content: Content
  var line: Int
  var column: Int

  /// The value as text for an error.
  var found: StudyFault.Found {
    switch content {
    case .nothing: .nothing
    case .list: .list
    case .mapping: .mapping
    case .text(let text, quoted: true): .quoted(text)
    case .text(let text, quoted: false): text.looksLikeNumber ? .number(text) : .word(text)
    }
  }
}

extension String {
  /// Whether the text has only digits and characters between digits. Errors show it without quotes.
  fileprivate var looksLikeNumber: Bool {
    utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && utf8.allSatisfy { "0123456789+-.eE_,:".utf8.contains($0) }
  }
}

/// The conversion of Yams' nodes. It refuses features that studies do not use.
private struct Composition {
  let file: String
  var faults: [StudyFault] = []

  mutating func node(_ node: Node, path: String, depth: Int) -> StudyNode {
    let line = node.mark?.line ?? 1
    let column = node.mark?.column ?? 1
    var content = StudyNode.Content.nothing
    func fault(_ problem: StudyFault.Problem) -> StudyFault {
      StudyFault(file: file, line: line, column: column, keyPath: path, problem: problem)
    }
    if let tag = node.explicitTag { faults.append(fault(.tag(tag))) }
    switch node {
    case .scalar(let scalar):
      let quoted = scalar.style != .plain
      let isNull = !quoted && ["", "~", "null"].contains(scalar.string)
      content = isNull ? .nothing : .text(scalar.string, quoted: quoted)
    case .sequence, .mapping:
      guard depth < StudyDocument.depthLimit else {
        faults.append(fault(.nestedTooDeeply(limit: StudyDocument.depthLimit)))
        break
      }
      if case .sequence(let sequence) = node {
        content = .list(
          sequence.enumerated().map { self.node($1, path: "\(path)[\($0)]", depth: depth + 1) })
      } else if case .mapping(let mapping) = node {
        content = .mapping(
          .init(
            members: members(mapping, path: path, depth: depth), line: line, column: column))
      }
    case .alias: break
    }
    return StudyNode(content: content, line: line, column: column)
  }

  private mutating func members(
    _ mapping: Node.Mapping, path: String, depth: Int
  ) -> [StudyNode.Mapping.Member] {
    var members: [StudyNode.Mapping.Member] = []
    var seen: Set<[UInt8]> = []
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      let column = key.mark?.column ?? 1
      guard case .scalar(let scalar) = key else {
        faults.append(
          StudyFault(
            file: file, line: line, column: column, keyPath: path, problem: .keyNotText))
        continue
      }
      let keyPath = Fields.path(path, scalar.string)
      if !seen.insert(Array(scalar.string.utf8)).inserted {
        faults.append(
          StudyFault(
            file: file, line: line, column: column, keyPath: keyPath, problem: .duplicateKey))
      }
      members.append(
        .init(
          key: scalar.string, line: line, column: column,
          value: node(value, path: keyPath, depth: depth + 1)))
    }
    return members
  }
}

extension Node {
  fileprivate var isEmptyScalar: Bool {
    guard case .scalar(let scalar) = self else { return false }
    return scalar.style == .plain && scalar.string.isEmpty
  }

  /// An explicit tag, such as `!!int` or `!include`.
  fileprivate var explicitTag: String? {
    let tag = tag.description
    let implicit: Set = [
      "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "", "!",
    ]
    return implicit.contains(tag)
      ? nil : tag.replacingOccurrences(of: "tag:yaml.org,2002:", with: "!!")
  }
}
