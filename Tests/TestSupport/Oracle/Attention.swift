internal import Foundation

extension Oracle {
  /// Sizes of an attention call: projection (R, B, T, 3 · H · D).
  public struct AttentionShape: Sendable, CustomStringConvertible {
    public var replicas: Int
    public var batch: Int
    public var positions: Int
    public var heads: Int
    public var headWidth: Int

    public init(replicas: Int = 1, batch: Int = 1, positions: Int, heads: Int, headWidth: Int) {
      self.replicas = replicas
      self.batch = batch
      self.positions = positions
      self.heads = heads
      self.headWidth = headWidth
    }

    public var channels: Int { heads * headWidth }
    public var rows: Int { replicas * batch }

    public var description: String {
      "R = \(replicas), B = \(batch), T = \(positions), H = \(heads), D = \(headWidth)"
    }

    /// First element of a head's query (part 0), key (1) or value (2).
    func projectionStart(row: Int, position: Int, part: Int, head: Int) -> Int {
      ((row * positions + position) * 3 + part) * channels + head * headWidth
    }

    /// First element of a head in an (R, B, T, C) tensor.
    func outputStart(row: Int, position: Int, head: Int) -> Int {
      (row * positions + position) * channels + head * headWidth
    }
  }

  /// The pair (x_i, x_{i+D/2}) of query and key turned by the table's angle; value copied.
  ///
  /// Bound: 3u (|x_i| + |x_{i+D/2}|), as the contract says.
  public static func rotary(
    _ projection: [Double], table: [Double], start: [Int32]? = nil, inverse: Bool = false,
    _ shape: AttentionShape
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
  static func attend(
    query: [Double], keys: [[Double]], values: [[Double]]
  ) -> (output: Expected, logSumExp: (value: Double, bound: Double)) {
    let width = query.count
    let count = keys.count
    let scale = 1 / Double(width).squareRoot()
    var scores: [Double] = []
    var magnitudes: [Double] = []
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
        + 2 * unitRoundoff * (maximum - scores[$0]) + factor
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

  /// Causal softmax attention; positions past a row's length are exactly zero.
  public static func attention(
    _ projection: [Double], lengths: [Int32], _ shape: AttentionShape
  ) -> (output: Expected, logSumExp: Expected) {
    let width = shape.headWidth
    var output = Expected(count: shape.rows * shape.positions * shape.channels)
    var logSumExp = Expected(count: shape.rows * shape.heads * shape.positions)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        let (queries, keys, values) = heads(of: projection, row: row, head: head, shape)
        for t in 0..<Int(lengths[row]) {
          let one = attend(
            query: queries[t], keys: Array(keys[...t]), values: Array(values[...t]))
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

  /// Query, key and value vectors of one head of one row, by position.
  static func heads(
    of projection: [Double], row: Int, head: Int, _ shape: AttentionShape
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
