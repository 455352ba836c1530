/// Rows of a table by index, and the sum of gradients that reach each row.
public protocol EmbeddingOperations: AnyObject {
  func computeEmbedding(
    _ sizes: EmbeddingSizes, _ indices: Tensor, table: Tensor, into output: Tensor) throws

  func computeEmbeddingGradient(
    _ sizes: EmbeddingSizes, _ indices: Tensor, outputGradient: Tensor, accumulate: Bool,
    into tableGradient: Tensor) throws
}

extension EmbeddingOperations {
  /// output[r, i, :] = table[r, indices[r, i], :].
  ///
  /// - Parameters:
  ///   - indices: (R, ...) int32, each in 0 ..< V, or -1 for a row of zeros.
  ///   - table: (R, V, C).
  ///   - output: (R, ..., C).
  /// - Throws: A failure of the device.
  public func embedding(_ indices: Tensor, table: Tensor, into output: Tensor) throws {
    let sizes = EmbeddingSizes(
      indices: indices, table: table, output: output, operation: "embedding")
    try computeEmbedding(sizes, indices, table: table, into: output)
  }

  /// tableGradient[r, v, :] (+)= Σ_{i: indices[r, i] = v} outputGradient[r, i, :], i ascending;
  /// indices of -1 are skipped.
  ///
  /// - Parameter accumulate: add to the table's gradient instead of overwriting it.
  /// - Throws: A failure of the device.
  public func embeddingGradient(
    _ indices: Tensor, outputGradient: Tensor, accumulate: Bool, into tableGradient: Tensor
  ) throws {
    let sizes = EmbeddingSizes(
      indices: indices, table: tableGradient, output: outputGradient,
      operation: "embeddingGradient")
    try computeEmbeddingGradient(
      sizes, indices, outputGradient: outputGradient, accumulate: accumulate, into: tableGradient)
  }
}

/// The checked sizes of an embedding call.
public struct EmbeddingSizes: Hashable, Sendable {
  public let replicas: Int
  public let count: Int
  public let rows: Int
  public let channels: Int

  init(indices: Tensor, table: Tensor, output: Tensor, operation: String) {
    replicas = indices.shape.replicas
    count = indices.shape.elementsPerReplica
    require(
      indices.elementType == .int32 && table.shape.rank == 3, operation,
      "indices \(indices.shape) and table \(table.shape) are not int32 and (replicas, rows, channels)"
    )
    rows = table.shape[1]
    channels = table.shape[2]
    require(
      table.shape.replicas == replicas && output.shape.replicas == replicas
        && output.shape.width == channels && output.shape.rowsPerReplica == count, operation,
      "output \(output.shape) does not fit indices \(indices.shape) and table \(table.shape)")
    requireSameRows(indices, output, operation: operation)
  }
}
