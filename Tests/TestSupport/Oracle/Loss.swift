internal import Foundation

extension Oracle {
  /// Log-probabilities of targets and the log-sum-exp of rows of `vocabulary` logits.
  ///
  /// Bound of L = m + log Σ e^(x - m): the maximum is exact; a weight errs by the factor
  /// ε_v = 2u (m - x_v) + exponentials, as in `attend`, and moves L by p_v ε_v; the sum of V terms
  /// adds (V + 2) u, the logarithm its own error, forming m + log Z in either base 4u (|m| + |L|).
  /// Subtracting L from the target's logit rounds once more.
  public static func tokenLogProbabilities(
    _ logits: [Double], targets: [Int32], vocabulary: Int
  ) -> (logProbabilities: Expected, logSumExp: Expected) {
    var logProbabilities = Expected(count: targets.count)
    var logSumExp = Expected(count: targets.count)
    for row in 0..<targets.count {
      let x = Array(logits[row * vocabulary..<(row + 1) * vocabulary])
      let maximum = x.max()!
      let weights = x.map { exp($0 - maximum) }
      let total = weights.reduce(0, +)
      let factor = softmaxFactorError(x)
      var moved = 0.0
      for v in 0..<vocabulary where weights[v] > 0 {
        moved += weights[v] / total * (2 * unitRoundoff * (maximum - x[v]) + factor)
      }
      let lse = maximum + log(total)
      let bound =
        moved + Double(vocabulary + 2) * unitRoundoff + logarithmError * log(total)
        + 4 * unitRoundoff * (abs(maximum) + abs(lse)) + Double(vocabulary) * underflow
      logSumExp.set(row, lse, within: bound)
      let target = x[Int(targets[row])]
      logProbabilities.set(
        row, target - lse,
        within: bound + 2 * unitRoundoff * (abs(target) + abs(lse)))
    }
    return (logProbabilities, logSumExp)
  }

  /// g · (1[v = target] - e^(x_v - L)), from the log-sum-exp L as it was given.
  ///
  /// Bound: the exponential errs by the factor 2u (|x| + |L|) + 8u, its argument's rounding and its
  /// own, and may underflow; the difference and the product round once each. Where g is 0 the row
  /// is exactly 0.
  public static func tokenLogProbabilitiesGradient(
    _ logits: [Double], targets: [Int32], logSumExp: [Double], outputGradient: [Double],
    vocabulary: Int
  ) -> Expected {
    var gradient = Expected(count: logits.count)
    for row in 0..<targets.count where outputGradient[row] != 0 {
      let g = outputGradient[row]
      for v in 0..<vocabulary {
        let index = row * vocabulary + v
        let x = logits[index]
        let probability = exp(x - logSumExp[row])
        let difference = (v == Int(targets[row]) ? 1 : 0) - probability
        let error =
          probability == 0
          ? 0
          : probability
            * (2 * unitRoundoff * (abs(x) + abs(logSumExp[row])) + exponentialError)
        gradient.set(
          index, g * difference,
          within: abs(g) * (error + 2 * unitRoundoff * abs(difference) + underflow) + underflow)
      }
    }
    return gradient
  }

  /// output[r] = Σ_i weights[r, i] · values[r, i], within (n + 8) u Σ|w v|.
  public static func weightedSum(
    _ values: [Double], weights: [Double], replicas: Int
  ) -> Expected {
    let count = values.count / replicas
    var output = Expected(count: replicas)
    for index in 0..<values.count {
      let term = values[index] * weights[index]
      output.values[index / count] += term
      output.bounds[index / count] += Double(count + 8) * unitRoundoff * abs(term)
    }
    return output
  }

  /// d values[r, i] = g[r] · weights[r, i]: one product, rounded once.
  public static func weightedSumGradient(
    weights: [Double], outputGradient: [Double]
  ) -> Expected {
    let count = weights.count / outputGradient.count
    var gradient = Expected(count: weights.count)
    for index in 0..<weights.count {
      let value = outputGradient[index / count] * weights[index]
      gradient.set(index, value, within: unitRoundoff * abs(value))
    }
    return gradient
  }
}
