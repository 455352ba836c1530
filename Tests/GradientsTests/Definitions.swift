import Conformance
import Gradients
import TestSupport
import Tensors

/// Forward passes in double precision: the oracles' values at one set of sizes, and what they lack.
enum Definition {
  static let replicas = GradientCase.replicas

  /// x Wᵀ (+ residual), x of `rows` rows a replica.
  static func linear(
    _ x: [Double], _ weight: [Double], adding: [Double]? = nil, rows: Int, columns: Int
  ) -> [Double] {
    Oracle.matmul(
      x, weight, adding: adding,
      MatrixProduct(
        replicas: replicas, rows: rows, columns: columns, inner: x.count / replicas / rows,
        transposeRight: true)
    ).values
  }

  static func rmsNorm(_ x: [Double], _ weight: [Double], channels: Int) -> [Double] {
    Oracle.rmsNorm(
      x, weight: weight, epsilon: Double(epsilon), replicas: replicas,
      rows: x.count / replicas / channels, channels: channels
    ).output.values
  }

  static let epsilon: Float = 1e-5

  static func attention(
    _ projection: [Double], lengths: [Int32], table: [Float], _ shape: AttentionSizes
  ) -> [Double] {
    let rotated = Oracle.rotary(projection, table: table.doubles, shape).values
    return Oracle.attention(rotated, lengths: lengths, shape).output.values
  }

  /// Rows of a table (R, rows, channels) by index; -1 is a row of zeros.
  static func rows(_ indices: [Int32], of table: [Double], channels: Int) -> [Double] {
    let perReplica = table.count / replicas
    let count = indices.count / replicas
    return indices.enumerated().flatMap { place, index in
      let start = place / count * perReplica + Int(index) * channels
      return index < 0
        ? [Double](repeating: 0, count: channels) : Array(table[start..<start + channels])
    }
  }

  static func logProbabilities(_ logits: [Double], _ targets: [Int32]) -> [Double] {
    Oracle.tokenLogProbabilities(
      logits, targets: targets, vocabulary: logits.count / targets.count
    ).logProbabilities.values
  }

  /// Σ_i weights · values of every replica.
  static func weightedSum(_ values: [Double], _ weights: [Float]) -> [Double] {
    Oracle.weightedSum(values, weights: weights.doubles, replicas: replicas).values
  }
}

/// Fixed weights that make a scalar of an output, different for every element.
struct Weights: Sendable {
  let values: [Float]

  init(_ count: Int, seed: Int) {
    var numbers = TestNumbers(seed: seed)
    values = numbers.normals(count * Definition.replicas)
  }

  /// Σ weights · output by the tape.
  func loss(_ tape: Tape, _ output: Variable) throws -> Variable {
    try tape.weightedSum(
      output, weights: tape.backend.tensor(values, output.value.shape))
  }

  /// Σ weights · output in double precision.
  func loss(_ output: [Double]) -> [Double] { Definition.weightedSum(output, values) }
}
