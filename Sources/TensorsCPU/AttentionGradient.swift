public import Tensors

extension CPUBackend {
  public func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    output: Tensor, logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    let projection = try rotated(projection, sizes, by: rotaryTable)
    defer { withExtendedLifetime(projection) {} }
    let (x, y, sums) = (floats(projection), floats(output), floats(logSumExp))
    let (dy, dx) = (floats(outputGradient), floats(projectionGradient))
    let places = headPlaces(sizes, projection, lengths)
    withCausalMask { mask in
      forEachHead(sizes) { replica, row, head in
        let place = places(replica, row, head)
        place.attendGradient(
          projection: x[replica], output: y[replica],
          logSumExp: sums[replica] + (row * sizes.heads + head) * sizes.positions,
          outputGradient: dy[replica], projectionGradient: dx[replica], mask: mask)
      }
    }
    try turnBack(projectionGradient, sizes, by: rotaryTable)
  }
}

extension HeadPlace {
  /// With P the weights, Δ_t = g_t · y_t and dS = P (g Vᵀ - Δ): dQ = dS K / √D, dK = dSᵀ Q / √D,
  /// dV = Pᵀ g (Dao et al. 2022, arXiv:2205.14135, appendix B.2).
  ///
  /// One thread computes a head, so one pass over blocks of eight queries gives all three
  /// gradients. P and dS of a block are computed once, and dK and dV are summed over queries in
  /// ascending order.
  func attendGradient(
    projection: UnsafePointer<Float>, output: UnsafePointer<Float>,
    logSumExp: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    projectionGradient: UnsafeMutablePointer<Float>, mask: UnsafePointer<Float>
  ) {
    let query = projection + queryOffset
    let result = projectionGradient + queryOffset
    let (gradient, value) = (outputGradient + outputOffset, output + outputOffset)
    let lanesSize = 8 * paddedWidth
    withScratch(4 * panelSize + 16 * paddedLength + 4 * lanesSize) { keys in
      let values = keys + panelSize
      let keyGradients = values + panelSize
      let valueGradients = keyGradients + panelSize
      let weights = valueGradients + panelSize
      let scoreGradients = weights + 8 * paddedLength
      let queryLanes = scoreGradients + 8 * paddedLength
      let gradientLanes = queryLanes + lanesSize
      let queryRows = gradientLanes + lanesSize
      let gradientRows = queryRows + lanesSize
      copyPanel(query + channels, into: keys)
      copyPanel(query + 2 * channels, into: values)
      keyGradients.update(repeating: 0, count: 2 * panelSize)
      var first = 0
      while first < length {
        let count = min(8, length - first)
        let (queries, gradients) = (query + first * rowStride, gradient + first * channels)
        gatherLanes(queries, stride: rowStride, count: count, factor: scale, into: queryLanes)
        gatherLanes(gradients, stride: channels, count: count, factor: 1, into: gradientLanes)
        copyRows(queries, stride: rowStride, count: count, factor: scale, into: queryRows)
        copyRows(gradients, stride: channels, count: count, factor: 1, into: gradientRows)
        let sums = Lanes(logSumExp + first, count: count)
        let delta = dots(gradients, value + first * channels, count: count)
        forEachKeyBlock(first) { key, isDiagonal in
          var block = products(queryLanes, keys + key * paddedWidth)
          if isDiagonal { block.add(mask) }
          block.store(weights + 8 * key, minus: sums)
          products(gradientLanes, values + key * paddedWidth)
            .store(scoreGradients + 8 * key, minus: delta)
        }
        let seen = first + 8
        exponentiate(weights, count: 8 * seen)
        for key in 0..<seen {
          (Lanes(weights + 8 * key) * Lanes(scoreGradients + 8 * key))
            .store(scoreGradients + 8 * key)
        }
        weightedSums(
          scoreGradients, keys, keys: seen, factor: Lanes(repeating: scale),
          into: result + first * rowStride, stride: rowStride, count: count)
        addOuterProducts(weights, gradientRows, keys: seen, to: valueGradients)
        addOuterProducts(scoreGradients, queryRows, keys: seen, to: keyGradients)
        first += 8
      }
      for position in 0..<length {
        let row = result + position * rowStride
        (row + channels).update(from: keyGradients + position * paddedWidth, count: width)
        (row + 2 * channels).update(from: valueGradients + position * paddedWidth, count: width)
      }
    }
    for position in length..<end {
      let row = result + position * rowStride
      for part in 0..<3 { (row + part * channels).update(repeating: 0, count: width) }
    }
  }

  /// Eight rows one after another, zeros around them.
  private func copyRows(
    _ source: UnsafePointer<Float>, stride: Int, count: Int, factor: Float,
    into rows: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<count {
      forEachLanes(width) { d, channels in
        (Lanes(source + row * stride + d, count: channels) * factor)
          .store(rows + row * paddedWidth + d)
      }
    }
    (rows + count * paddedWidth).update(repeating: 0, count: (8 - count) * paddedWidth)
  }

  /// The dot products of `count` rows of two (positions, channels) tensors, one in each lane.
  private func dots(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, count: Int
  ) -> Lanes {
    var result = Lanes.zero
    for row in 0..<count {
      var sum = Lanes.zero
      forEachLanes(width) { d, lanes in
        sum.accumulate(
          Lanes(left + row * channels + d, count: lanes),
          Lanes(right + row * channels + d, count: lanes))
      }
      result[row] = sum.total
    }
    return result
  }

  /// panel[j, :] += Σ_i weights[j]_i · rows[i, :] for the first `keys` rows of a panel.
  @inline(__always)
  private func addOuterProducts(
    _ weights: UnsafePointer<Float>, _ rows: UnsafePointer<Float>, keys: Int,
    to panel: UnsafeMutablePointer<Float>
  ) {
    let w = paddedWidth
    var d = 0
    while d < w {
      let row = rows + d
      let (r0, r1, r2, r3) = (Lanes(row), Lanes(row + w), Lanes(row + 2 * w), Lanes(row + 3 * w))
      let (r4, r5, r6, r7) = (
        Lanes(row + 4 * w), Lanes(row + 5 * w), Lanes(row + 6 * w), Lanes(row + 7 * w)
      )
      for key in 0..<keys {
        let weight = weights + 8 * key
        let target = panel + key * w + d
        var sum = Lanes(target)
        sum.accumulate(r0, weight[0])
        sum.accumulate(r1, weight[1])
        sum.accumulate(r2, weight[2])
        sum.accumulate(r3, weight[3])
        sum.accumulate(r4, weight[4])
        sum.accumulate(r5, weight[5])
        sum.accumulate(r6, weight[6])
        sum.accumulate(r7, weight[7])
        sum.store(target)
      }
      d += 8
    }
  }
}

extension EightVectors {
  @inline(__always)
  fileprivate func store(_ destination: UnsafeMutablePointer<Float>, minus offset: Lanes) {
    EightVectors(
      v0: v0 - offset, v1: v1 - offset, v2: v2 - offset, v3: v3 - offset, v4: v4 - offset,
      v5: v5 - offset, v6: v6 - offset, v7: v7 - offset
    ).store(destination)
  }
}
