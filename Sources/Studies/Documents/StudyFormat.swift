public import JSON

/// The keys of a study file with their types, ranges, defaults and meanings.
///
/// It is recorded by running the schema that reads studies on almost empty documents: every call
/// that reads a key records it. So the description cannot differ from the reading.
public struct StudyFormat: Hashable, Sendable {
  /// The form of a key's value.
  public enum Form: Hashable, Sendable {
    case value(ValueType)
    /// A count from 1, or the first and the last number.
    case range(count: Int, upTo: Int)
    /// Values of one type, and their allowed number.
    case list(ValueType, ClosedRange<Int>)
    case mapping
    /// Mappings with the same keys, and their allowed number.
    case mappings(ClosedRange<Int>)
  }

  /// One key.
  public struct Key: Hashable, Sendable {
    /// The mapping of the key, such as `safety` or `sizes[]`; empty at the root.
    public var parent: String
    public var name: String
    public var form: Form
    public var isRequired: Bool
    /// Nil if there is no default: an absent optional key without a default switches a feature off.
    public var defaultValue: JSONValue?
    public var meaning: String
    /// The conditions under which the key exists; empty if it always exists.
    public var conditions: [String] = []
    /// Defaults under single conditions that differ from `defaultValue`.
    public var otherDefaults: [OtherDefault] = []

    public var path: String { Fields.path(parent, name) }

    /// The path of the mapping or mappings in this key; nil for other forms.
    var childPath: String? {
      switch form {
      case .mapping: path
      case .mappings: path + "[]"
      case .value, .range, .list: nil
      }
    }
  }

  /// A default of a key under one condition.
  public struct OtherDefault: Hashable, Sendable {
    public var condition: String
    public var value: JSONValue
  }

  static let versionMeaning = "The version of this format."

  /// The keys in the order in which the schema reads them, without repetition.
  public private(set) var keys: [Key] = []

  /// Records a schema.
  ///
  /// - Parameters:
  ///   - versions: The versions of the format that `body` reads.
  ///   - documents: YAML that makes `body` read the keys of one condition, such as `data: { kind:
  ///     code }`, with the condition's name. Missing keys of a document are read as if they were
  ///     there.
  ///   - body: The schema: the same closure that reads studies. Its result is not used.
  /// - Throws: `StudyFaults` if a document is not YAML, and what `body` throws.
  public init<Study>(
    versions: ClosedRange<Int>, documents: [(condition: String, text: String)],
    _ body: (Fields) throws -> Study
  ) throws {
    var recordings: [(condition: String, keys: [Key])] = []
    for (condition, text) in documents {
      let document = try StudyDocument(text: text, file: "format")
      let recorder = FormatRecorder()
      let fields = Fields(
        mapping: document.root, path: "", faults: FaultCollection(file: document.file),
        recorder: recorder)
      _ = fields.integer(StudyDocument.versionKey, in: versions, about: Self.versionMeaning)
      _ = try body(fields)
      recordings.append((condition, recorder.keys))
    }
    merge(recordings)
  }

  private mutating func merge(_ recordings: [(condition: String, keys: [Key])]) {
    for (condition, recorded) in recordings {
      for key in recorded {
        guard let index = keys.firstIndex(where: { $0.path == key.path }) else {
          var key = key
          key.conditions = [condition]
          keys.append(key)
          continue
        }
        keys[index].conditions.append(condition)
        if let value = key.defaultValue, value != keys[index].defaultValue {
          keys[index].otherDefaults.append(OtherDefault(condition: condition, value: value))
        }
      }
    }
    for index in keys.indices where keys[index].conditions.count == recordings.count {
      keys[index].conditions = []
    }
  }

  /// The keys of each mapping, mappings in the order of their first key.
  var groups: [(parent: Key?, path: String, keys: [Key])] {
    var groups: [(parent: Key?, path: String, keys: [Key])] = []
    for key in keys {
      if let index = groups.firstIndex(where: { $0.path == key.parent }) {
        groups[index].keys.append(key)
      } else {
        groups.append((keys.first { $0.childPath == key.parent }, key.parent, [key]))
      }
    }
    return groups
  }
}

/// A recorder of the keys that a schema declares while it runs for the description.
final class FormatRecorder {
  private(set) var keys: [StudyFormat.Key] = []

  func note(
    _ parent: String, _ name: String, _ form: StudyFormat.Form, isRequired: Bool,
    default value: JSONValue?, _ meaning: String
  ) {
    let key = StudyFormat.Key(
      parent: parent, name: name, form: form, isRequired: isRequired, defaultValue: value,
      meaning: meaning)
    // A schema may read one key twice.
    if !keys.contains(where: { $0.path == key.path }) { keys.append(key) }
  }
}
