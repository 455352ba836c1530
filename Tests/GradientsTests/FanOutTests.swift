import Conformance
import Gradients
import TestSupport
import Tensors
import Testing

/// Variables that more than one operation uses: their gradients are sums.
@Suite(.serialized)
struct FanOutTests {
  @Test(arguments: availableBackends)
  func contributionsAreSummed(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    for item in Self.cases { try item.check(on: backend) }
  }

  static let cases = [
    doubled, sharedResidual, sharedParameters, twoReaders, tiedTable,
  ]

  /// One variable on both sides of an operation.
  private static let doubled: GradientCase = {
    let weights = Weights(6, seed: 31)
    return GradientCase(
      name: "x + x", inputs: [.init("x", [2, 3], seed: 32, parameter: true)],
      loss: { try weights.loss($0, $0.add($1[0], $1[0])) },
      definition: { weights.loss($0[0].map { 2 * $0 }) })
  }()

  /// Half a block: x + W norm(x), then that again through other weights. The residual's gradient
  /// meets the norm's.
  private static let sharedResidual: GradientCase = {
    let weights = Weights(3 * 4, seed: 33)
    @Sendable func half(_ x: [Double], _ norm: [Double], _ weight: [Double]) -> [Double] {
      Definition.linear(
        Definition.rmsNorm(x, norm, channels: 4), weight, adding: x, rows: 3, columns: 4)
    }
    return GradientCase(
      name: "shared residual",
      inputs: [
        .init("x", [3, 4], seed: 34), .init("first norm", [4], seed: 35, parameter: true),
        .init("first", [4, 4], seed: 36, scale: 0.5, parameter: true),
        .init("second norm", [4], seed: 37, parameter: true),
        .init("second", [4, 4], seed: 38, scale: 0.5, parameter: true),
      ],
      loss: { tape, inputs in
        var x = inputs[0]
        for part in [1, 3] {
          let norm = try tape.rmsNorm(x, weight: inputs[part], epsilon: Definition.epsilon)
          x = try tape.linear(norm, weight: inputs[part + 1], adding: x)
        }
        return try weights.loss(tape, x)
      },
      definition: { weights.loss(half(half($0[0], $0[1], $0[2]), $0[3], $0[4])) })
  }()

  /// One norm and one matrix used in two places: later contributions add to the first.
  private static let sharedParameters: GradientCase = {
    let weights = Weights(3 * 4, seed: 39)
    @Sendable func step(_ x: [Double], _ norm: [Double], _ weight: [Double]) -> [Double] {
      Definition.linear(Definition.rmsNorm(x, norm, channels: 4), weight, rows: 3, columns: 4)
    }
    return GradientCase(
      name: "shared parameters",
      inputs: [
        .init("x", [3, 4], seed: 40), .init("norm", [4], seed: 41, parameter: true),
        .init("weight", [4, 4], seed: 42, parameter: true),
      ],
      loss: { tape, inputs in
        var x = inputs[0]
        for _ in 0..<3 {
          let norm = try tape.rmsNorm(x, weight: inputs[1], epsilon: Definition.epsilon)
          x = try tape.linear(norm, weight: inputs[2])
        }
        return try weights.loss(tape, x)
      },
      definition: {
        weights.loss(step(step(step($0[0], $0[1], $0[2]), $0[1], $0[2]), $0[1], $0[2]))
      })
  }()

  /// An activation read by a gather, a linear layer, a SwiGLU and a residual.
  private static let twoReaders: GradientCase = {
    let rows: [Int32] = [2, 0, -1, 1, 2, 0]
    let places: [Int32] = [1, -1, 0, 2, 0, 1]
    let weights = Weights(3 * 4, seed: 43)
    let other = Weights(3 * 2, seed: 44)
    return GradientCase(
      name: "four readers",
      inputs: [
        .init("x", [3, 4], seed: 45), .init("weight", [4, 4], seed: 46, parameter: true),
      ],
      loss: { tape, inputs in
        let x = inputs[0]
        let gathered = try tape.gather(
          x, rows: tape.backend.tensor(rows, [2, 3]), places: tape.backend.tensor(places, [2, 3]))
        let sum = try tape.linear(tape.add(gathered, x), weight: inputs[1], adding: x)
        return try tape.add(
          weights.loss(tape, sum), other.loss(tape, tape.swiGLU(x)))
      },
      definition: { inputs in
        let x = inputs[0]
        let gathered = Definition.rows(rows, of: x, channels: 4)
        let sum = Definition.linear(
          zip(gathered, x).map { $0 + $1 }, inputs[1], adding: x, rows: 3, columns: 4)
        return zip(weights.loss(sum), other.loss(Oracle.swiGLU(x, width: 2).values)).map { $0 + $1 }
      })
  }()

  /// A table that embeds, embeds again, and unembeds, as tied embeddings do.
  private static let tiedTable: GradientCase = {
    let tokens: [Int32] = [4, 1, 4, 2, 0, 3]
    let more: [Int32] = [1, 1, 0, 2, 5, 4]
    let targets: [Int32] = [1, 5, 0, 3, 3, 2]
    let weights = Weights(3, seed: 47)
    return GradientCase(
      name: "tied table",
      inputs: [
        .init("table", [6, 4], seed: 48, parameter: true),
        .init("norm", [4], seed: 49, parameter: true),
      ],
      loss: { tape, inputs in
        let backend = tape.backend
        let x = try tape.add(
          tape.embedding(backend.tensor(tokens, [2, 3]), table: inputs[0]),
          tape.embedding(backend.tensor(more, [2, 3]), table: inputs[0]))
        let logits = try tape.linear(
          tape.rmsNorm(x, weight: inputs[1], epsilon: Definition.epsilon), weight: inputs[0])
        return try weights.loss(
          tape, tape.tokenLogProbabilities(logits, targets: backend.tensor(targets, [2, 3])))
      },
      definition: { inputs in
        let x = zip(
          Definition.rows(tokens, of: inputs[0], channels: 4),
          Definition.rows(more, of: inputs[0], channels: 4)
        ).map { $0 + $1 }
        let logits = Definition.linear(
          Definition.rmsNorm(x, inputs[1], channels: 4), inputs[0], rows: 3, columns: 6)
        return weights.loss(Definition.logProbabilities(logits, targets))
      })
  }()
}
