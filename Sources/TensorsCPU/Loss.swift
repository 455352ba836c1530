internal import Foundation
public import Tensors

extension CPUBackend {
  public func computeTokenLogProbabilities(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor,
    logSumExp: Tensor
  ) throws {
    let vocabulary = sizes.vocabulary
    let (x, chosen) = (floats(logits), integers(targets))
    let (y, sums) = (floats(logProbabilities), floats(logSumExp))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 4 * vocabulary,
      limits: liveRows(of: logits)
    ) { replica, rows in
      withScratch(vocabulary) { scratch in
        for row in rows {
          let values = x[replica] + row * vocabulary
          let target = Int(chosen[replica][row])
          checkIndex(target, below: vocabulary, "tokenLogProbabilities")
          let (largest, sum) = exponentials(values, count: vocabulary, into: scratch)
          let logarithm = logf(sum)
          // The difference from the largest logit comes first: it is small if the result is small.
          y[replica][row] = values[target] - largest - logarithm
          sums[replica][row] = largest + logarithm
        }
      }
    }
  }

  public func computeTokenLogProbabilitiesInPlace(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, outputGradient: Tensor,
    into logProbabilities: Tensor
  ) throws {
    let logSumExp = try empty(logProbabilities.shape, live: logProbabilities.live)
    try computeTokenLogProbabilities(
      sizes, logits, targets: targets, into: logProbabilities, logSumExp: logSumExp)
    try computeTokenLogProbabilitiesGradient(
      sizes, logits, targets: targets, logSumExp: logSumExp, outputGradient: outputGradient,
      into: logits)
  }

  public func computeTokenLogProbabilitiesGradient(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let vocabulary = sizes.vocabulary
    let (x, chosen, sums) = (floats(logits), integers(targets), floats(logSumExp))
    let (g, dx) = (floats(outputGradient), floats(gradient))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 4 * vocabulary,
      limits: liveRows(of: logits)
    ) { replica, rows in
      for row in rows {
        let values = x[replica] + row * vocabulary
        let result = dx[replica] + row * vocabulary
        let upstream = g[replica][row]
        if upstream == 0 {
          result.update(repeating: 0, count: vocabulary)
          continue
        }
        let target = Int(chosen[replica][row])
        checkIndex(target, below: vocabulary, "tokenLogProbabilitiesGradient")
        let sum = sums[replica][row]
        forEachLanes(vocabulary) { v, lanes in
          (Lanes(values + v, count: lanes) - sum).store(result + v, count: lanes)
        }
        exponentiate(result, count: vocabulary)
        forEachLanes(vocabulary) { v, lanes in
          (Lanes(result + v, count: lanes) * -upstream).store(result + v, count: lanes)
        }
        result[target] += upstream
      }
    }
  }

  public func computeWeightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {
    let (x, w, y) = (floats(values), floats(weights), floats(output))
    sumOfBlocks(
      replicas: values.shape.replicas, count: values.shape.elementsPerReplica,
      limits: liveRows(of: values), into: y
    ) { replica, range in
      let (first, second) = (x[replica] + range.lowerBound, w[replica] + range.lowerBound)
      var sum = Lanes.zero
      forEachLanes(range.count) { i, lanes in
        sum.accumulate(Lanes(first + i, count: lanes), Lanes(second + i, count: lanes))
      }
      return sum.total
    }
  }

  public func computeWeightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let (w, g, dx) = (floats(weights), floats(outputGradient), floats(gradient))
    workers.split(
      replicas: weights.shape.replicas, count: weights.shape.elementsPerReplica, grain: 1 << 14,
      limits: liveRows(of: weights)
    ) { replica, range in
      let (from, to) = (w[replica] + range.lowerBound, dx[replica] + range.lowerBound)
      let factor = g[replica][0]
      forEachLanes(range.count) { i, lanes in
        (Lanes(from + i, count: lanes) * factor).store(to + i, count: lanes)
      }
    }
  }

  /// One sum per replica: of blocks of 4096 elements, then of the blocks' sums in order, in double
  /// precision. The blocks depend on the count alone.
  func sumOfBlocks(
    replicas: Int, count: Int, limits: [Int]? = nil, into output: Blocks<Float>,
    _ block: (Int, Range<Int>) -> Float
  ) {
    let size = 4096
    let blocks = (count + size - 1) / size
    withScratch(replicas * blocks) { partials in
      workers.splitRows(
        replicas: 1, rows: replicas * blocks, cost: min(size, count) / 2
      ) { _, range in
        for item in range {
          let (replica, start) = (item / blocks, item % blocks * size)
          let range = (start..<min(start + size, count))
            .clamped(to: 0..<(limits?[replica] ?? count))
          partials[item] = range.isEmpty ? 0 : block(replica, range)
        }
      }
      for replica in 0..<replicas {
        var sum = 0.0
        for index in 0..<blocks { sum += Double(partials[replica * blocks + index]) }
        output[replica][0] = Float(sum)
      }
    }
  }
}
