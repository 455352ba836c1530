import Kernels
public import Tensors

extension OpenCLBackend {
  public func matmul(
    _ left: Tensor, transposeLeft: Bool, _ right: Tensor, transposeRight: Bool, adding: Tensor?,
    into output: Tensor
  ) throws {
    let sizes = MatrixProduct(
      left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: adding,
      into: output)
    switch style {
    case .wideItems: try multiplyByTiles(sizes, left, right, adding, output)
    case .manyItems: try multiplyThroughLocalMemory(sizes, left, right, adding, output)
    }
  }

  /// Columns are read in panels of two vectors. Where rows of `right` are not contiguous, the last
  /// panel is not whole, or rows lie a multiple of 2 KB apart, which puts them on the same few lines
  /// of a cache, panels are packed first: K·N copies beside M·N·K products.
  private func multiplyByTiles(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    let width = 2 * lanes
    let panels = n.dividedRoundingUp(by: width)
    let packs = sizes.transposeRight || n % width != 0 || n % 512 == 0
    var source = right
    if packs {
      source = try empty([sizes.replicas, panels * k * width])
      let innerPerItem = 256
      try launch(
        .matmulPack, global: (panels, k.dividedRoundingUp(by: innerPerItem), sizes.replicas),
        local: (1, 1, 1)
      ) {
        try $0.tensors(right, source)
        try $0.integers(
          n, k, sizes.transposeRight ? 1 : n, sizes.transposeRight ? k : 1, innerPerItem)
      }
    }
    // Sums of a part of k rest in the output, unless what is added to them lies there.
    let partial = k > 256 && sizes.adds ? try empty(output.shape) : output
    let rowsPerItem = 48
    try launch(
      .matmulTile, global: (panels, m.dividedRoundingUp(by: rowsPerItem), sizes.replicas),
      local: (1, 1, 1)
    ) {
      try $0.tensors(left, source, adding ?? output, output, partial)
      try $0.integers(m, n, k, sizes.transposeLeft ? 1 : k, sizes.transposeLeft ? m : 1)
      try $0.value(UInt64(packs ? k : 1))
      try $0.integers(packs ? width : n, sizes.adds ? 1 : 0, rowsPerItem)
    }
  }

  private func multiplyThroughLocalMemory(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, _ adding: Tensor?, _ output: Tensor
  ) throws {
    let (m, n, k) = (sizes.rows, sizes.columns, sizes.inner)
    try launch(
      .matmulLocal,
      global: (
        n.dividedRoundingUp(by: 64) * 16, m.dividedRoundingUp(by: 64) * 16, sizes.replicas
      ), local: (16, 16, 1)
    ) {
      try $0.tensors(left, right, adding ?? output, output)
      try $0.integers(m, n, k, sizes.transposeLeft ? 1 : k, sizes.transposeLeft ? m : 1)
      try $0.integers(sizes.transposeRight ? 1 : n, sizes.transposeRight ? k : 1)
      try $0.integers(sizes.adds ? 1 : 0)
    }
  }
}
