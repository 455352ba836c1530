import Text

/// What a reading of a study has found wrong so far.
final class FaultCollection {
  let file: String
  private(set) var faults: [StudyFault] = []
  /// All mappings that were read, for their unknown keys.
  var readers: [Fields] = []

  init(file: String) { self.file = file }

  func add(_ line: Int, _ column: Int, _ keyPath: String, _ problem: StudyFault.Problem) {
    let fault = StudyFault(
      file: file, line: line, column: column, keyPath: keyPath, problem: problem)
    // A schema may ask for one key in two ways.
    if !faults.contains(fault) { faults.append(fault) }
  }

  /// Notes every key that the schema did not ask for.
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

/// Finds the word that was probably meant.
public enum NearestWord {
  /// The word with the fewest edits, where a third of its letters or fewer differ; the first of
  /// equals.
  public static func of(_ word: String, in words: [String]) -> String? {
    // Nobody means a key by a text as long as this, and comparing takes the product of the lengths.
    guard word.utf8.count <= 64 else { return nil }
    let near = words.map {
      ($0, editDistance(word.lowercased(), $0.lowercased(), countsSwaps: true))
    }
    .filter { $1 <= max(1, ($0.count + 1) / 3) }
    return near.min { $0.1 < $1.1 }?.0
  }
}
