import Tensors

/// The number of tokens that a device chooses for every row before the host reads them.
///
/// Within a portion a row that has ended goes on, and its tokens are dropped. So a long portion wastes the
/// time of ended rows, and a short one makes the device wait for the host. On a GPU waiting costs more; a
/// processor does the host's work too, and the time of an ended row is lost for the others. The portions
/// follow from the counts of ended rows and the kind of device alone. No token depends on them.
package struct Portion {
  /// The first portion, which is also the smallest, and the largest.
  private let range: ClosedRange<Int>
  package private(set) var tokens: Int

  package init(_ range: ClosedRange<Int>) {
    self.range = range
    tokens = range.lowerBound
  }

  /// The portions of a backend.
  init(on backend: any Backend) { self.init(backend.workingSet == nil ? 16...64 : 4...4) }

  /// The number of the next tokens if so many remain. What would be a short rest is included.
  package func next(remaining: Int) -> Int { 4 * remaining < 5 * tokens ? remaining : tokens }

  /// Chooses the next portion: four times the last one, but at most a quarter of the running rows should
  /// end in it, at the rate of the last one.
  ///
  /// - Parameters:
  ///   - ended: the rows that ended in the last portion.
  ///   - running: the rows that had not ended before it.
  package mutating func update(ended: Int, of running: Int) {
    let most = ended == 0 ? range.upperBound : tokens * running / (4 * ended)
    tokens = min(max(min(4 * tokens, most), range.lowerBound), range.upperBound)
  }
}
