import Conformance
import TestSupport
import Tensors
import Transformers

/// Small models and batches of odd sizes, the same in every run.
struct TestModel {
  let configuration: ModelConfiguration
  /// One list per replica.
  let values: [[Float]]

  /// Two layers; no size divides a vector's or a tile's.
  static let odd = ModelConfiguration(
    vocabularySize: 23, channels: 18, layers: 2, heads: 3, feedForwardWidth: 11)

  /// With an output matrix of its own.
  static var untied: ModelConfiguration {
    var configuration = odd
    configuration.tiesEmbeddings = false
    return configuration
  }

  /// How far a float32 logit of these models may be from the double-precision one.
  ///
  /// On the longest path 16 operations follow each other, each within (K + 16) 2⁻²⁴ Σ|terms|,
  /// K <= 80; roundings being independent they act as √K does: 16 · (√80 + 16) · 2⁻²⁴ · Σ|terms| = 2.4e-5
  /// with Σ|terms| near 1, as logits are. A wrong angle, norm or mask is wrong by 1e-2 and more.
  static let logitError = 3e-5

  init(_ configuration: ModelConfiguration, replicas: Int, seed: Int = 1) {
    self.configuration = configuration
    let layout = ParameterLayout(configuration)
    values = (0..<replicas).map { replica in
      var numbers = TestNumbers(seed: seed + replica)
      // Norms away from 1, so that a norm that is left out or taken for another shows.
      return layout.initialValues(seed: UInt64(seed + replica)).enumerated().map { index, value in
        index < layout.decayed ? value : value + 0.2 * numbers.normals(1)[0]
      }
    }
  }

  func plain(_ replica: Int) -> PlainTransformer {
    PlainTransformer(configuration, values[replica])
  }

  func transformer(maximumPositions: Int, on backend: any Backend) throws -> Transformer {
    try Transformer(
      configuration, values: values, maximumPositions: maximumPositions, on: backend)
  }
}

/// Ragged token sequences of R replicas and B rows, padded on the right.
struct TestBatch {
  /// sequences[replica][row].
  var sequences: [[[Int32]]]
  var positions: Int
  /// What stands where no token is.
  var padding: Int32 = 0

  /// - Parameter lengths: one list of row lengths, the same for every replica.
  init(replicas: Int, lengths: [Int], positions: Int, vocabulary: Int, seed: Int) {
    var numbers = TestNumbers(seed: seed)
    sequences = (0..<replicas).map { _ in
      lengths.map { numbers.integers($0, in: 0..<vocabulary) }
    }
    self.positions = positions
  }

  var replicas: Int { sequences.count }
  var rows: Int { sequences[0].count }

  /// (R, B, T).
  func tokens(on backend: any Backend) throws -> Tensor {
    let padded = sequences.joined().flatMap {
      $0 + [Int32](repeating: padding, count: positions - $0.count)
    }
    return try backend.tensor(padded, [replicas, rows, positions])
  }

  /// The length of every row, by replica.
  var lengths: [[Int32]] { sequences.map { $0.map { Int32($0.count) } } }

  /// (R, B).
  func lengths(on backend: any Backend) throws -> Tensor {
    try backend.tensor(Array(lengths.joined()), [replicas, rows])
  }
}
