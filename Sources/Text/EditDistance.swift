/// The smallest number of insertions, deletions and substitutions of one element that turn `first`
/// into `second` (Levenshtein 1966).
///
/// - Parameter countsSwaps: Whether a swap of two neighbours is also one step (optimal string
///   alignment).
/// - Complexity: O(first.count * second.count).
public func editDistance<Element: Equatable>(
  _ first: some Sequence<Element>, _ second: some Sequence<Element>, countsSwaps: Bool = false
) -> Int {
  let (first, second) = (Array(first), Array(second))
  var previous: [Int] = []
  var row = Array(0...second.count)
  for i in first.indices {
    let above = row
    row[0] = i + 1
    for j in second.indices {
      var best = min(
        above[j] + (first[i] == second[j] ? 0 : 1), above[j + 1] + 1, row[j] + 1)
      if countsSwaps, i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
        best = min(best, previous[j - 1] + 1)
      }
      row[j + 1] = best
    }
    previous = above
  }
  return row[second.count]
}

/// The smallest number of insertions, deletions and substitutions of one byte of UTF-8 that turn
/// `first` into `second`.
public func editDistance(_ first: String, _ second: String) -> Int {
  editDistance(first.utf8, second.utf8)
}
