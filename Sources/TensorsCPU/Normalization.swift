public import Tensors

extension CPUBackend {
  public func computeRMSNorm(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, epsilon: Float,
    into output: Tensor, scale: Tensor
  ) throws {
    let channels = sizes.channels
    let (x, w, y, s) = (floats(input), floats(weight), floats(output), floats(scale))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 2 * channels, limits: liveRows(of: input)
    ) { replica, rows in
      let weights = w[replica]
      for row in rows {
        let (from, to) = (x[replica] + row * channels, y[replica] + row * channels)
        let mean = squares(from, count: channels) / Float(channels)
        let factor = 1 / (mean + epsilon).squareRoot()
        s[replica][row] = factor
        forEachLanes(channels) { c, lanes in
          (Lanes(from + c, count: lanes) * factor * Lanes(weights + c, count: lanes))
            .store(to + c, count: lanes)
        }
      }
    }
  }

  public func computeRMSNormGradient(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, scale: Tensor,
    outputGradient: Tensor, adding: Tensor?, into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    let (rows, channels) = (sizes.rows, sizes.channels)
    let (x, w, s, g) = (floats(input), floats(weight), floats(scale), floats(outputGradient))
    let (addend, dx, dw) = (adding.map(floats), floats(inputGradient), floats(weightGradient))
    let limits = liveRows(of: input)

    // The weight's gradient: partial sums of blocks of rows, then of the blocks in order.
    let height = 64
    let blocks = (rows + height - 1) / height
    func gradientRow(
      _ row: Int, _ replica: Int, _ partial: UnsafeMutablePointer<Float>,
      _ result: UnsafeMutablePointer<Float>
    ) {
      let offset = row * channels
      let (values, gradients, weights) = (x[replica] + offset, g[replica] + offset, w[replica])
      let factor = s[replica][row]
      var dot = Lanes.zero
      forEachLanes(channels) { c, lanes in
        dot.accumulate(
          Lanes(weights + c, count: lanes) * Lanes(gradients + c, count: lanes),
          Lanes(values + c, count: lanes))
      }
      let inner = dot.total * factor * factor / Float(channels)
      // The result is written to a separate row first, so that the compiler vectorises the loops.
      for c in 0..<channels {
        partial[c] = partial[c].addingProduct(gradients[c], values[c] * factor)
        result[c] = (weights[c] * gradients[c] - values[c] * inner) * factor
      }
      if let addend {
        let added = addend[replica] + offset
        for c in 0..<channels { result[c] += added[c] }
      }
      (dx[replica] + offset).update(from: result, count: channels)
    }
    withScratch(sizes.replicas * blocks * channels) { partials in
      func body(_ item: Int) {
        let (replica, block) = (item / blocks, item % blocks)
        let partial = partials + item * channels
        partial.update(repeating: 0, count: channels)
        withScratch(channels) { result in
          let end = min((block + 1) * height, limits?[replica] ?? rows)
          for row in block * height..<max(block * height, end) {
            gradientRow(row, replica, partial, result)
          }
        }
      }
      workers.splitRows(
        replicas: 1, rows: sizes.replicas * blocks, cost: 4 * min(height, rows) * channels
      ) { _, range in
        for item in range { body(item) }
      }
      for replica in 0..<sizes.replicas {
        let first = partials + replica * blocks * channels
        forEachLanes(channels) { c, lanes in
          var sum = Lanes(first + c, count: lanes)
          for block in 1..<max(blocks, 1) {
            sum += Lanes(first + block * channels + c, count: lanes)
          }
          sum.store(dw[replica] + c, count: lanes)
        }
      }
    }
  }
}

/// Σ x², sixteen partial sums first.
@inline(__always)
func squares(_ values: UnsafePointer<Float>, count: Int) -> Float {
  var even = Lanes.zero
  var odd = Lanes.zero
  var start = 0
  while start + 16 <= count {
    let (first, second) = (Lanes(values + start), Lanes(values + start + 8))
    even.accumulate(first, first)
    odd.accumulate(second, second)
    start += 16
  }
  forEachLanes(count - start) { i, lanes in
    let value = Lanes(values + start + i, count: lanes)
    even.accumulate(value, value)
  }
  return (even + odd).total
}
