/// Keys and values of earlier positions, and attention of one new position per row over them.
///
/// A layer's cache is two tensors (R, B, H, T, D), views into (R, L, B, H, T, D).
public protocol CacheOperations: AnyObject {
  func computeStoreKeysAndValues(
    _ sizes: CacheSizes, _ projection: Tensor, keys: Tensor, values: Tensor) throws

  func computeAttentionDecode(
    _ sizes: CacheSizes, _ projection: Tensor, table: Tensor, keys: Tensor, values: Tensor,
    positions: Tensor, step: Int, into output: Tensor) throws
}

extension CacheOperations {
  /// Copies keys and values of a rotated projection (R, B, T', 3C) to positions 0 ..< T' of the
  /// caches; T' <= T.
  ///
  /// - Throws: A failure of the device.
  public func storeKeysAndValues(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor
  ) throws {
    let sizes = CacheSizes(
      projection: projection, heads: heads, keys: keys, values: values,
      operation: "storeKeysAndValues")
    try computeStoreKeysAndValues(sizes, projection, keys: keys, values: values)
  }

  /// Attends from position t = `positions[r, b] + step` of every row to positions 0 ... t.
  ///
  /// Query and key of the projection are rotated by their position, as `rotary` does. Key and value
  /// are stored at position t of the caches before. The positions can be uploaded once for many
  /// steps.
  ///
  /// - Parameters:
  ///   - projection: (R, B, 1, 3C), not rotated.
  ///   - table: (1, positions, D/2, 2): cosine and sine, made once by `RotaryTable`.
  ///   - positions: (R, B) int32. Every t is in 0 ..< T and in the table.
  ///   - step: added to every position.
  ///   - output: (R, B, 1, C).
  /// - Throws: A failure of the device.
  public func attentionDecode(
    _ projection: Tensor, heads: Int, table: Tensor, keys: Tensor, values: Tensor,
    positions: Tensor, step: Int = 0, into output: Tensor
  ) throws {
    let name = "attentionDecode"
    let sizes = CacheSizes(
      projection: projection, heads: heads, keys: keys, values: values, operation: name)
    let attention = sizes.attention
    let (r, b, c) = (attention.replicas, attention.batch, attention.channels)
    require(
      attention.positions == 1, name,
      "projection \(projection.shape) has not one position per row")
    require(
      positions.shape == [r, b] && positions.elementType == .int32, name,
      "positions \(positions.shape) are not int32 (replicas, batch) = [\(r), \(b)]")
    require(
      output.shape == [r, b, 1, c], name,
      "output \(output.shape) does not fit projection \(projection.shape)")
    attention.requireFitting(table, positions: 1, operation: name)
    require(
      Int32(exactly: step) != nil, name, "step \(step) is not a 32-bit integer")
    try computeAttentionDecode(
      sizes, projection, table: table, keys: keys, values: values, positions: positions,
      step: step, into: output)
  }
}

/// The checked sizes of a cache call.
public struct CacheSizes: Hashable, Sendable {
  public let attention: AttentionSizes
  /// The number of positions in the cache.
  public let capacity: Int

  init(
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
