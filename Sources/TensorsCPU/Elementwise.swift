public import Tensors

extension CPUBackend {
  public func computeAdd(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    let (a, b, y) = (floats(left), floats(right), floats(output))
    workers.split(
      replicas: left.shape.replicas, count: left.shape.elementsPerReplica, grain: 1 << 14,
      limits: liveRows(of: left)?.map { $0 * left.shape.width }
    ) { replica, range in
      let start = range.lowerBound
      let (first, second, result) = (a[replica] + start, b[replica] + start, y[replica] + start)
      forEachLanes(range.count) { i, lanes in
        (Lanes(first + i, count: lanes) + Lanes(second + i, count: lanes))
          .store(result + i, count: lanes)
      }
    }
  }

  public func computeRoundToBFloat16(_ input: Tensor, into output: Tensor) throws {
    let (x, y) = (floats(input), floats(output))
    workers.split(
      replicas: input.shape.replicas, count: input.shape.elementsPerReplica, grain: 1 << 14,
      limits: liveRows(of: input)?.map { $0 * input.shape.width }
    ) { replica, range in
      let (from, to) = (x[replica], y[replica])
      for i in range {
        let bits = from[i].bitPattern
        // Adds half of the last kept bit's value, minus one bit if the last kept bit is 0. A carry
        // into the exponent is correct, up to infinity. For a NaN the quiet bit is set instead.
        let rounded = (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000
        let isNaN = bits & 0x7fff_ffff > 0x7f80_0000
        to[i] = Float(bitPattern: isNaN ? (bits | 0x0040_0000) & 0xffff_0000 : rounded)
      }
    }
  }

  public func computeSwiGLU(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, into output: Tensor
  ) throws {
    let width = sizes.width
    let (x, y) = (floats(gateAndUp), floats(output))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 4 * width, limits: liveRows(of: gateAndUp)
    ) { replica, rows in
      // h = e^(-|gate|/2), so that 1/(1 + e^-gate) = (1 or h²) / (1 + h²). For a negative gate the
      // two factors h are multiplied separately: h² can underflow where the product with gate and
      // value does not.
      withScratch(width) { h in
        for row in rows {
          let gates = x[replica] + row * 2 * width
          let ups = gates + width
          let result = y[replica] + row * width
          for f in 0..<width { h[f] = abs(gates[f]) * -0.5 }
          exponentiate(h, count: width)
          for f in 0..<width {
            let factor = gates[f] >= 0 ? 1 : h[f]
            result[f] = gates[f] * factor / (1 + h[f] * h[f]) * ups[f] * factor
          }
        }
      }
    }
  }

  public func computeSwiGLUGradient(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let width = sizes.width
    let (x, g, dx) = (floats(gateAndUp), floats(outputGradient), floats(gradient))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 6 * width, limits: liveRows(of: gateAndUp)
    ) { replica, rows in
      // σ and 1 - σ are both computed from e^(-|gate|), without cancellation. Results are written
      // to a separate row first, so the compiler vectorises the loop also if the gradient is the
      // input.
      withScratch(3 * width) { e in
        let gradients = e + width
        for row in rows {
          let gates = x[replica] + row * 2 * width
          let ups = gates + width
          let upstream = g[replica] + row * width
          for f in 0..<width { e[f] = -abs(gates[f]) }
          exponentiate(e, count: width)
          for f in 0..<width {
            let scale = 1 / (1 + e[f])
            let sigmoid = (gates[f] >= 0 ? 1 : e[f]) * scale
            let rest = (gates[f] >= 0 ? e[f] : 1) * scale
            gradients[f] =
              upstream[f] * ups[f] * sigmoid * (1 as Float).addingProduct(gates[f], rest)
            gradients[width + f] = upstream[f] * gates[f] * sigmoid
          }
          (dx[replica] + row * 2 * width).update(from: gradients, count: 2 * width)
        }
      }
    }
  }
}
