import Tensors

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

  /// dx_c = s (w_c g_c - x_c s²/C · S) (+ adding_c) with S = Σ_j w_j g_j x_j, and dw_c = Σ_rows g_c
  /// x_c s, from the given scale s.
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

extension OperationDescription {
  static let rmsNorm = OperationDescription("rmsNorm") { extent, numbers in
    norms(extent).enumerated().map { number, sizes in
      let (r, rows, c) = sizes
      let input = numbers.awkward(r * rows * c)
      let weight = numbers.normals(r * c)
      let epsilon: Float = number % 2 == 0 ? 1e-5 : 1e-6
      return OperationCase(
        "rmsNorm", "R \(r), \(rows) x \(c)",
        [
          .input(input, [r, rows, c]).ofRows(), .input(weight, [r, c]),
          .output([r, rows, c]).ofRows(), .output([r, rows]).ofRows(),
        ], flops: 4 * Double(r * rows * c),
        expected: {
          let result = Oracle.rmsNorm(
            input.doubles, weight: weight.doubles, epsilon: Double(epsilon), replicas: r,
            rows: rows, channels: c)
          return [.numbers(result.output), .numbers(result.scale)]
        }
      ) {
        try $0.rmsNorm($1[0], weight: $1[1], epsilon: epsilon, into: $1[2], scale: $1[3])
      }
    }
  }

  static let rmsNormGradient = OperationDescription("rmsNormGradient") { extent, numbers in
    norms(extent).flatMap { r, rows, c in
      (extent == .device || extent == .small ? [.output] : Addend.allCases).map { adding in
        let shape: Shape = [r, rows, c]
        let (input, weight) = (numbers.awkward(shape.elementCount), numbers.normals(r * c))
        let (upstream, addend) = (
          numbers.normals(shape.elementCount), numbers.awkward(shape.elementCount)
        )
        let scale = Oracle.rmsNorm(
          input.doubles, weight: weight.doubles, epsilon: 1e-5, replicas: r, rows: rows,
          channels: c
        ).scale.floats
        var arguments: [OperationArgument] = [
          .input(weight, [r, c]), .output([r, c]), .input(input, shape).ofRows(),
          .input(scale, [r, rows]).ofRows(), .input(upstream, shape).ofRows(),
        ]
        if adding == .another { arguments.append(.input(addend, shape).ofRows()) }
        let output: OperationArgument =
          adding == .output ? .updated(addend, shape) : .output(shape)
        arguments.append(output.ofRows())
        return OperationCase(
          "rmsNormGradient", "R \(r), \(rows) x \(c)\(adding == .nothing ? "" : ", adding")",
          arguments, flops: 10 * Double(shape.elementCount),
          expected: {
            let result = Oracle.rmsNormGradient(
              input.doubles, weight: weight.doubles, scale: scale.doubles,
              outputGradient: upstream.doubles,
              adding: adding == .nothing ? nil : addend.doubles, replicas: r, rows: rows,
              channels: c)
            return [.numbers(result.weight), .numbers(result.input)]
          }
        ) { backend, tensors in
          try backend.rmsNormGradient(
            tensors[2], weight: tensors[0], scale: tensors[3], outputGradient: tensors[4],
            adding: adding == .nothing ? nil : tensors[5], into: tensors[tensors.count - 1],
            weightGradient: tensors[1])
        }
      }
    }
  }

  /// Replicas, rows, channels.
  private static func norms(_ extent: Extent) -> [(Int, Int, Int)] {
    switch extent {
    // More rows than a block of the weight's gradient, and not a multiple of a tile.
    case .cohort: [(5, 131, 48)]
    case .small: [(3, 131, 17)]
    case .device: [(3, 1, 1), (3, 65, 33), (3, 300, 64)]
    case .every:
      [
        (1, 1, 1), (2, 2, 7), (3, 7, 8), (1, 8, 15), (2, 15, 16), (3, 16, 17), (1, 17, 31),
        (2, 31, 33), (3, 33, 64), (1, 65, 65), (2, 97, 63), (1, 129, 129), (1, 257, 32),
        (1, 4099, 16), (2, 3, 4099),
      ]
    }
  }
}
