public import Tensors

extension Oracle {
  /// Caches (R, B, H, T, D) after the keys and values of a projection (R, B, T', 3C) were copied to
  /// positions 0 ..< T'; all other elements are unchanged.
  public static func storeKeysAndValues(
    _ projection: [Double], keys: [Double], values: [Double], capacity: Int,
    _ shape: AttentionSizes
  ) -> (keys: Expected, values: Expected) {
    let starts = [Int32](repeating: 0, count: shape.rows)
    let stored = stored(
      projection, keys: keys, values: values, capacity: capacity, starts: starts, shape)
    return (Expected(exactly: stored.keys), Expected(exactly: stored.values))
  }

  /// Caches after the rotated key and the value of a projection (R, B, 1, 3C) were stored at each row's
  /// position, and its attention to the positions up to and including that one.
  ///
  /// Bounds: of a stored key, that of `rotary`. Of the output, that of `attention` with n = position + 1,
  /// where the rotations move a score by (Σ δq_i |k_i| + |q_i| δk_i + δq_i δk_i) / √D.
  public static func attentionDecode(
    _ projection: [Double], table: [Double], keys: [Double], values: [Double], capacity: Int,
    positions: [Int32], _ shape: AttentionSizes
  ) -> (output: Expected, keys: Expected, values: Expected) {
    let rotated = rotary(projection, table: table, start: positions, shape)
    let stored = stored(
      rotated.values, keys: keys, values: values, capacity: capacity, starts: positions, shape)
    let none = [Double](repeating: 0, count: keys.count)
    let errors = Self.stored(
      rotated.bounds, keys: none, values: none, capacity: capacity, starts: positions, shape)
    var output = Expected(count: shape.rows * shape.channels)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        let query = heads(of: rotated.values, row: row, head: head, shape).queries[0]
        let queryErrors = heads(of: rotated.bounds, row: row, head: head, shape).queries[0]
        func cached(_ cache: [Double]) -> [[Double]] {
          (0...Int(positions[row])).map { position in
            let start =
              ((row * shape.heads + head) * capacity + position) * shape.headWidth
            return Array(cache[start..<start + shape.headWidth])
          }
        }
        let one = attend(
          query: query, keys: cached(stored.keys), values: cached(stored.values),
          queryErrors: queryErrors, keyErrors: cached(errors.keys))
        let start = shape.outputStart(row: row, position: 0, head: head)
        for i in 0..<shape.headWidth {
          output.set(start + i, one.output.values[i], within: one.output.bounds[i])
        }
      }
    }
    var storedKeys = Expected(exactly: stored.keys)
    storedKeys.bounds = errors.keys
    return (output, storedKeys, Expected(exactly: stored.values))
  }

  private static func stored(
    _ projection: [Double], keys: [Double], values: [Double], capacity: Int, starts: [Int32],
    _ shape: AttentionSizes
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

extension OperationDescription {
  /// Keys and values are stored at the first positions; the other positions are unchanged.
  static let storeKeysAndValues = OperationDescription("storeKeysAndValues") { extent, numbers in
    caches(extent).map { sizes, capacity in
      let shape = cacheShape(sizes, capacity)
      let projection = numbers.awkward(sizes.rows * sizes.positions * 3 * sizes.channels)
      let (keys, values) = (
        numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount)
      )
      return OperationCase(
        "storeKeysAndValues", "\(sizes) of \(capacity)",
        [
          .input(projection, sizes.shape(3 * sizes.channels)), .updated(keys, shape),
          .updated(values, shape),
        ], flops: 0,
        expected: {
          let stored = Oracle.storeKeysAndValues(
            projection.doubles, keys: keys.doubles, values: values.doubles, capacity: capacity,
            sizes)
          return [.numbers(stored.keys), .numbers(stored.values)]
        }
      ) { backend, tensors in
        try backend.storeKeysAndValues(
          tensors[0], heads: sizes.heads, keys: tensors[1], values: tensors[2])
      }
    }
  }

  /// One new position per row, with a different position for each row, including the first and the
  /// last of the cache. Elements past a row's position have not been stored yet and must not be
  /// read. Head widths are even, so that they can be rotated. Every other call has a step.
  static let attentionDecode = OperationDescription("attentionDecode") { extent, numbers in
    caches(extent).enumerated().map { number, cache in
      var (sizes, capacity) = cache
      sizes.positions = 1
      sizes.headWidth += sizes.headWidth % 2
      let table = RotaryTable.values(
        positions: capacity + 2, headWidth: sizes.headWidth, base: 10_000)
      let step = number % 2 == 0 ? 5 : 0
      let shape = cacheShape(sizes, capacity)
      let projection = numbers.normals(sizes.rows * 3 * sizes.channels)
      var positions = numbers.integers(sizes.rows, in: 0..<capacity)
      positions[0] = Int32(capacity - 1)
      if sizes.rows > 1 { positions[1] = 0 }
      var (keys, values) = (
        numbers.normals(shape.elementCount), numbers.normals(shape.elementCount)
      )
      let block = capacity * sizes.headWidth
      for index in 0..<keys.count
      where index % block / sizes.headWidth >= positions[index / block / sizes.heads] {
        keys[index] = 1e30
        values[index] = -1e30
      }
      return OperationCase(
        "attentionDecode", "\(sizes) of \(capacity)",
        [
          .input(projection, sizes.shape(3 * sizes.channels)), .updated(keys, shape),
          .updated(values, shape), .shared(table, [1, capacity + 2, sizes.headWidth / 2, 2]),
          .input(positions.map { $0 - Int32(step) }, [sizes.replicas, sizes.batch]),
          .output(sizes.shape(sizes.channels)),
        ],
        flops: Double(sizes.heads * (4 * sizes.headWidth + 4))
          * positions.reduce(0) { $0 + Double($1 + 1) },
        expected: { [keys, values, positions, sizes, capacity] in
          let result = Oracle.attentionDecode(
            projection.doubles, table: table.doubles, keys: keys.doubles, values: values.doubles,
            capacity: capacity, positions: positions, sizes)
          return [.numbers(result.keys), .numbers(result.values), .numbers(result.output)]
        }
      ) { [sizes] backend, tensors in
        try backend.attentionDecode(
          tensors[0], heads: sizes.heads, table: tensors[3], keys: tensors[1],
          values: tensors[2], positions: tensors[4], step: step, into: tensors[5])
      }
    }
  }

  private static func cacheShape(_ sizes: AttentionSizes, _ capacity: Int) -> Shape {
    [sizes.replicas, sizes.batch, sizes.heads, capacity, sizes.headWidth]
  }

  /// Sizes of a projection, and the number of positions of the cache.
  private static func caches(_ extent: Extent) -> [(AttentionSizes, Int)] {
    guard extent == .every else { return attentions(extent).map { ($0, $0.positions + 3) } }
    // Replicas, batch, positions, heads, head width, capacity.
    let sizes: [(Int, Int, Int, Int, Int, Int)] = [
      (1, 1, 1, 1, 2, 1), (2, 3, 2, 2, 8, 7), (3, 2, 15, 1, 16, 16), (1, 4, 17, 3, 16, 33),
      (2, 5, 31, 2, 32, 64), (1, 3, 65, 1, 64, 129), (1, 2, 7, 1, 128, 257),
    ]
    return sizes.map {
      let (r, b, t, h, d, capacity) = $0
      return (
        AttentionSizes(replicas: r, batch: b, positions: t, heads: h, headWidth: d), capacity
      )
    }
  }
}
