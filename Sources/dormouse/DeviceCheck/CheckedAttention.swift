import Tensors

extension CheckedCall {
  /// Attention, its gradient, the cache and decoding at every head width; rotation at even ones.
  static func attentions(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    // Head width, heads, positions.
    [(1, 3, 9), (16, 2, 65), (33, 2, 20), (64, 2, 40), (128, 1, 33)].flatMap {
      headWidth, heads, positions in
      let shape = AttentionDefinition(
        replicas: 3, batch: 3, positions: positions, heads: heads, headWidth: headWidth)
      return wholeRows(shape, &numbers) + caches(shape, &numbers)
        + (headWidth % 2 == 0 ? rotations(shape, &numbers) : [])
    }
  }

  private static func sizes(_ shape: AttentionDefinition) -> String {
    "R \(shape.replicas), B \(shape.batch), T \(shape.positions), H \(shape.heads), "
      + "D \(shape.headWidth)"
  }

  private static func wholeRows(
    _ shape: AttentionDefinition, _ numbers: inout CheckNumbers
  ) -> [CheckedCall] {
    let (r, b, t, h, c) = (
      shape.replicas, shape.batch, shape.positions, shape.heads, shape.channels
    )
    let projection = numbers.normals(r * b * t * 3 * c)
    let upstream = numbers.normals(r * b * t * c)
    let lengths = numbers.lengths(r * b, positions: t)
    let forward = shape.forward(projection.doubles, lengths: lengths)
    let output = forward.output.map { Float($0.value) }
    let logSumExp = forward.logSumExp.map { Float($0.value) }
    return [
      CheckedCall(
        operation: "attention", sizes: sizes(shape),
        operands: [
          .input(projection, [r, b, t, 3 * c]), .input(lengths, [r, b]), .output([r, b, t, c]),
          .output([r, b, h, t]),
        ],
        expected: { [.numbers(forward.output), .numbers(forward.logSumExp)] }
      ) { backend, tensors in
        try backend.attention(
          tensors[0], lengths: tensors[1], heads: h, into: tensors[2], logSumExp: tensors[3])
      },
      CheckedCall(
        operation: "attentionGradient", sizes: sizes(shape),
        operands: [
          .input(projection, [r, b, t, 3 * c]), .input(lengths, [r, b]),
          .input(output, [r, b, t, c]), .input(logSumExp, [r, b, h, t]),
          .input(upstream, [r, b, t, c]), .output([r, b, t, 3 * c]),
        ],
        expected: {
          [
            .numbers(
              shape.gradient(
                projection.doubles, lengths: lengths, output: output.doubles,
                logSumExp: logSumExp.doubles, outputGradient: upstream.doubles))
          ]
        }
      ) { backend, tensors in
        try backend.attentionGradient(
          tensors[0], lengths: tensors[1], heads: h, output: tensors[2], logSumExp: tensors[3],
          outputGradient: tensors[4], into: tensors[5])
      },
    ]
  }

  /// Bound: 3u (|x_i| + |x_{i+D/2}|), as the contract says.
  private static func rotations(
    _ shape: AttentionDefinition, _ numbers: inout CheckNumbers
  ) -> [CheckedCall] {
    let (r, b, t, c) = (shape.replicas, shape.batch, shape.positions, shape.channels)
    let half = shape.headWidth / 2
    let table = RotaryTable.values(positions: t + 7, headWidth: 2 * half, base: 10_000)
    return [false, true].map { inverse in
      let projection = numbers.normals(r * b * t * 3 * c)
      let starts = inverse ? nil : numbers.integers(r * b, in: 0..<8)
      return CheckedCall(
        operation: "rotary", sizes: sizes(shape) + (inverse ? ", back" : ""),
        operands: [
          .updated(projection, [r, b, t, 3 * c]), .floats(.shared, table, [1, t + 7, half, 2]),
          .input(starts ?? [Int32](repeating: 0, count: r * b), [r, b]),
        ],
        expected: {
          var result = projection.map { BoundedNumber(Double($0)) }
          for place in 0..<r * b * t * 2 * shape.heads * half {
            let (pair, head) = (place % half, place / half % shape.heads)
            let (part, position) = (place / half / shape.heads % 2, place / half / shape.heads / 2)
            let start = shape.start(row: 0, position: position, part: part, head: head)
            let (first, second) = (start + pair, start + half + pair)
            let angle = (Int(starts?[position / t] ?? 0) + position % t) * half + pair
            let cosine = Double(table[2 * angle])
            let sine = Double(table[2 * angle + 1]) * (inverse ? -1 : 1)
            let (x, y) = (Double(projection[first]), Double(projection[second]))
            let error = 3 * BoundedNumber.unitRoundoff * (abs(x) + abs(y))
            result[first] = BoundedNumber(x * cosine - y * sine, error: error)
            result[second] = BoundedNumber(y * cosine + x * sine, error: error)
          }
          return [.numbers(result)]
        }
      ) { backend, tensors in
        try backend.rotary(
          tensors[0], heads: shape.heads, table: tensors[1], start: inverse ? nil : tensors[2],
          inverse: inverse, into: tensors[0])
      }
    }
  }

  /// Storing a whole projection, and decoding one position per row.
  private static func caches(
    _ shape: AttentionDefinition, _ numbers: inout CheckNumbers
  ) -> [CheckedCall] {
    let (r, b, t, h, d, c) = (
      shape.replicas, shape.batch, shape.positions, shape.heads, shape.headWidth, shape.channels
    )
    let capacity = t + 3
    let cacheShape: Shape = [r, b, h, capacity, d]
    let caches = (0..<2).map { _ in numbers.normals(cacheShape.elementCount) }
    let places = numbers.integers(r * b, in: 0..<capacity)
    /// Keys (part 1) or values (2) after positions of a projection were stored from `starts` on.
    func stored(_ part: Int, _ projection: [Float], count: Int, starts: [Int32]) -> [Float] {
      var cache = caches[part - 1]
      for row in 0..<r * b {
        for (position, head) in (0..<count).flatMap({ p in (0..<h).map { (p, $0) } }) {
          let to = ((row * h + head) * capacity + Int(starts[row]) + position) * d
          let from = ((row * count + position) * 3 + part) * c + head * d
          cache.replaceSubrange(to..<to + d, with: projection[from..<from + d])
        }
      }
      return cache
    }
    let whole = numbers.normals(r * b * t * 3 * c)
    let one = numbers.normals(r * b * 3 * c)
    return [
      CheckedCall(
        operation: "storeKeysAndValues", sizes: sizes(shape),
        operands: [.input(whole, [r, b, t, 3 * c])] + caches.map { .updated($0, cacheShape) },
        expected: {
          let starts = [Int32](repeating: 0, count: r * b)
          return [1, 2].map { .exactly(stored($0, whole, count: t, starts: starts)) }
        }
      ) { backend, tensors in
        try backend.storeKeysAndValues(
          tensors[0], heads: h, keys: tensors[1], values: tensors[2])
      },
      CheckedCall(
        operation: "attentionDecode", sizes: sizes(shape),
        operands: [.input(one, [r, b, 1, 3 * c])] + caches.map { .updated($0, cacheShape) }
          + [.input(places, [r, b]), .output([r, b, 1, c])],
        expected: {
          let after = [1, 2].map { stored($0, one, count: 1, starts: places) }
          let numbers = after.map(\.doubles)
          let queries = one.doubles
          let output = (0..<r * b * h).flatMap { index in
            let (row, head) = (index / h, index % h)
            func vectors(_ cache: [Double]) -> [ArraySlice<Double>] {
              (0...Int(places[row])).map {
                let start = (index * capacity + $0) * d
                return cache[start..<start + d]
              }
            }
            let start = row * 3 * c + head * d
            return shape.attend(
              queries[start..<start + d], vectors(numbers[0]), vectors(numbers[1])
            ).output
          }
          return after.map { .exactly($0) } + [.numbers(output)]
        }
      ) { backend, tensors in
        try backend.attentionDecode(
          tensors[0], heads: h, keys: tensors[1], values: tensors[2], positions: tensors[3],
          into: tensors[4])
      },
    ]
  }
}
