import Kernels
public import Tensors

extension OpenCLBackend {
  public func storeKeysAndValues(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor
  ) throws {
    let sizes = CacheSizes(
      projection: projection, heads: heads, keys: keys, values: values,
      operation: "storeKeysAndValues")
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

  public func attentionDecode(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor, positions: Tensor,
    into output: Tensor
  ) throws {
    let sizes = CacheSizes(
      projection: projection, heads: heads, keys: keys, values: values,
      operation: "attentionDecode")
    let attention = sizes.attention
    require(
      attention.positions == 1
        && positions.shape == [attention.replicas, attention.batch]
        && output.shape == [attention.replicas, attention.batch, 1, attention.channels],
      "attentionDecode",
      "positions \(positions.shape) and output \(output.shape) do not fit \(projection.shape)")
    let isWide = style == .wideItems
    try launch(
      isWide ? .attentionDecode : .attentionDecodeLocal, constants: ["D": attention.headWidth],
      global: (heads * team, attention.batch, attention.replicas), local: (team, 1, 1)
    ) {
      try $0.tensors(projection, keys, values, positions, output)
      try $0.integers(heads, sizes.capacity)
      try $0.value(1 / Float(attention.headWidth).squareRoot())
    }
  }
}
