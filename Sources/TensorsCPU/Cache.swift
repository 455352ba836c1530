public import Tensors

extension CPUBackend {
  public func computeStoreKeysAndValues(
    _ sizes: CacheSizes, _ projection: Tensor, keys: Tensor, values: Tensor
  ) throws {
    let (attention, heads) = (sizes.attention, sizes.attention.heads)
    let (positions, width, channels) = (
      attention.positions, attention.headWidth, attention.channels
    )
    let (x, k, v) = (floats(projection), floats(keys), floats(values))
    workers.splitRows(
      replicas: attention.replicas, rows: attention.batch * heads, cost: 2 * positions * width
    ) { replica, range in
      for item in range {
        let (row, head) = (item / heads, item % heads)
        let cache = item * sizes.capacity * width
        for position in 0..<positions {
          let source =
            x[replica] + (row * positions + position) * 3 * channels + channels + head * width
          let target = cache + position * width
          (k[replica] + target).update(from: source, count: width)
          (v[replica] + target).update(from: source + channels, count: width)
        }
      }
    }
  }

  public func computeAttentionDecode(
    _ sizes: CacheSizes, _ projection: Tensor, table: Tensor, keys: Tensor, values: Tensor,
    positions: Tensor, step: Int, into output: Tensor
  ) throws {
    let (attention, heads) = (sizes.attention, sizes.attention.heads)
    let (batch, width, channels) = (attention.batch, attention.headWidth, attention.channels)
    let (x, k, v, y) = (floats(projection), floats(keys), floats(values), floats(output))
    let (places, angles) = (integers(positions), floats(table)[0])
    let (capacity, known, half) = (sizes.capacity, table.shape[1], width / 2)

    workers.splitRows(
      replicas: attention.replicas, rows: batch * heads, cost: 2 * capacity * width
    ) { replica, range in
      withScratch((capacity + 7) / 8 * 8 + 2 * width) { scores in
        let query = scores + (capacity + 7) / 8 * 8
        // Cosines and sines of the row's position, for all its heads.
        let cosines = query + width
        let sines = cosines + half
        var last = -1
        for item in range {
          let (row, head) = (item / heads, item % heads)
          let position = Int(places[replica][row]) + step
          require(
            position >= 0 && position < min(capacity, known), "attentionDecode",
            "position \(position) is not in the cache's \(capacity) and the table's \(known)")
          if position != last {
            let entry = angles + position * width
            for pair in 0..<half {
              (cosines[pair], sines[pair]) = (entry[2 * pair], entry[2 * pair + 1])
            }
            last = position
          }
          let source = x[replica] + row * 3 * channels + head * width
          let cache = item * capacity * width
          let (rowKeys, rowValues) = (k[replica] + cache, v[replica] + cache)
          rotateHead(
            source + channels, cosines, sines, half: half, into: rowKeys + position * width)
          (rowValues + position * width).update(from: source + 2 * channels, count: width)
          rotateHead(source, cosines, sines, half: half, into: query)
          let scale = 1 / Float(width).squareRoot()
          for d in 0..<width { query[d] *= scale }
          attend(
            query, rowKeys, rowValues, count: position + 1, width: width, scores: scores,
            into: y[replica] + row * channels + head * width)
        }
      }
    }
  }

  /// Softmax attention of one query over `count` keys and values of `width` channels.
  private func attend(
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    count: Int, width: Int, scores: UnsafeMutablePointer<Float>,
    into output: UnsafeMutablePointer<Float>
  ) {
    for key in 0..<count {
      var sum = Lanes.zero
      forEachLanes(width) { d, lanes in
        sum.accumulate(
          Lanes(query + d, count: lanes), Lanes(keys + key * width + d, count: lanes))
      }
      scores[key] = sum.total
    }
    let total = exponentials(scores, count: count, into: scores).sum
    forEachLanes(width) { d, lanes in
      var sum = Lanes.zero
      for key in 0..<count {
        sum.accumulate(Lanes(values + key * width + d, count: lanes), scores[key])
      }
      (sum / total).store(output + d, count: lanes)
    }
  }
}
