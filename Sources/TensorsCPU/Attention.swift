internal import Foundation
public import Tensors

/// Rotates the pairs (x_i, x_{i + D/2}) of one head.
@inline(__always)
func rotateHead(
  _ source: UnsafePointer<Float>, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>,
  half: Int, into target: UnsafeMutablePointer<Float>
) {
  forEachLanes(half) { i, count in
    let low = Lanes(source + i, count: count)
    let high = Lanes(source + half + i, count: count)
    let cosine = Lanes(cosines + i, count: count)
    let sine = Lanes(sines + i, count: count)
    (low * cosine - high * sine).store(target + i, count: count)
    (high * cosine + low * sine).store(target + half + i, count: count)
  }
}

extension CPUBackend {
  public func computeRotary(
    _ sizes: AttentionSizes, _ projection: Tensor, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {
    let (batch, positions, width) = (sizes.batch, sizes.positions, sizes.headWidth)
    let (heads, channels) = (sizes.heads, sizes.channels)
    let half = width / 2
    let (x, y, angles) = (floats(projection), floats(output), floats(table)[0])
    let starts = start.map(integers)
    let rowPositions = projection.live?.positions.map(integers)
    let known = table.shape[1]
    let direction: Float = inverse ? -1 : 1

    workers.splitRows(
      replicas: sizes.replicas, rows: batch * positions, cost: 3 * channels,
      limits: liveRows(of: projection)
    ) { replica, rows in
      // Cosines and sines of the row's position in separate arrays, for all heads.
      withScratch(2 * half) { cosines in
        let sines = cosines + half
        var last = -1
        for row in rows {
          let position =
            rowPositions.map { Int($0[replica][row]) }
            ?? row % positions + (starts.map { Int($0[replica][row / positions]) } ?? 0)
          require(
            position >= 0 && position < known, "rotary",
            "position \(position) is not in the table's \(known)")
          if position != last {
            let entry = angles + position * width
            for pair in 0..<half {
              cosines[pair] = entry[2 * pair]
              sines[pair] = direction * entry[2 * pair + 1]
            }
            last = position
          }
          let from = x[replica] + row * 3 * channels
          let to = y[replica] + row * 3 * channels
          for head in 0..<2 * heads {
            rotateHead(
              from + head * width, cosines, sines, half: half, into: to + head * width)
          }
          if from != to {
            (to + 2 * channels).update(from: from + 2 * channels, count: channels)
          }
        }
      }
    }
  }

  public func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    into output: Tensor, logSumExp: Tensor
  ) throws {
    let projection = try rotated(projection, sizes, by: rotaryTable)
    defer { withExtendedLifetime(projection) {} }
    let (x, y, sums) = (floats(projection), floats(output), floats(logSumExp))
    let places = headPlaces(sizes, projection, lengths)
    withCausalMask { mask in
      forEachHead(sizes) { replica, row, head in
        let place = places(replica, row, head)
        place.attend(
          projection: x[replica], output: y[replica],
          logSumExp: sums[replica] + (row * sizes.heads + head) * sizes.positions, mask: mask)
      }
    }
  }

  /// The offsets of a head of (replica, batch row), padded or in live rows.
  func headPlaces(
    _ sizes: AttentionSizes, _ projection: Tensor, _ lengths: Tensor
  ) -> (Int, Int, Int) -> HeadPlace {
    let (counts, starts) = (integers(lengths), projection.live?.starts.map(integers))
    return { replica, row, head in
      let length = Int(counts[replica][row])
      return HeadPlace(
        sizes, start: starts.map { Int($0[replica][row]) } ?? row * sizes.positions, head: head,
        length: length, end: starts == nil ? sizes.positions : length)
    }
  }

  /// Every (replica, batch row, head) is one piece of work.
  func forEachHead(_ sizes: AttentionSizes, _ body: (Int, Int, Int) -> Void) {
    let rows = sizes.batch * sizes.heads
    let cost = sizes.positions * (sizes.positions / 4 + 8) * sizes.headWidth
    workers.splitRows(replicas: sizes.replicas, rows: rows, cost: cost) { replica, range in
      for item in range { body(replica, item / sizes.heads, item % sizes.heads) }
    }
  }
}

/// One head of one row: its offsets, and attention on it.
///
/// Eight consecutive queries are the lanes of a vector, in a block of scores (keys, 8). A query sums
/// over channels and over keys in ascending order, each sum in one accumulator of one lane, so its
/// bytes depend on its own row alone.
struct HeadPlace {
  /// The number of positions; later positions, up to `end`, are padding.
  let length: Int
  let end: Int
  let width: Int
  /// Columns of a panel: the width in whole vectors, zeros beyond it.
  let paddedWidth: Int
  /// Rows of a panel: the length in whole vectors, zeros beyond it.
  let paddedLength: Int
  let scale: Float
  let rowStride: Int
  let channels: Int
  /// Elements before this head's query at position 0 in the projection, and its output.
  let queryOffset: Int
  let outputOffset: Int

  /// - Parameter start: the row of position 0.
  init(_ sizes: AttentionSizes, start: Int, head: Int, length: Int, end: Int) {
    self.end = end
    self.length = min(max(length, 0), sizes.positions)
    width = sizes.headWidth
    channels = sizes.channels
    paddedWidth = (width + 7) / 8 * 8
    paddedLength = (self.length + 7) / 8 * 8
    scale = 1 / Float(width).squareRoot()
    rowStride = 3 * channels
    queryOffset = start * rowStride + head * width
    outputOffset = start * channels + head * width
  }

  var panelSize: Int { paddedLength * paddedWidth }

  /// Two passes over a query's scores, which stay in the L1 cache: the maximum, then the
  /// exponentials.
  func attend(
    projection: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    logSumExp: UnsafeMutablePointer<Float>, mask: UnsafePointer<Float>
  ) {
    let query = projection + queryOffset
    let result = output + outputOffset
    withScratch(2 * panelSize + 8 * paddedLength + 8 * paddedWidth) { keys in
      let values = keys + panelSize
      let scores = values + panelSize
      let queries = scores + 8 * paddedLength
      copyPanel(query + channels, into: keys)
      copyPanel(query + 2 * channels, into: values)
      var first = 0
      while first < length {
        let count = min(8, length - first)
        gatherLanes(
          query + first * rowStride, stride: rowStride, count: count, factor: scale, into: queries)
        var largest = Lanes(repeating: -.infinity)
        forEachKeyBlock(first) { key, isDiagonal in
          var block = products(queries, keys + key * paddedWidth)
          if isDiagonal { block.add(mask) }
          block.store(scores + 8 * key)
          largest = largest.maximum(block.largest)
        }
        for key in 0..<first + 8 {
          (Lanes(scores + 8 * key) - largest).store(scores + 8 * key)
        }
        exponentiate(scores, count: 8 * (first + 8))
        var sum = Lanes.zero
        for key in 0..<first + 8 { sum += Lanes(scores + 8 * key) }
        weightedSums(
          scores, values, keys: first + 8, factor: 1 / sum, into: result + first * channels,
          stride: channels, count: count)
        for lane in 0..<count { logSumExp[first + lane] = largest[lane] + logf(sum[lane]) }
        first += 8
      }
    }
    for position in length..<end {
      (result + position * channels).update(repeating: 0, count: width)
      logSumExp[position] = 0
    }
  }

  /// The blocks of eight keys that eight queries from `first` see, and the block at the queries'
  /// positions.
  @inline(__always)
  func forEachKeyBlock(_ first: Int, _ body: (Int, Bool) -> Void) {
    var key = 0
    while key < first {
      body(key, false)
      key += 8
    }
    body(first, true)
  }

  /// This head's channels of every position, row after row, zeros around them.
  func copyPanel(_ source: UnsafePointer<Float>, into panel: UnsafeMutablePointer<Float>) {
    for position in 0..<length {
      let row = panel + position * paddedWidth
      let from = source + position * rowStride
      forEachLanes(width) { i, count in Lanes(from + i, count: count).store(row + i) }
    }
    (panel + length * paddedWidth).update(
      repeating: 0, count: (paddedLength - length) * paddedWidth)
  }

  /// Transposes eight rows: element d of row i becomes lane i of vector d. Rows from `count` on are
  /// zeros.
  func gatherLanes(
    _ rows: UnsafePointer<Float>, stride: Int, count: Int, factor: Float,
    into lanes: UnsafeMutablePointer<Float>
  ) {
    forEachLanes(width) { d, channels in
      let from = rows + d
      @inline(__always)
      func row(_ index: Int) -> Lanes {
        index < count ? Lanes(from + index * stride, count: channels) * factor : Lanes.zero
      }
      let turned = transpose(row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7))
      let to = lanes + 8 * d
      turned.0.store(to)
      turned.1.store(to + 8)
      turned.2.store(to + 16)
      turned.3.store(to + 24)
      turned.4.store(to + 32)
      turned.5.store(to + 40)
      turned.6.store(to + 48)
      turned.7.store(to + 56)
    }
  }

  /// Σ_d lanes[d] · panel[j, d] for eight consecutive rows j of a panel.
  @inline(__always)
  func products(_ lanes: UnsafePointer<Float>, _ panel: UnsafePointer<Float>) -> EightVectors {
    var sums = EightVectors()
    let w = paddedWidth
    for d in 0..<width {
      let lane = Lanes(lanes + 8 * d)
      let column = panel + d
      sums.v0.accumulate(lane, column[0])
      sums.v1.accumulate(lane, column[w])
      sums.v2.accumulate(lane, column[2 * w])
      sums.v3.accumulate(lane, column[3 * w])
      sums.v4.accumulate(lane, column[4 * w])
      sums.v5.accumulate(lane, column[5 * w])
      sums.v6.accumulate(lane, column[6 * w])
      sums.v7.accumulate(lane, column[7 * w])
    }
    return sums
  }

  /// result[i, :] = factor_i · Σ_j weights[j]_i · panel[j, :] over the first `keys` rows of a panel,
  /// for the lanes i below `count`.
  @inline(__always)
  func weightedSums(
    _ weights: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, keys: Int, factor: Lanes,
    into result: UnsafeMutablePointer<Float>, stride: Int, count: Int
  ) {
    forEachLanes(width) { d, channels in
      var sums = EightVectors()
      for key in 0..<keys {
        let weight = Lanes(weights + 8 * key)
        let row = panel + key * paddedWidth + d
        sums.v0.accumulate(weight, row[0])
        sums.v1.accumulate(weight, row[1])
        sums.v2.accumulate(weight, row[2])
        sums.v3.accumulate(weight, row[3])
        sums.v4.accumulate(weight, row[4])
        sums.v5.accumulate(weight, row[5])
        sums.v6.accumulate(weight, row[6])
        sums.v7.accumulate(weight, row[7])
      }
      let rows = transpose(
        sums.v0 * factor, sums.v1 * factor, sums.v2 * factor, sums.v3 * factor,
        sums.v4 * factor, sums.v5 * factor, sums.v6 * factor, sums.v7 * factor)
      let to = result + d
      rows.0.store(to, count: channels)
      if count > 1 { rows.1.store(to + stride, count: channels) }
      if count > 2 { rows.2.store(to + 2 * stride, count: channels) }
      if count > 3 { rows.3.store(to + 3 * stride, count: channels) }
      if count > 4 { rows.4.store(to + 4 * stride, count: channels) }
      if count > 5 { rows.5.store(to + 5 * stride, count: channels) }
      if count > 6 { rows.6.store(to + 6 * stride, count: channels) }
      if count > 7 { rows.7.store(to + 7 * stride, count: channels) }
    }
  }
}

/// Eight accumulators that stay in registers.
struct EightVectors {
  var v0 = Lanes.zero
  var v1 = Lanes.zero
  var v2 = Lanes.zero
  var v3 = Lanes.zero
  var v4 = Lanes.zero
  var v5 = Lanes.zero
  var v6 = Lanes.zero
  var v7 = Lanes.zero

  @inline(__always)
  func store(_ destination: UnsafeMutablePointer<Float>) {
    v0.store(destination)
    v1.store(destination + 8)
    v2.store(destination + 16)
    v3.store(destination + 24)
    v4.store(destination + 32)
    v5.store(destination + 40)
    v6.store(destination + 48)
    v7.store(destination + 56)
  }

  @inline(__always)
  var largest: Lanes {
    v0.maximum(v1).maximum(v2.maximum(v3))
      .maximum(v4.maximum(v5).maximum(v6.maximum(v7)))
  }

  @inline(__always)
  mutating func add(_ table: UnsafePointer<Float>) {
    v0 += Lanes(table)
    v1 += Lanes(table + 8)
    v2 += Lanes(table + 16)
    v3 += Lanes(table + 24)
    v4 += Lanes(table + 32)
    v5 += Lanes(table + 40)
    v6 += Lanes(table + 48)
    v7 += Lanes(table + 56)
  }
}

/// Calls `body` with the mask of a block of eight keys by eight queries at the same positions. The
/// mask is added to the scores: -∞ in lane i of vector j if j > i, for keys that the query does not
/// see.
func withCausalMask(_ body: (UnsafePointer<Float>) -> Void) {
  withScratch(64) { table in
    for key in 0..<8 {
      for query in 0..<8 { table[8 * key + query] = key > query ? -.infinity : 0 }
    }
    body(table)
  }
}
