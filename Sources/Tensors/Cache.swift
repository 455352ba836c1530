/// Keys and values of earlier positions, and attention of one new position per row over them.
///
/// A layer's cache is two tensors (R, B, H, T, D), views into (R, L, B, H, T, D).
public protocol CacheOperations: AnyObject {
  /// Copies keys and values of a rotated projection (R, B, T', 3C) to positions 0 ..< T' of the
  /// caches; T' <= T.
  func storeKeysAndValues(_ projection: Tensor, heads: Int, keys: Tensor, values: Tensor) throws

  /// Stores key and value of the rotated projection (R, B, 1, 3C) at `positions[r, b]` and attends
  /// to positions 0 ... positions[r, b].
  ///
  /// - Parameter output: (R, B, 1, C).
  func attentionDecode(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor, positions: Tensor,
    into output: Tensor) throws
}

/// The checked sizes of a cache call.
public struct CacheSizes: Hashable, Sendable {
  public let attention: AttentionSizes
  /// Positions that the cache can hold.
  public let capacity: Int

  public init(
    projection: Tensor, heads: Int, keys: Tensor, values: Tensor, operation: String
  ) {
    attention = AttentionSizes(projection: projection, heads: heads, operation: operation)
    let shape = keys.shape
    require(
      shape.rank == 5 && shape[0] == attention.replicas && shape[1] == attention.batch
        && shape[2] == heads && shape[4] == attention.headWidth
        && shape[3] >= attention.positions && values.shape == shape, operation,
      "caches \(shape) and \(values.shape) do not fit projection \(projection.shape)")
    capacity = shape[3]
  }
}
