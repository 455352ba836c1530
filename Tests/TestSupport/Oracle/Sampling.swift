internal import Foundation
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
  /// once, and terms in u² are allowed u and 2u. At temperature 0 only the largest logit will do.
  public static func sample(
    _ logits: [Double], vocabulary: Int, temperature: Double, keys: [Int32], positions: [Int32]
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
        key: (keys[2 * r], keys[2 * r + 1]), position: positions[row], row: row % batch,
        count: vocabulary)
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
