import Gradients
import Tensors
public import Transformers

/// Teacher-forced log-probabilities of examples.
public struct Scoring {
  /// One list per replica.
  private let examples: [[Example]]
  /// (R, N): the log-probabilities of a replica's targets, one example after another.
  private let values: Tensor

  /// Enqueues the pass of the same examples for every replica.
  ///
  /// - Throws: A failure of the device.
  public init(of examples: [Example], model: Transformer) throws {
    try self.init(
      ofEach: [[Example]](repeating: examples, count: model.replicas), model: model)
  }

  /// Enqueues the pass of every replica's own examples.
  ///
  /// - Throws: A failure of the device.
  public init(ofEach examples: [[Example]], model: Transformer) throws {
    let all = examples.joined()
    let positions = ((all.map { $0.tokens.count - 1 }.max() ?? 1) + 7) / 8 * 8
    let batch = CohortBatch(
      examples,
      geometry: BatchGeometry(
        batch: examples.map(\.count).max() ?? 1, positions: positions,
        targets: all.map(\.targetCount).max() ?? 1))
    let tensors = try BatchTensors(
      replicas: model.replicas, geometry: batch.geometry,
      rowsPerChunk: model.configuration.logitRowsPerChunk, on: model.backend)
    try tensors.assign(batch)
    self.examples = examples
    values = try model.logProbabilities(
      Tape(on: model.backend, records: false), tokens: tensors.tokens, lengths: tensors.lengths,
      rows: tensors.rows, places: tensors.places, targets: tensors.targets
    ).value
  }

  /// Waits, and returns log p of every target token of every example: [replica][example][target],
  /// nats.
  ///
  /// - Throws: A failure of the device.
  public func logProbabilities() throws -> [[[Double]]] {
    let all = try values.floats()
    return examples.enumerated().map { replica, examples in
      var place = replica * values.shape.elementsPerReplica
      return examples.map { example in
        defer { place += example.targetCount }
        return all[place..<place + example.targetCount].map(Double.init)
      }
    }
  }

  /// Log-probabilities under the replicas of several cohorts, in their order. Each replica has its
  /// own examples. The passes run at the same time.
  ///
  /// - Throws: A failure of the device.
  public static func logProbabilities(
    ofEach examples: [[Example]], models: [Transformer]
  ) throws -> [[[Double]]] {
    var rest = examples[...]
    let runs = try models.map { model in
      defer { rest = rest.dropFirst(model.replicas) }
      return try Scoring(ofEach: Array(rest.prefix(model.replicas)), model: model)
    }
    return try runs.flatMap { try $0.logProbabilities() }
  }
}
