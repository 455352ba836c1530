/// The rows of a tensor that have values, in a ragged batch.
///
/// The batch's sequences are stored one after another without padding, in the first rows of a
/// tensor with memory for B sequences of T positions. The number of these rows differs by replica
/// and by step. Operations skip the other rows, which have no values: they are neither read nor
/// written, and take no time. A tensor without live rows uses all rows, sequence b those from b·T
/// on.
///
/// All these numbers are on the device, so every step makes the same calls for any batch.
public final class LiveRows {
  /// (R) int32: the number of rows with values.
  public let counts: Tensor
  /// (R, B) int32: the row of each sequence's first position. Nil if rows are not positions.
  public let starts: Tensor?
  /// (R, B·T) int32: every row's position in its sequence.
  public let positions: Tensor?
  /// The live rows of consecutive chunks of rows, for operations that process one chunk at a time; nil
  /// if there are no such operations.
  public let chunks: Chunks?

  /// Chunks of `rows` rows each; the last one may have fewer.
  public struct Chunks {
    public let rows: Int
    public let live: [LiveRows]

    public init(rows: Int, live: [LiveRows]) {
      self.rows = rows
      self.live = live
    }
  }

  /// Rows that are not positions of sequences, such as those that predict a target.
  public init(counts: Tensor, chunks: Chunks? = nil) {
    require(
      counts.elementType == .int32 && counts.shape.rank == 1, "live rows",
      "counts \(counts.shape) of \(counts.elementType.rawValue) are not (replicas) of int32")
    self.counts = counts
    self.chunks = chunks
    starts = nil
    positions = nil
  }

  /// Rows that are positions of sequences.
  public init(counts: Tensor, starts: Tensor, positions: Tensor) {
    require(
      counts.shape == [starts.shape.replicas] && starts.shape.rank == 2
        && positions.shape.replicas == counts.shape.replicas
        && [counts, starts, positions].allSatisfy { $0.elementType == .int32 }, "live rows",
      "counts \(counts.shape), starts \(starts.shape) and positions \(positions.shape) are not int32 that fit"
    )
    self.counts = counts
    self.starts = starts
    self.positions = positions
    chunks = nil
  }

  /// The live rows of some replicas.
  public func replicas(_ range: Range<Int>) -> LiveRows {
    guard let starts, let positions else {
      return LiveRows(
        counts: counts.replicas(range),
        chunks: chunks.map { Chunks(rows: $0.rows, live: $0.live.map { $0.replicas(range) }) })
    }
    return LiveRows(
      counts: counts.replicas(range), starts: starts.replicas(range),
      positions: positions.replicas(range))
  }
}

/// Traps if tensors of one operation do not have the same live rows.
func requireSameRows(
  _ first: Tensor, _ others: Tensor?..., operation: @autoclosure () -> String
) {
  for case let other? in others {
    require(
      other.live === first.live, operation(),
      "\(first.shape) and \(other.shape) have different live rows")
  }
}
