import Conformance
import Gradients
import TestSupport
import Tensors
import Testing

/// Every rule of the tape, through a scalar loss, against central differences of the oracles.
@Suite(.serialized)
struct RuleTests {
  @Test(arguments: availableBackends)
  func everyRuleAgreesWithCentralDifferences(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    for rule in Self.rules { try rule.check(on: backend) }
  }

  static let rules = [
    linear, linearWithResidual, feedForward, attention, rmsNorm, add, swiGLU, embedding, gather,
    gatherOfAllRows, tokenLogProbabilities, chunkedLogProbabilities, weightedSum,
  ]

  private static let linear: GradientCase = {
    let weights = Weights(6 * 3, seed: 1)
    return GradientCase(
      name: "linear",
      inputs: [
        .init("x", [2, 3, 5], seed: 2), .init("weight", [3, 5], seed: 3, parameter: true),
      ],
      loss: { try weights.loss($0, $0.linear($1[0], weight: $1[1])) },
      definition: { weights.loss(Definition.linear($0[0], $0[1], rows: 6, columns: 3)) })
  }()

  private static let linearWithResidual: GradientCase = {
    let weights = Weights(6 * 3, seed: 4)
    return GradientCase(
      name: "linear with residual",
      inputs: [
        .init("x", [2, 3, 5], seed: 5), .init("weight", [3, 5], seed: 6, parameter: true),
        .init("residual", [2, 3, 3], seed: 7),
      ],
      loss: { try weights.loss($0, $0.linear($1[0], weight: $1[1], adding: $1[2])) },
      definition: {
        weights.loss(Definition.linear($0[0], $0[1], adding: $0[2], rows: 6, columns: 3))
      })
  }()

  private static let feedForward: GradientCase = {
    let weights = Weights(6 * 5, seed: 40)
    return GradientCase(
      name: "feed-forward",
      inputs: [
        .init("x", [2, 3, 5], seed: 41),
        .init("gate and up", [8, 5], seed: 42, parameter: true),
        .init("down", [5, 4], seed: 43, parameter: true), .init("residual", [2, 3, 5], seed: 44),
      ],
      loss: {
        try weights.loss(
          $0, $0.feedForward($1[0], gateAndUp: $1[1], down: $1[2], adding: $1[3]))
      },
      definition: {
        let gates = Definition.linear($0[0], $0[1], rows: 6, columns: 8)
        let inner = Oracle.swiGLU(gates, width: 4).values
        return weights.loss(Definition.linear(inner, $0[2], adding: $0[3], rows: 6, columns: 5))
      })
  }()

  /// Ragged: a full row, one position, some, none; odd numbers of heads and positions.
  private static let attention: GradientCase = {
    let shape = AttentionSizes(replicas: 2, batch: 2, positions: 5, heads: 3, headWidth: 4)
    let lengths: [Int32] = [5, 1, 3, 0]
    let table = RotaryTable.values(positions: 5, headWidth: 4, base: 100)
    let weights = Weights(10 * 12, seed: 8)
    return GradientCase(
      name: "attention",
      inputs: [.init("projection", [2, 5, 36], seed: 9)],
      loss: { tape, inputs in
        let output = try tape.attention(
          inputs[0], lengths: tape.backend.tensor(lengths, [2, 2]), heads: 3,
          rotaryTable: tape.backend.tensor(table, [1, 5, 2, 2]))
        return try weights.loss(tape, output)
      },
      definition: {
        weights.loss(Definition.attention($0[0], lengths: lengths, table: table, shape))
      })
  }()

  private static let rmsNorm: GradientCase = {
    let weights = Weights(4 * 7, seed: 10)
    return GradientCase(
      name: "rmsNorm",
      inputs: [
        .init("x", [4, 7], seed: 11, parameter: true),
        .init("weight", [7], seed: 12, parameter: true),
      ],
      loss: {
        try weights.loss($0, $0.rmsNorm($1[0], weight: $1[1], epsilon: Definition.epsilon))
      },
      definition: { weights.loss(Definition.rmsNorm($0[0], $0[1], channels: 7)) })
  }()

  private static let add: GradientCase = {
    let weights = Weights(9, seed: 13)
    return GradientCase(
      name: "add",
      inputs: [
        .init("left", [3, 3], seed: 14), .init("right", [3, 3], seed: 15, parameter: true),
      ],
      loss: { try weights.loss($0, $0.add($1[0], $1[1])) },
      definition: { weights.loss(zip($0[0], $0[1]).map { $0 + $1 }) })
  }()

  private static let swiGLU: GradientCase = {
    let weights = Weights(15, seed: 16)
    return GradientCase(
      name: "swiGLU", inputs: [.init("gate and up", [3, 10], seed: 17)],
      loss: { try weights.loss($0, $0.swiGLU($1[0])) },
      definition: { weights.loss(Oracle.swiGLU($0[0], width: 5).values) })
  }()

  /// Token 4 three times, token 0 in one replica only, token 5 never.
  private static let embedding: GradientCase = {
    let tokens: [Int32] = [4, 1, 4, 2, 3, 4, 0, 1, 3, 3, 4, 2]
    let weights = Weights(6 * 3, seed: 18)
    return GradientCase(
      name: "embedding", inputs: [.init("table", [6, 3], seed: 19, parameter: true)],
      loss: { tape, inputs in
        let indices = try tape.backend.tensor(tokens, [2, 2, 3])
        return try weights.loss(tape, tape.embedding(indices, table: inputs[0]))
      },
      definition: { weights.loss(Definition.rows(tokens, of: $0[0], channels: 3)) })
  }()

  /// Rows out of order, some left out, and a row of padding.
  private static let gather: GradientCase = {
    let rows: [Int32] = [3, 0, -1, 5, 4, -1, 1, 2]
    let places: [Int32] = [1, -1, -1, 0, -1, 3, -1, 2, 3, -1, 0, -1]
    let weights = Weights(4 * 3, seed: 20)
    return GradientCase(
      name: "gather", inputs: [.init("x", [2, 3, 3], seed: 21)],
      loss: { tape, inputs in
        let chosen = try tape.gather(
          inputs[0], rows: tape.backend.tensor(rows, [2, 4]),
          places: tape.backend.tensor(places, [2, 6]))
        return try weights.loss(tape, chosen)
      },
      definition: { weights.loss(Definition.rows(rows, of: $0[0], channels: 3)) })
  }()

  /// All rows in their order, which are not copied.
  private static let gatherOfAllRows: GradientCase = {
    let weights = Weights(6 * 3, seed: 22)
    let rows: [Int32] = (0..<12).map { $0 % 6 }
    return GradientCase(
      name: "gather of all rows", inputs: [.init("x", [2, 3, 3], seed: 23)],
      loss: { tape, inputs in
        let numbers = try tape.backend.tensor(rows, [2, 6])
        let chosen = try tape.gather(inputs[0], rows: numbers, places: numbers, takesAll: true)
        return try weights.loss(tape, chosen)
      },
      definition: { weights.loss(Definition.rows(rows, of: $0[0], channels: 3)) })
  }()

  /// Weights of both signs and 0: an arbitrary upstream gradient.
  private static let tokenLogProbabilities: GradientCase = {
    let targets: [Int32] = [0, 6, 2, 3, 3, 5, 1, 0]
    let weights: [Float] = [-0.5, 2, 0, 1, -1, 0.25, 0, -3]
    return GradientCase(
      name: "tokenLogProbabilities", inputs: [.init("logits", [4, 7], seed: 22, scale: 2)],
      loss: { tape, inputs in
        let values = try tape.tokenLogProbabilities(
          inputs[0], targets: tape.backend.tensor(targets, [2, 4]))
        return try tape.weightedSum(values, weights: tape.backend.tensor(weights, [2, 4]))
      },
      definition: {
        Definition.weightedSum(Definition.logProbabilities($0[0], targets), weights)
      })
  }()

  /// Three chunks, the last one smaller. The input is also used past the chunks.
  private static let chunkedLogProbabilities: GradientCase = {
    let targets: [Int32] = [0, 6, 2, 3, 3, 5, 1, 0, 4, 4, 2, 2, 6, 5, 0, 3, 1, 1, 4, 2]
    let weights = Weights(10, seed: 25)
    let others = Weights(50, seed: 26)
    return GradientCase(
      name: "tokenLogProbabilities in chunks",
      inputs: [
        .init("x", [10, 5], seed: 27), .init("weight", [7, 5], seed: 28, parameter: true),
      ],
      loss: { tape, inputs in
        let values = try tape.tokenLogProbabilities(
          inputs[0], weight: inputs[1], targets: tape.backend.tensor(targets, [2, 10]),
          rowsPerChunk: 4, precision: .float32)
        return try tape.add(weights.loss(tape, values), others.loss(tape, inputs[0]))
      },
      definition: {
        let logits = Definition.linear($0[0], $0[1], rows: 10, columns: 7)
        return zip(
          weights.loss(Definition.logProbabilities(logits, targets)), others.loss($0[0])
        ).map { $0 + $1 }
      })
  }()

  private static let weightedSum: GradientCase = {
    let weights = Weights(11, seed: 23)
    return GradientCase(
      name: "weightedSum", inputs: [.init("values", [11], seed: 24)],
      loss: { try weights.loss($0, $1[0]) }, definition: { weights.loss($0[0]) })
  }()
}
