import Random
public import Tensors

extension CPUBackend {
  public func computeSample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, step: Int,
    places: Tensor?, into output: Tensor
  ) throws {
    let shape = logits.shape
    let (batch, vocabulary) = (shape[1], shape[2])
    let (x, words) = (floats(logits), integers(keys))
    let (order, chosen) = (integers(positions), integers(output))
    let rowPlaces = places.map(integers)
    workers.splitRows(
      replicas: shape.replicas, rows: batch, cost: (temperature > 0 ? 64 : 1) * vocabulary
    ) { replica, rows in
      for row in rows {
        let values = x[replica] + row * vocabulary
        guard temperature > 0 else {
          chosen[replica][row] = Int32(truncatingIfNeeded: largestIndex(values, vocabulary))
          continue
        }
        let low = UInt32(bitPattern: words[replica][0])
        let high = UInt32(bitPattern: words[replica][1])
        let draw = GumbelMaximum(
          philox: Philox(seed: UInt64(low) | UInt64(high) << 32),
          position: UInt32(bitPattern: order[replica][row] &+ Int32(step)),
          row: rowPlaces.map { UInt32(bitPattern: $0[replica][row]) }
            ?? UInt32(truncatingIfNeeded: row))
        chosen[replica][row] = Int32(
          truncatingIfNeeded: draw.index(values, vocabulary, temperature: temperature))
      }
    }
  }

  private func largestIndex(_ values: UnsafePointer<Float>, _ count: Int) -> Int {
    var best = 0
    for index in 1..<max(count, 1) where values[index] > values[best] { best = index }
    return best
  }
}
