import Random
import Tensors

extension CheckedCall {
  /// Greedy and tempered choices, and draws from equal logits: those are the order of Philox's words
  /// alone, so that they show whether the device's integers are the host's.
  static func samples(_ numbers: inout CheckNumbers) -> [CheckedCall] {
    var calls: [CheckedCall] = []
    for (batch, v) in [(1, 3), (65, 3), (65, 272), (300, 272)] {
      // Halves, so that the largest logit occurs more than once; one in thirteen is masked.
      let logits = numbers.normals(3 * batch * v, scale: 2).enumerated().map {
        $0 % 13 == 12 ? -Float.infinity : ($1 * 2).rounded() / 2
      }
      for temperature in [0, 0.7, 1] as [Float] {
        calls.append(
          sample(
            logits, batch: batch, vocabulary: v, temperature: temperature,
            "R 3, B \(batch), V \(v), \(temperature == 0 ? "greedy" : "at \(temperature)")",
            &numbers))
      }
      calls.append(
        sample(
          [Float](repeating: 0, count: 3 * batch * v), batch: batch, vocabulary: v,
          temperature: 1, "R 3, B \(batch), V \(v), Philox alone", &numbers))
    }
    return calls
  }

  private static func sample(
    _ logits: [Float], batch: Int, vocabulary v: Int, temperature: Float, _ sizes: String,
    _ numbers: inout CheckNumbers
  ) -> CheckedCall {
    let (keys, positions) = (numbers.words(3 * 2), numbers.words(3 * batch))
    return CheckedCall(
      operation: "sample", sizes: sizes,
      operands: [
        .input(logits, [3, batch, v]), .input(keys, [3, 2]), .input(positions, [3, batch]),
        .output([3, batch], .int32),
      ],
      expected: {
        [
          .choices(
            (0..<3 * batch).map { row in
              let x = logits[row * v..<(row + 1) * v].map { Double($0) }
              let r = row / batch
              let philox = Philox(
                seed: UInt64(UInt32(bitPattern: keys[2 * r]))
                  | UInt64(UInt32(bitPattern: keys[2 * r + 1])) << 32)
              return choices(x, temperature: Double(temperature)) { block in
                philox.words(
                  (
                    UInt32(bitPattern: positions[row]), UInt32(row % batch), block,
                    Philox.Purpose.sampling.rawValue
                  ))
              }
            })
        ]
      }
    ) { backend, tensors in
      try backend.sample(
        tensors[0], temperature: temperature, keys: tensors[1], positions: tensors[2],
        into: tensors[3])
    }
  }

  /// The first of the largest logits, or the largest logits / temperature - ln(-ln u) and those that
  /// come within both errors of it.
  private static func choices(
    _ logits: [Double], temperature: Double, words: (UInt32) -> Philox.Words
  ) -> Set<Int32> {
    guard temperature > 0 else {
      let largest = logits.max() ?? 0
      return [Int32(logits.firstIndex(of: largest) ?? 0)]
    }
    var scores: [(token: Int32, score: BoundedNumber)] = []
    for (token, logit) in logits.enumerated() where logit > -.infinity {
      let four = words(UInt32(token / 4))
      let word = [four.0, four.1, four.2, four.3][token % 4]
      // Exact in a float: 23 bits and a half.
      let u = BoundedNumber((Double(word >> 9) + 0.5) * 0x1p-23)
      let noise = -BoundedNumber.logarithm(-.logarithm(u))
      scores.append(
        (Int32(token), BoundedNumber(logit) / BoundedNumber(temperature) + noise))
    }
    let least = scores.map { $0.score.value - $0.score.error }.max() ?? 0
    return Set(scores.filter { $0.score.value + $0.score.error >= least }.map(\.token))
  }
}
