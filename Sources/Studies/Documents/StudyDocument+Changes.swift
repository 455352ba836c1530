import Text

/// A key whose value differs between two versions of a study file.
public struct StudyChange: Hashable, Sendable {
  /// Such as `safety.doses`.
  public var key: String
  /// The value of the earlier version. Nil if it does not have the key.
  public var before: String?
  /// The value of the later version. Nil if it does not have the key.
  public var now: String?

  /// One line of text, safe for a terminal: `seeds: 3 before, 8 now`.
  public var text: String {
    "\(key): \(before ?? "not set") before, \(now ?? "not set") now"
  }
}

extension StudyDocument {
  /// The keys whose values differ from those of an earlier version: keys of this version in their
  /// order, then keys that only the earlier version has.
  ///
  /// Two ways of writing one number do not differ. Defaults are not known here: a key that only one
  /// version has differs.
  public func changes(from earlier: StudyDocument) -> [StudyChange] {
    StudyNode.changes(from: earlier.root, to: root, path: "")
  }
}

extension StudyNode {
  fileprivate static func changes(
    from earlier: Mapping, to later: Mapping, path: String
  ) -> [StudyChange] {
    func value(_ key: String, in mapping: Mapping) -> StudyNode? {
      mapping.members.first { $0.key == key }?.value
    }
    let keys = later.members.map(\.key)
    return (keys + earlier.members.map(\.key).filter { !keys.contains($0) }).flatMap { key in
      changes(
        from: value(key, in: earlier), to: value(key, in: later), path: Fields.path(path, key))
    }
  }

  private static func changes(
    from earlier: StudyNode?, to later: StudyNode?, path: String
  ) -> [StudyChange] {
    switch (earlier?.content, later?.content) {
    case (.mapping(let earlier), .mapping(let later)):
      return changes(from: earlier, to: later, path: path)
    case (.list(let earlier), .list(let later))
    where earlier.count == later.count && (earlier + later).contains { !$0.isScalar }:
      return zip(earlier, later).enumerated().flatMap { index, pair in
        changes(from: pair.0, to: pair.1, path: "\(path)[\(index)]")
      }
    default:
      let (before, now) = (earlier?.text, later?.text)
      if before == now { return [] }
      if let before = before.flatMap(Double.init), before == now.flatMap(Double.init) { return [] }
      return [
        StudyChange(key: path, before: before?.printable(), now: now?.printable())
      ]
    }
  }

  private var isScalar: Bool {
    switch content {
    case .nothing, .text: true
    case .list, .mapping: false
    }
  }

  /// The value in one line of YAML.
  private var text: String {
    switch content {
    case .nothing: "null"
    case .text(let text, quoted: true): "\"\(text)\""
    case .text(let text, quoted: false): text
    case .list(let values) where values.contains { !$0.isScalar }:
      "\(values.count) \(values.count == 1 ? "entry" : "entries")"
    case .list(let values): "[\(values.map(\.text).joined(separator: ", "))]"
    case .mapping(let mapping):
      "{ \(mapping.members.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ")) }"
    }
  }
}
