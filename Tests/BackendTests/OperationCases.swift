import Tensors
import TestSupport

extension OperationCase {
  /// Every operation of the contract at least once, each with five replicas of unlike values.
  static let all: [OperationCase] =
    products + attentions + rowwise + losses + updates + matrixUpdates

  private static let r = replicas

  private static var products: [OperationCase] {
    let forms: [(Int, Int, Int, Bool, Bool, Precision)] = [
      (33, 65, 257, false, true, .float32), (50, 48, 64, false, false, .float32),
      (24, 40, 1030, true, false, .float32), (9, 17, 33, true, true, .float32),
      (1, 100, 64, false, true, .float32), (33, 65, 257, false, true, .bfloat16),
      (24, 40, 1030, true, false, .bfloat16),
    ]
    return forms.enumerated().map { number, form in
      let (m, n, k, transposeLeft, transposeRight, precision) = form
      var numbers = TestNumbers(seed: 11000 + number)
      return OperationCase(
        description: "matmul \(form)",
        arguments: [
          .input(numbers.awkward(r * m * k), transposeLeft ? [r, k, m] : [r, m, k]),
          .input(numbers.awkward(r * k * n), transposeRight ? [r, n, k] : [r, k, n]),
          .updated(numbers.awkward(r * m * n), [r, m, n]),
        ]
      ) { backend, tensors in
        try backend.matmul(
          tensors[0], transposeLeft: transposeLeft, tensors[1], transposeRight: transposeRight,
          adding: number % 2 == 0 ? tensors[2] : nil, precision: precision, into: tensors[2])
      }
    }
  }

  private static var attentions: [OperationCase] {
    let shape = Oracle.AttentionShape(
      replicas: r, batch: 3, positions: 37, heads: 2, headWidth: 16)
    let (b, t, h, c) = (shape.batch, shape.positions, shape.heads, shape.channels)
    var numbers = TestNumbers(seed: 11100)
    let projection = numbers.normals(r * b * t * 3 * c)
    let upstream = numbers.normals(r * b * t * c)
    let lengths = numbers.lengths(r * b, positions: t)
    let forward = Oracle.attention(projection.doubles, lengths: lengths, shape)
    let one = numbers.normals(r * b * 3 * c)
    let cache: Shape = [r, b, h, 40, 16]
    let (keys, values) = (
      numbers.normals(cache.elementCount), numbers.normals(cache.elementCount)
    )
    let table = RotaryTable.values(positions: 50, headWidth: 16, base: 10000)
    let start = numbers.integers(r * b, in: 0..<13)
    return [
      OperationCase(
        description: "attention",
        arguments: [
          .input(projection, [r, b, t, 3 * c]), .input(lengths, [r, b]), .output([r, b, t, c]),
          .output([r, b, h, t]),
        ]
      ) { backend, tensors in
        try backend.attention(
          tensors[0], lengths: tensors[1], heads: h, into: tensors[2], logSumExp: tensors[3])
      },
      OperationCase(
        description: "attentionGradient",
        arguments: [
          .input(projection, [r, b, t, 3 * c]), .input(lengths, [r, b]),
          .input(forward.output.floats, [r, b, t, c]),
          .input(forward.logSumExp.floats, [r, b, h, t]), .input(upstream, [r, b, t, c]),
          .output([r, b, t, 3 * c]),
        ]
      ) { backend, tensors in
        try backend.attentionGradient(
          tensors[0], lengths: tensors[1], heads: h, output: tensors[2], logSumExp: tensors[3],
          outputGradient: tensors[4], into: tensors[5])
      },
      OperationCase(
        description: "rotary",
        arguments: [
          .updated(projection, [r, b, t, 3 * c]), .shared(table, [1, 50, 8, 2]),
          .input(start, [r, b]),
        ]
      ) { backend, tensors in
        try backend.rotary(
          tensors[0], heads: h, table: tensors[1], start: tensors[2], inverse: false,
          into: tensors[0])
      },
      OperationCase(
        description: "storeKeysAndValues",
        arguments: [
          .input(projection, [r, b, t, 3 * c]), .updated(keys, cache), .updated(values, cache),
        ]
      ) { backend, tensors in
        try backend.storeKeysAndValues(
          tensors[0], heads: h, keys: tensors[1], values: tensors[2])
      },
      OperationCase(
        description: "attentionDecode",
        arguments: [
          .input(one, [r, b, 1, 3 * c]), .updated(keys, cache), .updated(values, cache),
          .input(numbers.integers(r * b, in: 0..<40), [r, b]), .output([r, b, 1, c]),
        ]
      ) { backend, tensors in
        try backend.attentionDecode(
          tensors[0], heads: h, keys: tensors[1], values: tensors[2], positions: tensors[3],
          into: tensors[4])
      },
    ]
  }

  private static var rowwise: [OperationCase] {
    let (rows, c) = (67, 48)
    let wide: Shape = [r, rows, 2 * c]
    let narrow: Shape = [r, rows, c]
    var numbers = TestNumbers(seed: 11200)
    let input = numbers.awkward(narrow.elementCount)
    let weight = numbers.normals(r * c)
    let scale = Oracle.rmsNorm(
      input.doubles, weight: weight.doubles, epsilon: 1e-5, replicas: r, rows: rows, channels: c
    ).scale.floats
    let indices = numbers.integers(r * rows, in: 0..<30)
    return [
      OperationCase(
        description: "roundToBFloat16", arguments: [.input(input, narrow), .output(narrow)]
      ) { backend, tensors in
        try backend.roundToBFloat16(tensors[0], into: tensors[1])
      },
      OperationCase(
        description: "rmsNorm",
        arguments: [
          .input(input, narrow), .input(weight, [r, c]), .output(narrow), .output([r, rows]),
        ]
      ) { backend, tensors in
        try backend.rmsNorm(
          tensors[0], weight: tensors[1], epsilon: 1e-5, into: tensors[2], scale: tensors[3])
      },
      OperationCase(
        description: "rmsNormGradient",
        arguments: [
          .input(input, narrow), .input(weight, [r, c]), .input(scale, [r, rows]),
          .input(numbers.normals(narrow.elementCount), narrow),
          .updated(numbers.normals(narrow.elementCount), narrow), .output([r, c]),
        ]
      ) { backend, tensors in
        try backend.rmsNormGradient(
          tensors[0], weight: tensors[1], scale: tensors[2], outputGradient: tensors[3],
          adding: tensors[4], into: tensors[4], weightGradient: tensors[5])
      },
      OperationCase(
        description: "add",
        arguments: [.input(input, narrow), .updated(numbers.awkward(r * rows * c), narrow)]
      ) { backend, tensors in try backend.add(tensors[0], tensors[1], into: tensors[1]) },
      OperationCase(
        description: "swiGLU",
        arguments: [.input(numbers.normals(wide.elementCount, scale: 3), wide), .output(narrow)]
      ) { backend, tensors in try backend.swiGLU(tensors[0], into: tensors[1]) },
      OperationCase(
        description: "swiGLUGradient",
        arguments: [
          .updated(numbers.normals(wide.elementCount, scale: 3), wide), .input(input, narrow),
        ]
      ) { backend, tensors in
        try backend.swiGLUGradient(tensors[0], outputGradient: tensors[1], into: tensors[0])
      },
      OperationCase(
        description: "embedding",
        arguments: [
          .input(indices, [r, rows]), .input(numbers.awkward(r * 30 * c), [r, 30, c]),
          .output(narrow),
        ]
      ) { backend, tensors in
        try backend.embedding(tensors[0], table: tensors[1], into: tensors[2])
      },
      OperationCase(
        description: "embeddingGradient",
        arguments: [
          .input(indices, [r, rows]), .input(input, narrow),
          .updated(numbers.awkward(r * 30 * c), [r, 30, c]),
        ]
      ) { backend, tensors in
        try backend.embeddingGradient(
          tensors[0], outputGradient: tensors[1], accumulate: true, into: tensors[2])
      },
    ]
  }

  private static var losses: [OperationCase] {
    let (rows, v) = (41, 129)
    let shape: Shape = [r, rows, v]
    var numbers = TestNumbers(seed: 11300)
    let logits = numbers.normals(shape.elementCount, scale: 3)
    let targets = numbers.integers(r * rows, in: 0..<v)
    let kept = Oracle.tokenLogProbabilities(
      logits.doubles, targets: targets, vocabulary: v
    ).logSumExp.floats
    let long = 3001
    return [
      OperationCase(
        description: "tokenLogProbabilities",
        arguments: [
          .input(logits, shape), .input(targets, [r, rows]), .output([r, rows]),
          .output([r, rows]),
        ]
      ) { backend, tensors in
        try backend.tokenLogProbabilities(
          tensors[0], targets: tensors[1], into: tensors[2], logSumExp: tensors[3])
      },
      OperationCase(
        description: "tokenLogProbabilitiesGradient",
        arguments: [
          .updated(logits, shape), .input(targets, [r, rows]), .input(kept, [r, rows]),
          .input(numbers.normals(r * rows), [r, rows]),
        ]
      ) { backend, tensors in
        try backend.tokenLogProbabilitiesGradient(
          tensors[0], targets: tensors[1], logSumExp: tensors[2], outputGradient: tensors[3],
          into: tensors[0])
      },
      OperationCase(
        description: "weightedSum",
        arguments: [
          .input(numbers.awkward(r * long), [r, long]),
          .input(numbers.awkward(r * long), [r, long]), .output([r]),
        ]
      ) { backend, tensors in
        try backend.weightedSum(tensors[0], weights: tensors[1], into: tensors[2])
      },
      OperationCase(
        description: "weightedSumGradient",
        arguments: [
          .input(numbers.awkward(r * long), [r, long]), .input(numbers.normals(r), [r]),
          .output([r, long]),
        ]
      ) { backend, tensors in
        try backend.weightedSumGradient(
          weights: tensors[0], outputGradient: tensors[1], into: tensors[2])
      },
      OperationCase(
        description: "sample",
        arguments: [
          .input(logits, shape), .input(numbers.integers(2 * r, in: 0..<1 << 30), [r, 2]),
          .input(numbers.integers(r * rows, in: 0..<4096), [r, rows]),
          .output([r, rows], .int32),
        ]
      ) { backend, tensors in
        try backend.sample(
          tensors[0], temperature: 0.9, keys: tensors[1], positions: tensors[2], into: tensors[3])
      },
      OperationCase(
        description: "sample at places",
        arguments: [
          .input(logits, shape), .input(numbers.integers(2 * r, in: 0..<1 << 30), [r, 2]),
          .input(numbers.integers(r * rows, in: 0..<4096), [r, rows]),
          .input(numbers.integers(r * rows, in: 0..<900), [r, rows]), .output([r, rows], .int32),
        ]
      ) { backend, tensors in
        try backend.sample(
          tensors[0], temperature: 0.9, keys: tensors[1], positions: tensors[2],
          places: tensors[3], into: tensors[4])
      },
    ]
  }

  private static var updates: [OperationCase] {
    let count = 40_009
    let shape: Shape = [r, count]
    var numbers = TestNumbers(seed: 11400)
    let squares = numbers.normals(shape.elementCount).map { $0 * $0 }
    let control = (0..<r).flatMap { replica -> [Float] in
      [0.5, 1e-3 * Float(replica + 1), 1.5, 4, 0.1]
    }
    return [
      OperationCase(
        description: "sumOfSquares",
        arguments: [.input(numbers.awkward(shape.elementCount), shape), .output([r])]
      ) { backend, tensors in try backend.sumOfSquares(tensors[0], into: tensors[1]) },
      OperationCase(
        description: "gateUpdate",
        arguments: [
          .input(numbers.normals(r), [r]), .input(numbers.uniforms(r).map { 9 * $0 }, [r]),
          .input(numbers.uniforms(r * 4 * 4), [r, 4, 4]),
          .updated([0, 1, 2, 3, 1] as [Int32], [r]),
          .updated([1, 1, 1, 1, 1] as [Int32], [r]),
          .updated([Float](repeating: 9, count: 5 * r), [r, 5]),
        ]
      ) { backend, tensors in
        try backend.gateUpdate(
          loss: tensors[0], squaredNorm: tensors[1], schedule: tensors[2], clip: 1,
          steps: tensors[3], active: tensors[4], control: tensors[5])
      },
      OperationCase(
        description: "adamW",
        arguments: [
          .updated(numbers.normals(shape.elementCount), shape),
          .input(numbers.normals(shape.elementCount), shape),
          .updated(numbers.normals(shape.elementCount), shape), .updated(squares, shape),
          .input(control, [r, 5]),
        ]
      ) { backend, tensors in
        try backend.adamW(
          parameters: tensors[0], gradients: tensors[1], firstMoment: tensors[2],
          secondMoment: tensors[3], control: tensors[4], settings: AdamWSettings(),
          decayed: 17_001)
      },
      OperationCase(
        description: "sgd",
        arguments: [
          .updated(numbers.normals(shape.elementCount), shape),
          .input(numbers.normals(shape.elementCount), shape),
          .updated(numbers.normals(shape.elementCount), shape), .input(control, [r, 5]),
        ]
      ) { backend, tensors in
        try backend.sgd(
          parameters: tensors[0], gradients: tensors[1], momentum: tensors[2], control: tensors[3],
          settings: SGDSettings(), decayed: 17_001)
      },
    ]
  }
}
