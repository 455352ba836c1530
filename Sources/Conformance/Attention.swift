import Foundation
public import Tensors

extension Oracle {
  /// The pairs (x_i, x_{i+D/2}) of query and key rotated by the table's angle; value is copied.
  ///
  /// Bound: 3u (|x_i| + |x_{i+D/2}|), as the contract says.
  public static func rotary(
    _ projection: [Double], table: [Double], start: [Int32]? = nil, inverse: Bool = false,
    _ shape: AttentionSizes
  ) -> Expected {
    var result = Expected(exactly: projection)
    let half = shape.headWidth / 2
    for row in 0..<shape.rows {
      for position in 0..<shape.positions {
        let angle = (Int(start?[row] ?? 0) + position) * half
        for part in 0..<2 {
          for head in 0..<shape.heads {
            let first = shape.projectionStart(row: row, position: position, part: part, head: head)
            for pair in 0..<half {
              let cosine = table[2 * (angle + pair)]
              let sine = inverse ? -table[2 * (angle + pair) + 1] : table[2 * (angle + pair) + 1]
              let (x, y) = (projection[first + pair], projection[first + half + pair])
              let bound = 3 * unitRoundoff * (abs(x) + abs(y))
              result.set(first + pair, x * cosine - y * sine, within: bound)
              result.set(first + half + pair, y * cosine + x * sine, within: bound)
            }
          }
        }
      }
    }
    return result
  }

  /// One query over the first keys and values: the softmax-weighted mean and the log-sum-exp.
  ///
  /// With A_s = Σ_i |q_i k_si| / √D the computed score errs by (D + 8) u A_s: D products, the scale
  /// and its own error. Its weight w_s = e^(s - m) then errs by the factor
  /// ε_s = (D + 8) u A_s + 2u (m - s) + exponentials: the rounding of the argument (differences to
  /// successive maxima telescope to m - s) and `softmaxFactorError`. The maximum m cancels.
  ///
  /// The mean moves by ∂o/∂s = p_s (v_s - o), so by Σ p_s ε_s |v_s - o|; both sums of n terms and
  /// the division add (n + 8) u (Σ p_s |v_s| + |o|). The log-sum-exp moves by Σ p_s ε_s, by n u of
  /// its sum, by the logarithm's error, and by the roundings of m + log Z in either base.
  ///
  /// Errors δ of query and key move the score by Σ_i (|q_i| δk_i + δq_i |k_i| + δq_i δk_i) / √D more.
  ///
  /// - Parameters:
  ///   - queryErrors: δq, the errors of the query's elements; nil for none.
  ///   - keyErrors: δk, of the keys' elements.
  static func attend(
    query: [Double], keys: [[Double]], values: [[Double]], queryErrors: [Double]? = nil,
    keyErrors: [[Double]]? = nil
  ) -> (output: Expected, logSumExp: (value: Double, bound: Double)) {
    let width = query.count
    let count = keys.count
    let scale = 1 / Double(width).squareRoot()
    var scores: [Double] = []
    var magnitudes: [Double] = []
    let moves = (0..<count).map { s in
      scale * scoreMove(query, keys[s], queryErrors, keyErrors?[s])
    }
    for key in keys {
      var (sum, magnitude) = (0.0, 0.0)
      for i in 0..<width {
        sum += query[i] * key[i]
        magnitude += abs(query[i] * key[i])
      }
      scores.append(sum * scale)
      magnitudes.append(magnitude * scale)
    }
    let maximum = scores.max()!
    let weights = scores.map { exp($0 - maximum) }
    let total = weights.reduce(0, +)
    let factor = softmaxFactorError(scores)
    let errors = (0..<count).map {
      Double(width + 8) * unitRoundoff * magnitudes[$0]
        + moves[$0] + 2 * unitRoundoff * (maximum - scores[$0]) + factor
    }
    var output = Expected(count: width)
    for i in 0..<width {
      var (mean, magnitude, flushed) = (0.0, 0.0, 0.0)
      for s in 0..<count {
        mean += weights[s] / total * values[s][i]
        magnitude += weights[s] / total * abs(values[s][i])
        flushed += underflow * (1 + abs(values[s][i]))
      }
      var moved = 0.0
      for s in 0..<count { moved += weights[s] / total * errors[s] * abs(values[s][i] - mean) }
      output.set(
        i, mean,
        within: moved + Double(count + 8) * unitRoundoff * (magnitude + abs(mean)) + flushed)
    }
    let logTotal = log(total)
    let sumError = (0..<count).reduce(0.0) { $0 + weights[$1] / total * errors[$1] }
    let bound =
      sumError + Double(count + 2) * unitRoundoff + logarithmError * logTotal
      + 4 * unitRoundoff * (abs(maximum) + abs(maximum + logTotal))
    return (output, (maximum + logTotal, bound))
  }

  /// Σ_i (|q_i| δk_i + δq_i |k_i| + δq_i δk_i): the move of a product of query and key by their errors.
  static func scoreMove(
    _ query: [Double], _ key: [Double], _ queryErrors: [Double]?, _ keyErrors: [Double]?
  ) -> Double {
    guard let queryErrors, let keyErrors else { return 0 }
    return query.indices.reduce(0) {
      $0 + abs(query[$1]) * keyErrors[$1] + queryErrors[$1] * (abs(key[$1]) + keyErrors[$1])
    }
  }

  /// Causal softmax attention; positions past a row's length are exactly zero.
  ///
  /// - Parameter errors: bounds on the errors of the projection's elements, such as those of a rotation;
  ///   nil for none.
  public static func attention(
    _ projection: [Double], errors: [Double]? = nil, lengths: [Int32], _ shape: AttentionSizes
  ) -> (output: Expected, logSumExp: Expected) {
    let width = shape.headWidth
    var output = Expected(count: shape.rows * shape.positions * shape.channels)
    var logSumExp = Expected(count: shape.rows * shape.heads * shape.positions)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        let (queries, keys, values) = heads(of: projection, row: row, head: head, shape)
        let moved = errors.map { heads(of: $0, row: row, head: head, shape) }
        for t in 0..<Int(lengths[row]) {
          let one = attend(
            query: queries[t], keys: Array(keys[...t]), values: Array(values[...t]),
            queryErrors: moved?.queries[t], keyErrors: moved.map { Array($0.keys[...t]) })
          let start = shape.outputStart(row: row, position: t, head: head)
          for i in 0..<width {
            output.set(start + i, one.output.values[i], within: one.output.bounds[i])
          }
          logSumExp.set(
            (row * shape.heads + head) * shape.positions + t, one.logSumExp.value,
            within: one.logSumExp.bound)
        }
      }
    }
    return (output, logSumExp)
  }

  /// The projection that attention reads: rotated if there is a table.
  static func rotated(
    _ projection: [Double], _ table: [Float]?, _ shape: AttentionSizes
  ) -> Expected {
    table.map { rotary(projection, table: $0.doubles, shape) } ?? Expected(exactly: projection)
  }

  /// Query, key and value vectors of one head of one row, by position.
  static func heads(
    of projection: [Double], row: Int, head: Int, _ shape: AttentionSizes
  ) -> (queries: [[Double]], keys: [[Double]], values: [[Double]]) {
    func part(_ part: Int) -> [[Double]] {
      (0..<shape.positions).map { position in
        let start = shape.projectionStart(row: row, position: position, part: part, head: head)
        return Array(projection[start..<start + shape.headWidth])
      }
    }
    return (part(0), part(1), part(2))
  }
}

extension AttentionSizes {
  /// (R, B, H, T).
  var headRows: Shape { [replicas, batch, heads, positions] }

  /// First element of a head's query (part 0), key (1) or value (2) in a projection.
  func projectionStart(row: Int, position: Int, part: Int, head: Int) -> Int {
    ((row * positions + position) * 3 + part) * channels + head * headWidth
  }

  /// First element of a head in an (R, B, T, C) tensor.
  func outputStart(row: Int, position: Int, head: Int) -> Int {
    (row * positions + position) * channels + head * headWidth
  }

  /// The rotary table of a call; nothing without one.
  func tableArgument(_ table: [Float]?) -> [OperationArgument] {
    guard let table else { return [] }
    return [.shared(table, [1, table.count / headWidth, headWidth / 2, 2])]
  }

  /// A rotary table of a few more positions than the sequences have.
  public var rotaryTable: [Float] {
    RotaryTable.values(positions: positions + 3, headWidth: headWidth, base: 10_000)
  }

  /// The causal pairs of queries and keys of all heads.
  func pairs(_ lengths: [Int32]) -> Double {
    Double(heads) * lengths.reduce(0) { $0 + Double($1) * Double($1 + 1) / 2 }
  }
}

extension OperationCase {
  /// Attention of one projection. Only inputs are made, so the description of a large call is
  /// cheap.
  ///
  /// - Parameter rotaryTable: the table of `rotary`, if attention rotates the projection.
  public static func attention(
    _ sizes: AttentionSizes, projection: [Float], rotaryTable table: [Float]? = nil,
    lengths: [Int32]
  ) -> OperationCase {
    let channels = sizes.channels
    return OperationCase(
      "attention", "\(sizes)\(table == nil ? "" : ", rotary")",
      [
        .input(projection, sizes.shape(3 * channels)),
        .input(lengths, [sizes.replicas, sizes.batch]), .output(sizes.shape(channels)),
        .output(sizes.headRows),
      ] + sizes.tableArgument(table),
      flops: sizes.pairs(lengths) * Double(4 * sizes.headWidth + 4),
      expected: {
        let rotated = Oracle.rotated(projection.doubles, table, sizes)
        let result = Oracle.attention(
          rotated.values, errors: table == nil ? nil : rotated.bounds, lengths: lengths, sizes)
        return [.numbers(result.output), .numbers(result.logSumExp)]
      }
    ) { backend, tensors in
      try backend.attention(
        tensors[0], rotaryTable: table == nil ? nil : tensors[4], lengths: tensors[1],
        heads: sizes.heads, into: tensors[2], logSumExp: tensors[3])
    }
  }

  /// - Parameters:
  ///   - start: the start of every sequence; nil for none.
  fileprivate static func rotary(
    _ sizes: AttentionSizes, inverse: Bool, start: [Int32]?, inPlace: Bool, projection: [Float],
    positions: Int
  ) -> OperationCase {
    let wide = sizes.shape(3 * sizes.channels)
    let table = RotaryTable.values(
      positions: positions, headWidth: sizes.headWidth, base: 10_000)
    var arguments: [OperationArgument] = [
      inPlace ? .updated(projection, wide) : .input(projection, wide),
      .shared(table, [1, positions, sizes.headWidth / 2, 2]),
    ]
    if let start { arguments.append(.input(start, [sizes.replicas, sizes.batch])) }
    if !inPlace { arguments.append(.output(wide)) }
    return OperationCase(
      "rotary", "\(sizes)\(inverse ? ", back" : "")", arguments,
      flops: 4 * Double(sizes.rows * sizes.positions * sizes.channels),
      expected: {
        [
          .numbers(
            Oracle.rotary(
              projection.doubles, table: table.doubles, start: start, inverse: inverse, sizes))
        ]
      }
    ) { backend, tensors in
      try backend.rotary(
        tensors[0], heads: sizes.heads, table: tensors[1], start: start == nil ? nil : tensors[2],
        inverse: inverse, into: inPlace ? tensors[0] : tensors[tensors.count - 1])
    }
  }
}

extension OperationDescription {
  static let attention = OperationDescription("attention") { extent, numbers in
    withTables(attentions(extent)).map { sizes, table in
      let projection = projection(sizes, &numbers)
      return .attention(
        sizes, projection: projection, rotaryTable: table,
        lengths: numbers.lengths(sizes.rows, positions: sizes.positions))
    }
  }

  /// Every size without a rotary table, then those of even head widths with one.
  static func withTables(_ all: [AttentionSizes]) -> [(AttentionSizes, table: [Float]?)] {
    all.map { ($0, nil) }
      + all.filter { $0.headWidth % 2 == 0 }.map { ($0, $0.rotaryTable) }
  }

  static let rotary = OperationDescription("rotary") { extent, numbers in
    let flags: [(inverse: Bool, hasStart: Bool, inPlace: Bool)] =
      switch extent {
      case .cohort, .small: [(false, true, true)]
      case .device: [(false, true, true), (true, false, true)]
      case .every:
        [
          (false, false, false), (true, true, true), (false, true, true), (true, false, false),
        ]
      }
    return attentions(extent).filter { $0.headWidth % 2 == 0 }.flatMap { sizes in
      flags.map { inverse, hasStart, inPlace in
        .rotary(
          sizes, inverse: inverse,
          start: hasStart ? numbers.integers(sizes.rows, in: 0..<12) : nil, inPlace: inPlace,
          projection: numbers.awkward(sizes.rows * sizes.positions * 3 * sizes.channels),
          positions: sizes.positions + 11)
      }
    }
  }

  /// Every class of head widths and position counts.
  static func attentions(_ extent: Extent) -> [AttentionSizes] {
    switch extent {
    case .cohort:
      return [AttentionSizes(replicas: 5, batch: 3, positions: 37, heads: 2, headWidth: 16)]
    case .small:
      // More positions than the largest tile has.
      return [AttentionSizes(replicas: 3, batch: 2, positions: 70, heads: 1, headWidth: 16)]
    case .device:
      return [(1, 3, 9), (16, 2, 65), (33, 2, 20), (64, 2, 40), (128, 1, 33)].map {
        AttentionSizes(replicas: 3, batch: 3, positions: $2, heads: $1, headWidth: $0)
      }
    case .every:
      // Replicas, batch, positions, heads, head width.
      let sizes: [(Int, Int, Int, Int, Int)] = [
        (1, 1, 1, 1, 2), (2, 3, 2, 2, 8), (3, 2, 7, 1, 16), (1, 4, 8, 3, 16), (1, 2, 15, 2, 32),
        (2, 3, 16, 1, 32), (1, 3, 17, 4, 8), (3, 3, 31, 2, 16), (1, 3, 33, 1, 64),
        (1, 2, 63, 1, 32), (2, 2, 64, 2, 16), (1, 3, 65, 1, 48), (1, 2, 97, 1, 128),
        (1, 2, 100, 1, 96), (1, 3, 129, 2, 16), (1, 2, 131, 2, 20), (1, 1, 257, 1, 32),
      ]
      return sizes.map {
        AttentionSizes(replicas: $0, batch: $1, positions: $2, heads: $3, headWidth: $4)
      }
    }
  }

  /// A projection whose scores spread over a few units, with every third row three times as large.
  static func projection(_ sizes: AttentionSizes, _ numbers: inout TestNumbers) -> [Float] {
    let width = 3 * sizes.channels * sizes.positions
    return numbers.normals(sizes.rows * width).enumerated().map { index, value in
      index / width % 3 == 1 ? 3 * value : value
    }
  }
}
