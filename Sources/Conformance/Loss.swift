import Foundation
import Tensors

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

  /// g · (1[v = target] - e^(x_v - L)), from the given log-sum-exp L.
  ///
  /// Bound: the exponential errs by the factor 2u (|x| + |L|) + 8u, its argument's rounding and its
  /// own, and may underflow; the difference and the product round once each. An error e of L moves the
  /// exponential by the factor e. Where g is 0 the row is exactly 0.
  public static func tokenLogProbabilitiesGradient(
    _ logits: [Double], targets: [Int32], logSumExp: [Double], within bounds: [Double]? = nil,
    outputGradient: [Double], vocabulary: Int
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
            * (2 * unitRoundoff * (abs(x) + abs(logSumExp[row])) + exponentialError
              + (bounds?[row] ?? 0))
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

extension OperationDescription {
  static let tokenLogProbabilities = OperationDescription("tokenLogProbabilities") {
    extent, numbers in
    vocabularies(extent).enumerated().map { number, sizes in
      let (r, rows, v) = sizes
      let logits = numbers.normals(r * rows * v, scale: number % 3 == 0 ? 20 : 3)
      let targets = numbers.integers(r * rows, in: 0..<v)
      return OperationCase(
        "tokenLogProbabilities", "R \(r), \(rows) rows, V \(v)",
        [
          .input(logits, [r, rows, v]).ofRows(), .input(targets, [r, rows]).ofRows(),
          .output([r, rows]).ofRows(), .output([r, rows]).ofRows(),
        ], flops: 3 * Double(r * rows * v),
        expected: {
          let result = Oracle.tokenLogProbabilities(
            logits.doubles, targets: targets, vocabulary: v)
          return [.numbers(result.logProbabilities), .numbers(result.logSumExp)]
        }
      ) {
        try $0.tokenLogProbabilities($1[0], targets: $1[1], into: $1[2], logSumExp: $1[3])
      }
    }
  }

  static let tokenLogProbabilitiesGradient = OperationDescription("tokenLogProbabilitiesGradient") {
    extent, numbers in
    vocabularies(extent).flatMap { r, rows, v in
      (extent == .every ? [false, true] : [true]).map { inPlace in
        let shape: Shape = [r, rows, v]
        let logits = numbers.normals(shape.elementCount, scale: 3)
        let targets = numbers.integers(r * rows, in: 0..<v)
        // Every fifth row has no gradient.
        let upstream = numbers.normals(r * rows).enumerated().map { $0 % 5 == 4 ? 0 : $1 }
        let logSumExp = Oracle.tokenLogProbabilities(
          logits.doubles, targets: targets, vocabulary: v
        ).logSumExp.floats
        let arguments: [OperationArgument] = [
          inPlace ? .updated(logits, shape) : .input(logits, shape), .input(targets, [r, rows]),
          .input(logSumExp, [r, rows]), .input(upstream, [r, rows]),
        ]
        return OperationCase(
          "tokenLogProbabilitiesGradient", "R \(r), \(rows) rows, V \(v)",
          (arguments + (inPlace ? [] : [.output(shape)])).map { $0.ofRows() },
          flops: 3 * Double(shape.elementCount),
          expected: {
            [
              .numbers(
                Oracle.tokenLogProbabilitiesGradient(
                  logits.doubles, targets: targets, logSumExp: logSumExp.doubles,
                  outputGradient: upstream.doubles, vocabulary: v))
            ]
          }
        ) {
          try $0.tokenLogProbabilitiesGradient(
            $1[0], targets: $1[1], logSumExp: $1[2], outputGradient: $1[3],
            into: inPlace ? $1[0] : $1[4])
        }
      }
    }
  }

  static let tokenLogProbabilitiesInPlace = OperationDescription("tokenLogProbabilitiesInPlace") {
    extent, numbers in
    vocabularies(extent).map { r, rows, v in
      let shape: Shape = [r, rows, v]
      let logits = numbers.normals(shape.elementCount, scale: 3)
      let targets = numbers.integers(r * rows, in: 0..<v)
      let upstream = numbers.normals(r * rows).enumerated().map { $0 % 5 == 4 ? 0 : $1 }
      return OperationCase(
        "tokenLogProbabilitiesInPlace", "R \(r), \(rows) rows, V \(v)",
        [
          .updated(logits, shape).ofRows(), .input(targets, [r, rows]).ofRows(),
          .input(upstream, [r, rows]).ofRows(), .output([r, rows]).ofRows(),
        ], flops: 6 * Double(shape.elementCount),
        expected: {
          let forward = Oracle.tokenLogProbabilities(
            logits.doubles, targets: targets, vocabulary: v)
          return [
            .numbers(
              Oracle.tokenLogProbabilitiesGradient(
                logits.doubles, targets: targets, logSumExp: forward.logSumExp.values,
                within: forward.logSumExp.bounds, outputGradient: upstream.doubles, vocabulary: v)),
            .numbers(forward.logProbabilities),
          ]
        }
      ) {
        try $0.tokenLogProbabilitiesInPlace(
          $1[0], targets: $1[1], outputGradient: $1[2], into: $1[3])
      }
    }
  }

  static let weightedSum = OperationDescription("weightedSum") { extent, numbers in
    sums(extent).map { r, count in
      let (values, weights) = (numbers.awkward(r * count), numbers.awkward(r * count))
      return OperationCase(
        "weightedSum", "R \(r), \(count)",
        [
          .input(values, [r, count]).ofRows(), .input(weights, [r, count]).ofRows(), .output([r]),
        ], flops: 2 * Double(r * count),
        expected: {
          [
            .numbers(Oracle.weightedSum(values.doubles, weights: weights.doubles, replicas: r))
          ]
        }
      ) { try $0.weightedSum($1[0], weights: $1[1], into: $1[2]) }
    }
  }

  static let weightedSumGradient = OperationDescription("weightedSumGradient") { extent, numbers in
    sums(extent).map { r, count in
      let (weights, upstream) = (numbers.awkward(r * count), numbers.normals(r))
      return OperationCase(
        "weightedSumGradient", "R \(r), \(count)",
        [
          .input(weights, [r, count]).ofRows(), .input(upstream, [r]),
          .output([r, count]).ofRows(),
        ], flops: Double(r * count),
        expected: {
          [
            .numbers(
              Oracle.weightedSumGradient(
                weights: weights.doubles, outputGradient: upstream.doubles))
          ]
        }
      ) { try $0.weightedSumGradient(weights: $1[0], outputGradient: $1[1], into: $1[2]) }
    }
  }

  /// Replicas, rows, vocabulary.
  private static func vocabularies(_ extent: Extent) -> [(Int, Int, Int)] {
    switch extent {
    case .cohort: [(5, 131, 129)]
    case .small: [(3, 19, 129)]
    case .device: [(3, 1, 3), (3, 65, 272), (3, 300, 272)]
    case .every:
      [
        (1, 1, 1), (2, 2, 2), (3, 1, 7), (1, 7, 8), (2, 8, 15), (3, 15, 16), (1, 16, 17),
        (2, 17, 31), (1, 31, 33), (3, 33, 63), (1, 64, 64), (2, 65, 65), (1, 97, 129),
        (2, 15, 257), (1, 4099, 8), (1, 3, 4099),
      ]
    }
  }

  /// Replicas and values per replica.
  private static func sums(_ extent: Extent) -> [(Int, Int)] {
    switch extent {
    case .cohort: [(5, 131), (5, 3001)]
    case .small: [(3, 131), (3, 4100)]
    case .device: [(3, 1), (3, 65), (3, 10_007)]
    case .every:
      [
        (1, 1), (2, 2), (3, 7), (1, 8), (2, 15), (3, 16), (1, 17), (2, 33), (1, 64), (3, 129),
        (2, 257), (1, 4099), (2, 70001),
      ]
    }
  }
}
