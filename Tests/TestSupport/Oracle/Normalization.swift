extension Oracle {
  /// y_c = x_c · s · w_c with s = 1 / √(mean_c x_c² + ε), for `replicas` blocks of `rows` rows.
  ///
  /// Bounds: (C + 16) u |y_c|, as the contract says, and the same factor for s, whose relative
  /// error is half that of a sum of C squares plus mean, root and reciprocal.
  public static func rmsNorm(
    _ input: [Double], weight: [Double], epsilon: Double, replicas: Int, rows: Int, channels: Int
  ) -> (output: Expected, scale: Expected) {
    var output = Expected(count: input.count)
    var scale = Expected(count: replicas * rows)
    let error = Double(channels + 16) * unitRoundoff
    for row in 0..<replicas * rows {
      let start = row * channels
      let weightStart = row / rows * channels
      var squares = 0.0
      for c in 0..<channels { squares += input[start + c] * input[start + c] }
      let s = 1 / (squares / Double(channels) + epsilon).squareRoot()
      scale.set(row, s, within: error * s)
      for c in 0..<channels {
        let y = input[start + c] * s * weight[weightStart + c]
        output.set(start + c, y, within: error * abs(y))
      }
    }
    return (output, scale)
  }

  /// dx_c = s (w_c g_c - x_c s²/C · S) (+ adding_c) with S = Σ_j w_j g_j x_j, and
  /// dw_c = Σ_rows g_c x_c s, from the scale s as it was given.
  ///
  /// Bounds. With S̄ = Σ|w g x|: S errs by (C + 4) u S̄, and forming x s²/C · S from it by 8u more
  /// (two products, the division by C at 2.5 ulp, one more product), which gives
  /// (C + 16) u |x| s²/C S̄ with the outer roundings; w g and its roundings are 4u |w g|;
  /// the last sum is one rounding of its result, at most that of both terms. dw: (rows + 8) u Σ|g x s|.
  public static func rmsNormGradient(
    _ input: [Double], weight: [Double], scale: [Double], outputGradient: [Double],
    adding: [Double]? = nil, replicas: Int, rows: Int, channels: Int
  ) -> (input: Expected, weight: Expected) {
    let u = unitRoundoff
    var inputGradient = Expected(count: input.count)
    var weightGradient = Expected(count: replicas * channels)
    for row in 0..<replicas * rows {
      let start = row * channels
      let weightStart = row / rows * channels
      let s = scale[row]
      var (sum, magnitude) = (0.0, 0.0)
      for c in 0..<channels {
        let term = weight[weightStart + c] * outputGradient[start + c] * input[start + c]
        sum += term
        magnitude += abs(term)
      }
      for c in 0..<channels {
        let direct = weight[weightStart + c] * outputGradient[start + c]
        let factor = input[start + c] * s * s / Double(channels)
        let added = adding?[start + c] ?? 0
        let value = s * (direct - factor * sum) + added
        inputGradient.set(
          start + c, value,
          within: s
            * (4 * u * abs(direct) + Double(channels + 16) * u * abs(factor) * magnitude)
            + 2 * u * abs(added))
        let term = outputGradient[start + c] * input[start + c] * s
        weightGradient.values[weightStart + c] += term
        weightGradient.bounds[weightStart + c] += Double(rows + 8) * u * abs(term)
      }
    }
    return (inputGradient, weightGradient)
  }
}
