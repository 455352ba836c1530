public import Tensors

extension CPUBackend {
  public func add(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    check(
      left.shape == right.shape && left.shape == output.shape, "add",
      "\(left.shape), \(right.shape) and \(output.shape) differ")
    let (a, b, y) = (floats(left), floats(right), floats(output))
    workers.split(
      replicas: left.shape.replicas, count: left.shape.elementsPerReplica, grain: 1 << 14
    ) { replica, range in
      let start = range.lowerBound
      let (first, second, result) = (a[replica] + start, b[replica] + start, y[replica] + start)
      forEachLanes(range.count) { i, lanes in
        (Lanes(first + i, count: lanes) + Lanes(second + i, count: lanes))
          .store(result + i, count: lanes)
      }
    }
  }

  public func swiGLU(_ gateAndUp: Tensor, into output: Tensor) throws {
    let sizes = SwiGLUSizes(gateAndUp, output: output, operation: "swiGLU")
    let width = sizes.width
    let (x, y) = (floats(gateAndUp), floats(output))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 4 * width
    ) { replica, rows in
      for row in rows {
        let gates = x[replica] + row * 2 * width
        let result = y[replica] + row * width
        forEachLanes(width) { f, lanes in
          let gate = Lanes(gates + f, count: lanes)
          let up = Lanes(gates + width + f, count: lanes)
          // With h = e^(-|gate|/2): 1/(1 + e^-gate) = (h² or 1) / (1 + h²). The two factors h stand
          // apart, because h² underflows where the product with gate and value does not.
          let h = exponential(magnitude(gate) * -0.5)
          let factor = h.replacing(with: 1, where: gate .>= 0)
          (gate * factor / (1 + h * h) * up * factor).store(result + f, count: lanes)
        }
      }
    }
  }

  public func swiGLUGradient(
    _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    let sizes = SwiGLUSizes(gateAndUp, output: outputGradient, operation: "swiGLUGradient")
    check(
      gradient.shape == gateAndUp.shape, "swiGLUGradient",
      "gradient \(gradient.shape) is not the shape of \(gateAndUp.shape)")
    let width = sizes.width
    let (x, g, dx) = (floats(gateAndUp), floats(outputGradient), floats(gradient))
    workers.splitRows(
      replicas: sizes.replicas, rows: sizes.rows, cost: 6 * width
    ) { replica, rows in
      for row in rows {
        let gates = x[replica] + row * 2 * width
        let upstream = g[replica] + row * width
        let result = dx[replica] + row * 2 * width
        forEachLanes(width) { f, lanes in
          let gate = Lanes(gates + f, count: lanes)
          let up = Lanes(gates + width + f, count: lanes)
          let outer = Lanes(upstream + f, count: lanes)
          // σ and 1 - σ each from e^(-|gate|), so that neither cancels.
          let e = exponential(-magnitude(gate))
          let positive = gate .>= 0
          let scale = 1 / (1 + e)
          let sigmoid = e.replacing(with: 1, where: positive) * scale
          let rest = Lanes(repeating: 1).replacing(with: e, where: positive) * scale
          let slope = sigmoid * Lanes(repeating: 1).addingProduct(gate, rest)
          (outer * up * slope).store(result + f, count: lanes)
          (outer * gate * sigmoid).store(result + width + f, count: lanes)
        }
      }
    }
  }
}

@inline(__always)
private func magnitude(_ x: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & 0x7fff_ffff, to: Lanes.self)
}
