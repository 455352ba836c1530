extension Oracle {
  /// output[r, i, :] = table[r, indices[r, i], :], exactly.
  public static func embedding(
    _ indices: [Int32], table: [Double], replicas: Int, rows: Int, channels: Int
  ) -> Expected {
    let count = indices.count / replicas
    var output: [Double] = []
    output.reserveCapacity(indices.count * channels)
    for (position, index) in indices.enumerated() {
      let start = (position / count * rows + Int(index)) * channels
      output += table[start..<start + channels]
    }
    return Expected(exactly: output)
  }

  /// tableGradient[r, v, :] (+)= Σ of the gradients of the positions that hold v.
  ///
  /// Bound: n additions in sequence err by n u Σ|terms|, one more allowed for terms in u²; a row
  /// that nothing or one gradient reaches is exact.
  public static func embeddingGradient(
    _ indices: [Int32], outputGradient: [Double], accumulatingOn table: [Double]?, replicas: Int,
    rows: Int, channels: Int
  ) -> Expected {
    let count = indices.count / replicas
    var values = table ?? [Double](repeating: 0, count: replicas * rows * channels)
    var magnitudes = values.map { abs($0) }
    var terms = [Int](repeating: table == nil ? 0 : 1, count: replicas * rows)
    for (position, index) in indices.enumerated() {
      let row = position / count * rows + Int(index)
      terms[row] += 1
      for c in 0..<channels {
        values[row * channels + c] += outputGradient[position * channels + c]
        magnitudes[row * channels + c] += abs(outputGradient[position * channels + c])
      }
    }
    var result = Expected(exactly: values)
    for index in 0..<values.count where terms[index / channels] > 1 {
      result.bounds[index] = Double(terms[index / channels]) * unitRoundoff * magnitudes[index]
    }
    return result
  }
}
