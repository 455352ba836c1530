internal import Foundation
public import Tensors

extension CPUBackend {
  public func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, into output: Tensor
  ) throws {
    let shape = logits.shape
    check(
      shape.rank == 3 && keys.shape == [shape[0], 2] && positions.shape == [shape[0], shape[1]]
        && output.shape == positions.shape, "sample",
      "logits \(shape), keys \(keys.shape), positions \(positions.shape) and output "
        + "\(output.shape) do not fit")
    check(
      keys.elementType == .int32 && positions.elementType == .int32
        && output.elementType == .int32, "sample", "keys, positions and output are not int32")
    check(temperature >= 0, "sample", "temperature \(temperature) is below 0")
    let (batch, vocabulary) = (shape[1], shape[2])
    let (x, words) = (floats(logits), integers(keys))
    let (places, chosen) = (integers(positions), integers(output))
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
        let draw = GumbelDraw(
          philox: Philox(seed: UInt64(low) | UInt64(high) << 32),
          position: UInt32(bitPattern: places[replica][row]),
          row: UInt32(truncatingIfNeeded: row))
        chosen[replica][row] = Int32(
          truncatingIfNeeded: draw.index(values, vocabulary, temperature: Double(temperature)))
      }
    }
  }

  private func largestIndex(_ values: UnsafePointer<Float>, _ count: Int) -> Int {
    var best = 0
    for index in 1..<max(count, 1) where values[index] > values[best] { best = index }
    return best
  }
}

/// One row's Gumbel maximum (Gumbel 1954; Maddison et al. 2014, arXiv:1411.0030).
private struct GumbelDraw {
  let philox: Philox
  let position: UInt32
  let row: UInt32

  /// In double precision: (x + 0.5) · 2⁻²⁴ has 25 bits, so a float would round the largest u to 1,
  /// whose -ln(-ln u) is infinite.
  func index(_ logits: UnsafePointer<Float>, _ count: Int, temperature: Double) -> Int {
    var best = (index: 0, value: -Double.infinity)
    var start = 0
    while start < count {
      let words = philox.words(
        (position, row, UInt32(truncatingIfNeeded: start / 4), Philox.Purpose.sampling.rawValue))
      for lane in 0..<min(4, count - start) {
        let word =
          switch lane {
          case 0: words.0
          case 1: words.1
          case 2: words.2
          default: words.3
          }
        let u = (Double(word >> 8) + 0.5) * 0x1p-24
        let value = Double(logits[start + lane]) / temperature - log(-log(u))
        if value > best.value { best = (start + lane, value) }
      }
      start += 4
    }
    return best.index
  }
}
