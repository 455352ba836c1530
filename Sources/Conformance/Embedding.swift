import Tensors

extension Oracle {
  /// output[r, i, :] = table[r, indices[r, i], :], exactly; zeros where the index is -1.
  public static func embedding(
    _ indices: [Int32], table: [Double], replicas: Int, rows: Int, channels: Int
  ) -> Expected {
    let count = indices.count / replicas
    var output: [Double] = []
    output.reserveCapacity(indices.count * channels)
    for (position, index) in indices.enumerated() {
      let start = (position / count * rows + Int(index)) * channels
      output +=
        index < 0
        ? [Double](repeating: 0, count: channels)[...] : table[start..<start + channels]
    }
    return Expected(exactly: output)
  }

  /// tableGradient[r, v, :] (+)= Σ of the gradients of the positions that hold v.
  ///
  /// Bound: n additions in sequence err by n u Σ|terms|, one more is allowed for terms in u². A row
  /// with no gradient or with one gradient is exact.
  public static func embeddingGradient(
    _ indices: [Int32], outputGradient: [Double], accumulatingOn table: [Double]?, replicas: Int,
    rows: Int, channels: Int
  ) -> Expected {
    let count = indices.count / replicas
    var values = table ?? [Double](repeating: 0, count: replicas * rows * channels)
    var magnitudes = values.map { abs($0) }
    var terms = [Int](repeating: table == nil ? 0 : 1, count: replicas * rows)
    for (position, index) in indices.enumerated() where index >= 0 {
      let row = position / count * rows + Int(index)
      terms[row] += 1
      for c in 0..<channels {
        values[row * channels + c] += outputGradient[position * channels + c]
        magnitudes[row * channels + c] += abs(outputGradient[position * channels + c])
      }
    }
    var result = Expected(exactly: values)
    for index in 0..<values.count where terms[index / channels] > 1 {
      result.bounds[index] = Double(terms[index / channels]) * unitRoundoff * magnitudes[index]
    }
    return result
  }
}

extension OperationDescription {
  static let embedding = OperationDescription("embedding") { extent, numbers in
    lookups(extent).map { r, count, rows, c in
      let indices = numbers.integers(r * count, in: -1..<rows)
      let table = numbers.awkward(r * rows * c)
      return OperationCase(
        "embedding", "R \(r), \(count) of V \(rows), C \(c)",
        [
          .input(indices, [r, count]).ofRows(), .input(table, [r, rows, c]),
          .output([r, count, c]).ofRows(),
        ], flops: 0,
        expected: {
          [
            .numbers(
              Oracle.embedding(
                indices, table: table.doubles, replicas: r, rows: rows, channels: c))
          ]
        }
      ) { try $0.embedding($1[0], table: $1[1], into: $1[2]) }
    }
  }

  /// Rows with many positions, one position and no position. A skewed draw makes all three likely.
  static let embeddingGradient = OperationDescription("embeddingGradient") { extent, numbers in
    lookups(extent).flatMap { r, count, rows, c in
      [false, true].map { accumulate in
        let indices = numbers.integers(r * count, in: -1..<rows).map { $0 % 5 == 0 ? 0 : $0 }
        let upstream = numbers.awkward(r * count * c)
        let held = numbers.awkward(r * rows * c)
        let shape: Shape = [r, rows, c]
        return OperationCase(
          "embeddingGradient",
          "R \(r), \(count) of V \(rows), C \(c)\(accumulate ? ", onto" : "")",
          [
            .input(indices, [r, count]).ofRows(), .input(upstream, [r, count, c]).ofRows(),
            accumulate ? .updated(held, shape) : .output(shape),
          ], flops: Double(r * count * c),
          expected: {
            [
              .numbers(
                Oracle.embeddingGradient(
                  indices, outputGradient: upstream.doubles,
                  accumulatingOn: accumulate ? held.doubles : nil, replicas: r, rows: rows,
                  channels: c))
            ]
          }
        ) {
          try $0.embeddingGradient(
            $1[0], outputGradient: $1[1], accumulate: accumulate, into: $1[2])
        }
      }
    }
  }

  /// Replicas, positions, rows of the table, channels.
  private static func lookups(_ extent: Extent) -> [(Int, Int, Int, Int)] {
    switch extent {
    case .cohort: [(5, 131, 30, 48)]
    case .small: [(3, 35, 9, 17)]
    case .device: [(3, 1, 3, 1), (3, 65, 3, 33), (3, 300, 272, 64)]
    case .every:
      [
        (1, 1, 1, 1), (2, 2, 7, 8), (3, 7, 2, 15), (1, 8, 16, 16), (2, 15, 17, 31),
        (3, 33, 8, 17), (1, 63, 257, 33), (2, 65, 31, 64), (1, 129, 97, 65), (1, 4099, 33, 8),
        (1, 97, 4099, 7),
      ]
    }
  }
}
