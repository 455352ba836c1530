/// The least number of insertions, deletions and substitutions of one byte that turn `first` into
/// `second` (Levenshtein 1966).
public func editDistance(_ first: String, _ second: String) -> Int {
  let columns = Array(second.utf8)
  var previous = Array(0...columns.count)
  for (row, byte) in first.utf8.enumerated() {
    var current = [row + 1]
    current.reserveCapacity(columns.count + 1)
    for (column, other) in columns.enumerated() {
      let substitution = previous[column] + (byte == other ? 0 : 1)
      current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
    }
    previous = current
  }
  return previous[columns.count]
}
