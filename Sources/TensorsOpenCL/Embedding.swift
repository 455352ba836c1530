import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeEmbedding(
    _ sizes: EmbeddingSizes, _ indices: Tensor, table: Tensor, into output: Tensor
  ) throws {
    try launch(
      .embedding, teams: sizes.count.dividedRoundingUp(by: rowsPerItem), replicas: sizes.replicas
    ) {
      try $0.tensor(indices)
      // Rows of the table that no index names are not read.
      try $0.tensor(table, share: min(1, Double(sizes.count) / Double(max(1, sizes.rows))))
      try $0.tensor(output)
      try $0.live(of: indices)
      try $0.integers(sizes.count, sizes.channels, rowsPerItem)
    }
  }

  public func computeEmbeddingGradient(
    _ sizes: EmbeddingSizes, _ indices: Tensor, outputGradient: Tensor, accumulate: Bool,
    into tableGradient: Tensor
  ) throws {
    let channels =
      style == .wideItems ? 1 : sizes.channels.dividedRoundingUp(by: 4 * team)
    try launch(
      .embeddingGradient, global: (sizes.rows * team, sizes.replicas, channels),
      local: (team, 1, 1),
      counted: Double(outputGradient.shape.elementCount)
    ) {
      try $0.tensors(indices, outputGradient)
      try $0.tensor(tableGradient, share: accumulate ? 2 : 1)
      try $0.live(of: indices)
      try $0.integers(sizes.count, sizes.rows, sizes.channels, accumulate ? 1 : 0)
    }
  }
}
