import Tensors

/// The definitions of attention and its gradient on one size.
struct AttentionDefinition {
  let replicas: Int
  let batch: Int
  let positions: Int
  let heads: Int
  let headWidth: Int

  var channels: Int { heads * headWidth }
  var rows: Int { replicas * batch }

  /// 1/√D, rounded to a float.
  private var scale: BoundedNumber {
    BoundedNumber(1 / Double(headWidth).squareRoot(), roundings: 1)
  }

  /// First element of a head's query (part 0), key (1) or value (2) in a projection.
  func start(row: Int, position: Int, part: Int, head: Int) -> Int {
    ((row * positions + position) * 3 + part) * channels + head * headWidth
  }

  private func vectors(
    _ projection: [Double], row: Int, part: Int, head: Int
  ) -> [ArraySlice<Double>] {
    (0..<positions).map {
      let first = start(row: row, position: $0, part: part, head: head)
      return projection[first..<first + headWidth]
    }
  }

  /// One query over keys and values: the weighted mean and the log-sum-exp.
  func attend(
    _ query: ArraySlice<Double>, _ keys: some Collection<ArraySlice<Double>>,
    _ values: some Collection<ArraySlice<Double>>
  ) -> (output: [BoundedNumber], logSumExp: BoundedNumber) {
    let softmax = BoundedNumber.softmaxWeights(keys.map { .dot(query, $0) * scale })
    let probabilities = softmax.weights.map { $0 / softmax.total }
    let output = (0..<headWidth).map { i in
      BoundedNumber.sum(
        zip(probabilities, values).map { $0 * BoundedNumber($1[$1.startIndex + i]) })
    }
    return (output, .logSumExp(maximum: softmax.maximum, total: softmax.total))
  }

  /// (R, B, T, C) and (R, B, H, T); exactly zero past a row's length.
  func forward(
    _ projection: [Double], lengths: [Int32]
  ) -> (output: [BoundedNumber], logSumExp: [BoundedNumber]) {
    var output = [BoundedNumber](repeating: BoundedNumber(0), count: rows * positions * channels)
    var logSumExp = [BoundedNumber](repeating: BoundedNumber(0), count: rows * positions * heads)
    for row in 0..<rows {
      for head in 0..<heads {
        let parts = (0..<3).map { vectors(projection, row: row, part: $0, head: head) }
        for t in 0..<Int(lengths[row]) {
          let one = attend(parts[0][t], parts[1][...t], parts[2][...t])
          let first = (row * positions + t) * channels + head * headWidth
          output.replaceSubrange(first..<first + headWidth, with: one.output)
          logSumExp[(row * heads + head) * positions + t] = one.logSumExp
        }
      }
    }
    return (output, logSumExp)
  }

  /// From output O and log-sum-exp L as they were given: P_ts = e^(q_t·k_s/√D - L_t),
  /// dS_ts = P_ts (g_t·v_s - g_t·O_t); dQ_t = Σ_s dS_ts k_s/√D, dK_s = Σ_t dS_ts q_t/√D,
  /// dV_s = Σ_t P_ts g_t.
  func gradient(
    _ projection: [Double], lengths: [Int32], output: [Double], logSumExp: [Double],
    outputGradient: [Double]
  ) -> [BoundedNumber] {
    var result = [BoundedNumber](repeating: BoundedNumber(0), count: projection.count)
    for row in 0..<rows {
      for head in 0..<heads {
        let length = Int(lengths[row])
        let parts = (0..<3).map { vectors(projection, row: row, part: $0, head: head) }
        func vector(_ tensor: [Double], _ t: Int) -> ArraySlice<Double> {
          let first = (row * positions + t) * channels + head * headWidth
          return tensor[first..<first + headWidth]
        }
        // By query, then key; the causal half.
        var (weights, scores) = ([[BoundedNumber]](), [[BoundedNumber]]())
        for t in 0..<length {
          let lse = logSumExp[(row * heads + head) * positions + t]
          let g = vector(outputGradient, t)
          let delta = BoundedNumber.dot(g, vector(output, t))
          weights.append(
            (0...t).map { s in
              let score = BoundedNumber.dot(parts[0][t], parts[1][s]) * scale
              var argument = score - BoundedNumber(lse)
              // The exponential's argument in either base.
              argument.error += 2 * BoundedNumber.unitRoundoff * (abs(score.value) + abs(lse))
              return .exponential(argument)
            })
          scores.append((0...t).map { weights[t][$0] * (.dot(g, parts[2][$0]) - delta) * scale })
        }
        for t in 0..<length {
          for i in 0..<headWidth {
            func element(_ vector: ArraySlice<Double>) -> BoundedNumber {
              BoundedNumber(vector[vector.startIndex + i])
            }
            let later = t..<length
            let sums = [
              (0...t).map { scores[t][$0] * element(parts[1][$0]) },
              later.map { scores[$0][t] * element(parts[0][$0]) },
              later.map { weights[$0][t] * element(vector(outputGradient, $0)) },
            ]
            for (part, terms) in sums.enumerated() {
              result[start(row: row, position: t, part: part, head: head) + i] = .sum(terms)
            }
          }
        }
      }
    }
    return result
  }
}
