import Foundation
import Random
import Tensors

extension Oracle {
  /// The tokens that a float32 evaluation may choose for one row: the definition's, and those
  /// whose value is within both error bounds of it.
  public struct Choice: Sendable {
    public var token: Int
    public var acceptable: [Int]
  }

  /// argmax_v logits_v / temperature - ln(-ln u_v), or of the logits at temperature 0.
  ///
  /// Bound of a value: the quotient errs by 5u (2.5 ulp) and u_v is exact. y = -ln u_v errs by the
  /// factor 6u (3 ulp), which moves ln y by 6u, and ln y itself errs by 6u |ln y|; the sum rounds
  /// once, and terms in u² are allowed u and 2u. At temperature 0 only the largest logit is
  /// accepted.
  public static func sample(
    _ logits: [Double], vocabulary: Int, temperature: Double, keys: [Int32], positions: [Int32],
    places: [Int32]? = nil
  ) -> [Choice] {
    let rows = logits.count / vocabulary
    let batch = rows / (keys.count / 2)
    return (0..<rows).map { row in
      let x = logits[row * vocabulary..<(row + 1) * vocabulary]
      guard temperature > 0 else {
        let best = x.firstIndex(of: x.max()!)! - x.startIndex
        return Choice(token: best, acceptable: [best])
      }
      let r = row / batch
      let uniforms = uniforms(
        key: (keys[2 * r], keys[2 * r + 1]), position: positions[row],
        row: places.map { Int($0[row]) } ?? row % batch, count: vocabulary)
      let values = zip(x, uniforms).map { $0 / temperature - log(-log($1)) }
      let bounds = zip(x, values).map { logit, value in
        let quotient = logit / temperature
        guard quotient.isFinite else { return 0.0 }
        let noise = value - quotient
        return unitRoundoff * (6 * abs(quotient) + 8 + 7 * abs(noise) + abs(value))
      }
      let best = values.firstIndex(of: values.max()!)!
      let least = values[best] - bounds[best]
      return Choice(
        token: best, acceptable: (0..<vocabulary).filter { values[$0] + bounds[$0] >= least })
    }
  }

  /// u_v of one row: (x + 0.5) · 2⁻²³, x the upper 23 bits of word v mod 4 of the counter
  /// (position, row, v / 4, `sampling`).
  static func uniforms(
    key: (Int32, Int32), position: Int32, row: Int, count: Int
  ) -> [Double] {
    let seed =
      UInt64(UInt32(bitPattern: key.0)) | UInt64(UInt32(bitPattern: key.1)) << 32
    let philox = Philox(seed: seed)
    var uniforms: [Double] = []
    for block in 0..<(count + 3) / 4 {
      let words = philox.words(
        (
          UInt32(bitPattern: position), UInt32(row), UInt32(block),
          Philox.Purpose.sampling.rawValue
        ))
      for word in [words.0, words.1, words.2, words.3] {
        uniforms.append((Double(word >> 9) + 0.5) * 0x1p-23)
      }
    }
    return Array(uniforms.prefix(count))
  }
}

extension OperationDescription {
  /// Greedy choices, choices with a temperature, and draws from equal logits. The latter depend
  /// only on Philox's words, so they show whether the device's integer arithmetic equals the
  /// host's.
  static let sample = OperationDescription("sample") { extent, numbers in
    let temperatures: [Float?] =
      switch extent {
      case .cohort, .small: [0.9, nil]
      case .device: [0, 0.7, 1, nil]
      case .every: [0, 0.3, 1, 1.7, nil]
      }
    return drawSizes(extent).flatMap { r, b, v in
      temperatures.enumerated().map { number, temperature in
        // For a greedy choice logits are multiples of one half, so that the largest logit occurs
        // more than once. One in thirteen is masked.
        let logits = numbers.normals(r * b * v, scale: 2).enumerated().map {
          index, value -> Float in
          if temperature == nil { return 0 }
          if index % 13 == 12 { return -.infinity }
          return temperature == 0 ? (value * 2).rounded() / 2 : value
        }
        let (keys, positions) = (numbers.words(2 * r), numbers.words(r * b))
        let places = number % 2 == 1 ? numbers.integers(r * b, in: 0..<900) : nil
        let step = number % 3
        let how =
          temperature.map { $0 == 0 ? "greedy" : "at \($0)" } ?? "Philox alone"
        let rows: Shape = [r, b]
        return OperationCase(
          "sample", "R \(r), B \(b), V \(v), \(how)",
          [
            .input(logits, [r, b, v]), .input(keys, [r, 2]),
            .input(positions.map { $0 &- Int32(step) }, rows),
          ]
            + (places.map { [.input($0, rows)] } ?? []) + [.output(rows, .int32)],
          flops: Double(r * b * v),
          expected: {
            [
              .choices(
                Oracle.sample(
                  logits.doubles, vocabulary: v, temperature: Double(temperature ?? 1),
                  keys: keys, positions: positions, places: places
                ).map { Set($0.acceptable.map { Int32($0) }) })
            ]
          }
        ) { backend, tensors in
          try backend.sample(
            tensors[0], temperature: temperature ?? 1, keys: tensors[1], positions: tensors[2],
            step: step, places: places == nil ? nil : tensors[3], into: tensors[tensors.count - 1])
        }
      }
    }
  }

  /// Replicas, batch, vocabulary.
  private static func drawSizes(_ extent: Extent) -> [(Int, Int, Int)] {
    switch extent {
    case .cohort: [(5, 41, 129)]
    case .small: [(3, 9, 129)]
    case .device: [(3, 1, 3), (3, 65, 3), (3, 65, 272), (3, 300, 272)]
    case .every:
      [
        (1, 1, 1), (2, 2, 2), (3, 7, 7), (1, 8, 8), (2, 15, 15), (3, 16, 16), (1, 17, 17),
        (2, 31, 33), (1, 33, 63), (2, 64, 65), (3, 65, 129), (1, 129, 257), (2, 2, 4099),
      ]
    }
  }
}
