import Foundation
public import Tensors

extension Oracle {
  /// The gradient of attention with respect to the projection, from the given output O and
  /// log-sum-exp L.
  ///
  /// P_ts = e^(s_ts - L_t), dP_ts = g_t·v_s, Δ_t = g_t·O_t, dS_ts = P_ts (dP_ts - Δ_t);
  /// dQ_t = Σ_s dS_ts k_s / √D, dK_s = Σ_t dS_ts q_t / √D, dV_s = Σ_t P_ts g_t.
  ///
  /// Bounds. P errs by the factor ε = (D + 8) u A_ts + 2u (|s| + |L|) + 10u, where A_ts is the sum
  /// of the score's magnitudes, plus the underflow of an exponential. With B = Σ|g||v| and
  /// Γ = Σ|g||O|, dP - Δ errs by (D + 4) u (B + Γ), so dS by
  /// P ((ε + 2u) |dP - Δ| + (D + 4) u (B + Γ)). A sum of n terms adds (n + 8) u of its magnitudes.
  /// Errors δ of query and key add `scoreMove` to ε, and |dS| δ to a term of dK or dQ.
  ///
  /// - Parameter errors: bounds on the errors of the projection's elements; nil for none.
  public static func attentionGradient(
    _ projection: [Double], errors: [Double]? = nil, lengths: [Int32], output: [Double],
    logSumExp: [Double], outputGradient: [Double], _ shape: AttentionSizes
  ) -> Expected {
    var result = Expected(count: projection.count)
    for row in 0..<shape.rows {
      for head in 0..<shape.heads {
        let length = Int(lengths[row])
        let (queries, keys, values) = heads(of: projection, row: row, head: head, shape)
        let moved = errors.map { heads(of: $0, row: row, head: head, shape) }
        func vectors(_ tensor: [Double]) -> [[Double]] {
          (0..<shape.positions).map { position in
            let start = shape.outputStart(row: row, position: position, head: head)
            return Array(tensor[start..<start + shape.headWidth])
          }
        }
        let lseStart = (row * shape.heads + head) * shape.positions
        let gradients = HeadGradients(
          queries: queries, keys: keys, values: values, queryErrors: moved?.queries,
          keyErrors: moved?.keys, outputs: vectors(output), upstream: vectors(outputGradient),
          logSumExp: Array(logSumExp[lseStart..<lseStart + shape.positions]), length: length)
        for t in 0..<length {
          for (part, vector) in [gradients.query[t], gradients.key[t], gradients.value[t]]
            .enumerated()
          {
            let start = shape.projectionStart(row: row, position: t, part: part, head: head)
            for i in 0..<shape.headWidth {
              result.set(start + i, vector.values[i], within: vector.bounds[i])
            }
          }
        }
      }
    }
    return result
  }

  /// The gradient of attention with respect to the projection before its rotation: the gradient of the
  /// rotated projection, rotated back. An error of a pair (x, y) becomes |cos| δx + |sin| δy.
  static func attentionGradient(
    _ projection: [Double], rotaryTable table: [Float], lengths: [Int32], output: [Double],
    logSumExp: [Double], outputGradient: [Double], _ shape: AttentionSizes
  ) -> Expected {
    let rotated = rotated(projection, table, shape)
    let gradient = attentionGradient(
      rotated.values, errors: rotated.bounds, lengths: lengths, output: output,
      logSumExp: logSumExp, outputGradient: outputGradient, shape)
    var result = rotary(gradient.values, table: table.doubles, inverse: true, shape)
    // Errors are not signed: every term counts.
    let magnitudes = table.doubles.map { abs($0) }
    let half = shape.headWidth / 2
    for row in 0..<shape.rows {
      for position in 0..<shape.positions {
        for (part, head) in (0..<3).flatMap({ part in (0..<shape.heads).map { (part, $0) } }) {
          let first = shape.projectionStart(row: row, position: position, part: part, head: head)
          for pair in 0..<half {
            let (x, y) = (first + pair, first + half + pair)
            let (dx, dy) = (gradient.bounds[x], gradient.bounds[y])
            let angle = 2 * (position * half + pair)
            let (c, s) = part < 2 ? (magnitudes[angle], magnitudes[angle + 1]) : (1, 0)
            result.bounds[x] += c * dx + s * dy
            result.bounds[y] += c * dy + s * dx
          }
        }
      }
    }
    return result
  }

  /// The three gradients of one head of one row.
  private struct HeadGradients {
    var query: [Expected]
    var key: [Expected]
    var value: [Expected]

    init(
      queries: [[Double]], keys: [[Double]], values: [[Double]], queryErrors: [[Double]]?,
      keyErrors: [[Double]]?, outputs: [[Double]], upstream: [[Double]], logSumExp: [Double],
      length: Int
    ) {
      let width = queries[0].count
      let scale = 1 / Double(width).squareRoot()
      let u = unitRoundoff
      query = [Expected](repeating: Expected(count: width), count: length)
      key = query
      value = query
      for t in 0..<length {
        let (delta, deltaMagnitude) = dot(upstream[t], outputs[t])
        for s in 0...t {
          let (product, productMagnitude) = dot(queries[t], keys[s])
          let (score, magnitude) = (product * scale, productMagnitude * scale)
          let weight = exp(score - logSumExp[t])
          let weightError =
            weight
            * (Double(width + 8) * u * magnitude + 2 * u * (abs(score) + abs(logSumExp[t]))
              + scale * Oracle.scoreMove(queries[t], keys[s], queryErrors?[t], keyErrors?[s])
              + exponentialError + 2 * u) + underflow
          let (inner, innerMagnitude) = dot(upstream[t], values[s])
          let difference = inner - delta
          let scoreGradient = weight * difference
          let scoreError =
            (weightError + 2 * u * weight) * abs(difference)
            + weight * Double(width + 4) * u * (innerMagnitude + deltaMagnitude) + underflow
          for i in 0..<width {
            query[t].accumulate(
              i, scoreGradient * keys[s][i] * scale,
              error: (scoreError + Double(t + 1 + 8) * u * abs(scoreGradient))
                * abs(keys[s][i]) * scale
                + abs(scoreGradient) * (keyErrors?[s][i] ?? 0) * scale + underflow)
            key[s].accumulate(
              i, scoreGradient * queries[t][i] * scale,
              error: (scoreError + Double(length - s + 8) * u * abs(scoreGradient))
                * abs(queries[t][i]) * scale
                + abs(scoreGradient) * (queryErrors?[t][i] ?? 0) * scale + underflow)
            value[s].accumulate(
              i, weight * upstream[t][i],
              error: (weightError + Double(length - s + 8) * u * weight) * abs(upstream[t][i])
                + underflow)
          }
        }
      }
    }
  }

  private static func dot(_ left: [Double], _ right: [Double]) -> (sum: Double, magnitude: Double) {
    var (sum, magnitude) = (0.0, 0.0)
    for i in 0..<left.count {
      sum += left[i] * right[i]
      magnitude += abs(left[i] * right[i])
    }
    return (sum, magnitude)
  }
}

extension Expected {
  fileprivate mutating func accumulate(_ index: Int, _ term: Double, error: Double) {
    values[index] += term
    bounds[index] += error
  }
}

extension OperationCase {
  /// The gradient of `attention` from its output and its log-sum-exp.
  ///
  /// - Parameter rotaryTable: the table of `rotary`, if attention rotates the projection.
  public static func attentionGradient(
    _ sizes: AttentionSizes, projection: [Float], rotaryTable table: [Float]? = nil,
    lengths: [Int32], output: [Float], logSumExp: [Float], outputGradient: [Float]
  ) -> OperationCase {
    let (narrow, wide) = (sizes.shape(sizes.channels), sizes.shape(3 * sizes.channels))
    return OperationCase(
      "attentionGradient", "\(sizes)\(table == nil ? "" : ", rotary")",
      [
        .input(projection, wide), .input(lengths, [sizes.replicas, sizes.batch]),
        .input(output, narrow), .input(logSumExp, sizes.headRows),
        .input(outputGradient, narrow), .output(wide),
      ] + sizes.tableArgument(table),
      // Seven products of head width per pair.
      flops: sizes.pairs(lengths) * Double(14 * sizes.headWidth + 8),
      expected: {
        guard let table else {
          return [
            .numbers(
              Oracle.attentionGradient(
                projection.doubles, lengths: lengths, output: output.doubles,
                logSumExp: logSumExp.doubles, outputGradient: outputGradient.doubles, sizes))
          ]
        }
        return [
          .numbers(
            Oracle.attentionGradient(
              projection.doubles, rotaryTable: table, lengths: lengths, output: output.doubles,
              logSumExp: logSumExp.doubles, outputGradient: outputGradient.doubles, sizes))
        ]
      }
    ) { backend, tensors in
      try backend.attentionGradient(
        tensors[0], rotaryTable: table == nil ? nil : tensors[6], lengths: tensors[1],
        heads: sizes.heads, output: tensors[2], logSumExp: tensors[3], outputGradient: tensors[4],
        into: tensors[5])
    }
  }
}

extension OperationDescription {
  static let attentionGradient = OperationDescription("attentionGradient") { extent, numbers in
    withTables(attentions(extent)).map { sizes, table in
      let projection = projection(sizes, &numbers)
      let lengths = numbers.lengths(sizes.rows, positions: sizes.positions)
      let rotated = Oracle.rotated(projection.doubles, table, sizes)
      let forward = Oracle.attention(rotated.values, lengths: lengths, sizes)
      return .attentionGradient(
        sizes, projection: projection, rotaryTable: table, lengths: lengths,
        output: forward.output.floats, logSumExp: forward.logSumExp.floats,
        outputGradient: numbers.normals(sizes.rows * sizes.positions * sizes.channels))
    }
  }
}
