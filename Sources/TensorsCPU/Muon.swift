public import Tensors

extension CPUBackend {
  public func computeMuonMomentum(
    _ sizes: MuonSizes, gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float,
    into direction: Tensor
  ) throws {
    let (g, m) = (floats(gradients), floats(momentum))
    let (d, controls) = (floats(direction), floats(control))
    let rest = 1 - beta
    forEachRow(sizes) { replica, row, place, step in
      let scale = controls[replica][0]
      let (g, m) = (g[replica] + row * sizes.columns, m[replica] + row * sizes.columns)
      let d = d[replica] + place
      guard scale >= 0 else {
        for i in 0..<sizes.columns { d[i * step] = 0 }
        return
      }
      for i in 0..<sizes.columns {
        let part = g[i] * scale * rest
        let mean = m[i] * beta + part
        m[i] = mean
        d[i * step] = mean * beta + part
      }
    }
  }

  public func computeNormalizeMatrices(
    _ matrices: Tensor, squaredNorm: Tensor, epsilon: Float
  ) throws {
    let shape = matrices.shape
    let (x, squares) = (floats(matrices), floats(squaredNorm))
    workers.split(
      replicas: shape.replicas, count: shape.elementsPerReplica, grain: 1 << 14
    ) { matrix, range in
      let scale = 1 / (squares[matrix][0].squareRoot() + epsilon)
      let part = x[matrix] + range.lowerBound
      for i in 0..<range.count { part[i] *= scale }
    }
  }

  public func computeAddPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float
  ) throws {
    let shape = gram.shape
    let (x, y, rows) = (floats(gram), floats(square), shape[1])
    workers.splitRows(replicas: shape.replicas, rows: rows, cost: 2 * rows) { matrix, range in
      for row in range {
        let (x, y) = (x[matrix] + row * rows, y[matrix] + row * rows)
        for i in 0..<rows { y[i] = x[i] * b + y[i] * c }
        y[row] += a
      }
    }
  }

  public func computeMuonUpdate(
    _ sizes: MuonSizes, parameters: Tensor, direction: Tensor, control: Tensor, scale: Float,
    decay: Float
  ) throws {
    let (theta, d, controls) = (floats(parameters), floats(direction), floats(control))
    forEachRow(sizes) { replica, row, place, step in
      let factors = controls[replica]
      guard factors[0] >= 0 else { return }
      let (rate, shrinking) = (factors[1] * scale, factors[1] * decay * factors[4])
      let (theta, d) = (theta[replica] + row * sizes.columns, d[replica] + place)
      for i in 0..<sizes.columns {
        theta[i] = theta[i] - theta[i] * shrinking - d[i * step] * rate
      }
    }
  }

  /// Calls `body` with every row of a block, with the row's offset in the direction and the stride
  /// of its elements there.
  private func forEachRow(
    _ sizes: MuonSizes, _ body: (_ replica: Int, _ row: Int, _ place: Int, _ step: Int) -> Void
  ) {
    let (m, n) = (sizes.rows, sizes.columns)
    workers.splitRows(replicas: sizes.replicas, rows: sizes.matrices * m, cost: 4 * n) {
      replica, rows in
      for row in rows {
        if sizes.transposed {
          body(replica, row, row / m * m * n + row % m, m)
        } else {
          body(replica, row, row * n, 1)
        }
      }
    }
  }
}
