import Kernels
public import Tensors

extension OpenCLBackend {
  public func computeStoreKeysAndValues(
    _ sizes: CacheSizes, _ projection: Tensor, keys: Tensor, values: Tensor
  ) throws {
    let heads = sizes.attention.heads
    let rows = sizes.attention.batch * sizes.attention.positions
    try launch(
      .cacheStore, teams: rows.dividedRoundingUp(by: rowsPerItem),
      replicas: sizes.attention.replicas
    ) {
      try $0.tensors(projection, keys, values)
      try $0.integers(
        rows, sizes.attention.positions, heads, sizes.attention.headWidth, sizes.capacity,
        rowsPerItem)
    }
  }

  public func computeAttentionDecode(
    _ sizes: CacheSizes, _ projection: Tensor, table: Tensor, keys: Tensor, values: Tensor,
    positions: Tensor, step: Int, into output: Tensor
  ) throws {
    let (attention, heads) = (sizes.attention, sizes.attention.heads)
    let isWide = style == .wideItems
    try launch(
      isWide ? .attentionDecode : .attentionDecodeLocal, constants: ["D": attention.headWidth],
      global: (heads * team, attention.batch, attention.replicas), local: (team, 1, 1)
    ) {
      try $0.tensors(projection, table, keys, values, positions, output)
      try $0.integers(step, heads, sizes.capacity)
      try $0.value(1 / Float(attention.headWidth).squareRoot())
    }
  }
}
