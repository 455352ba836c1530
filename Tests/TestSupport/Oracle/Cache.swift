extension Oracle {
  /// Caches (R, B, H, T, D) after the keys and values of a projection (R, B, T', 3C) were copied to
  /// positions 0 ..< T'; every other element as it was.
  public static func storeKeysAndValues(
    _ projection: [Double], keys: [Double], values: [Double], capacity: Int,
    _ shape: AttentionShape
  ) -> (keys: Expected, values: Expected) {
    let starts = [Int32](repeating: 0, count: shape.rows)
    let stored = stored(
      projection, keys: keys, values: values, capacity: capacity, starts: starts, shape)
    return (Expected(exactly: stored.keys), Expected(exactly: stored.values))
  }

  /// Caches after key and value of a projection (R, B, 1, 3C) were stored at each row's position,
  /// and its attention to the positions up to and including that one.
  ///
  /// Bound: that of `attention` with n = position + 1.
  public static func attentionDecode(
    _ projection: [Double], keys: [Double], values: [Double], capacity: Int,
    positions: [Int32], _ shape: AttentionShape
  ) -> (output: Expected, keys: Expected, values: Expected) {
    let stored = stored(
      projection, keys: keys, values: values, capacity: capacity, starts: positions, shape)
    var output = Expected(count: shape.rows * shape.channels)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        let query = heads(of: projection, row: row, head: head, shape).queries[0]
        func cached(_ cache: [Double]) -> [[Double]] {
          (0...Int(positions[row])).map { position in
            let start =
              ((row * shape.heads + head) * capacity + position) * shape.headWidth
            return Array(cache[start..<start + shape.headWidth])
          }
        }
        let one = attend(query: query, keys: cached(stored.keys), values: cached(stored.values))
        let start = shape.outputStart(row: row, position: 0, head: head)
        for i in 0..<shape.headWidth {
          output.set(start + i, one.output.values[i], within: one.output.bounds[i])
        }
      }
    }
    return (output, Expected(exactly: stored.keys), Expected(exactly: stored.values))
  }

  private static func stored(
    _ projection: [Double], keys: [Double], values: [Double], capacity: Int, starts: [Int32],
    _ shape: AttentionShape
  ) -> (keys: [Double], values: [Double]) {
    var caches = (keys: keys, values: values)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        for position in 0..<shape.positions {
          let target =
            ((row * shape.heads + head) * capacity + Int(starts[row]) + position)
            * shape.headWidth
          let key = shape.projectionStart(row: row, position: position, part: 1, head: head)
          let value = shape.projectionStart(row: row, position: position, part: 2, head: head)
          for i in 0..<shape.headWidth {
            caches.keys[target + i] = projection[key + i]
            caches.values[target + i] = projection[value + i]
          }
        }
      }
    }
    return caches
  }
}
