import Text

/// The faults that the reading of a study has found so far.
final class FaultCollection {
  let file: String
  private(set) var faults: [StudyFault] = []
  /// All mappings that were read. They are searched for unknown keys.
  var readers: [Fields] = []

  init(file: String) { self.file = file }

  func add(_ line: Int, _ column: Int, _ keyPath: String, _ problem: StudyFault.Problem) {
    let fault = StudyFault(
      file: file, line: line, column: column, keyPath: keyPath, problem: problem)
    // A schema may read one key in two ways.
    if !faults.contains(fault) { faults.append(fault) }
  }

  /// Whether a fault was found at a path or below it.
  func isFaulty(_ path: String) -> Bool {
    faults.contains {
      $0.keyPath == path || $0.keyPath.hasPrefix(path + ".") || $0.keyPath.hasPrefix(path + "[")
    }
  }

  /// Adds a fault for every key that the schema did not read.
  func addUnknownKeys() {
    for reader in readers {
      let present = Set(reader.keys)
      for member in reader.mapping.members where !reader.asked.contains(member.key) {
        let free = reader.asked.filter { !present.contains($0) }
        add(
          member.line, member.column, Fields.path(reader.path, member.key),
          .unknownKey(nearest: NearestWord.of(member.key, in: free)))
      }
    }
    readers = []
  }
}

/// The search for the word that was probably meant.
public enum NearestWord {
  /// The word with the fewest edits, if at most a third of its letters differ; the first of
  /// several.
  public static func of(_ word: String, in words: [String]) -> String? {
    // So long a text is not a mistyped key, and the comparison takes time proportional to the
    // product of the lengths.
    guard word.utf8.count <= 64 else { return nil }
    let near = words.map {
      ($0, editDistance(word.lowercased(), $0.lowercased(), countsSwaps: true))
    }
    .filter { $1 <= max(1, ($0.count + 1) / 3) }
    return near.min { $0.1 < $1.1 }?.0
  }
}
