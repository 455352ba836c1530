public import Tensors

extension CPUBackend {
  public func computeEmbedding(
    _ sizes: EmbeddingSizes, _ indices: Tensor, table: Tensor, into output: Tensor
  ) throws {
    let channels = sizes.channels
    let (rows, values, y) = (integers(indices), floats(table), floats(output))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.count, cost: channels,
      limits: liveRows(of: indices)
    ) { replica, range in
      for i in range {
        let index = Int(rows[replica][i])
        let target = y[replica] + i * channels
        if index == -1 {
          target.update(repeating: 0, count: channels)
          continue
        }
        checkIndex(index, below: sizes.rows, "embedding")
        target.update(
          from: values[replica] + index * channels, count: channels)
      }
    }
  }

  public func computeEmbeddingGradient(
    _ sizes: EmbeddingSizes, _ indices: Tensor, outputGradient: Tensor, accumulate: Bool,
    into tableGradient: Tensor
  ) throws {
    let channels = sizes.channels
    let (rows, g, table) = (integers(indices), floats(outputGradient), floats(tableGradient))
    let counts = liveRows(of: indices)
    // A piece computes a range of the table's rows and searches all indices for them, in order.
    let pieces = min(8, sizes.rows)
    func body(_ item: Int) {
      let (replica, piece) = (item / pieces, item % pieces)
      let owned = piece * sizes.rows / pieces..<(piece + 1) * sizes.rows / pieces
      let target = table[replica]
      if !accumulate {
        (target + owned.lowerBound * channels).update(
          repeating: 0, count: owned.count * channels)
      }
      for i in 0..<(counts?[replica] ?? sizes.count) {
        let index = Int(rows[replica][i])
        if index == -1 { continue }
        checkIndex(index, below: sizes.rows, "embeddingGradient")
        guard owned.contains(index) else { continue }
        let (from, to) = (g[replica] + i * channels, target + index * channels)
        forEachLanes(channels) { c, lanes in
          (Lanes(to + c, count: lanes) + Lanes(from + c, count: lanes))
            .store(to + c, count: lanes)
        }
      }
    }
    let items = sizes.replicas * pieces
    workers.splitRows(
      replicas: 1, rows: items, cost: (sizes.count + sizes.rows) * channels / pieces
    ) { _, range in
      for item in range { body(item) }
    }
  }
}
