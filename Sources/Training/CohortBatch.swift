public import Tensors

/// One batch for every replica of a cohort, on the host.
///
/// Row b of replica r holds an example padded on the right. Its targets take N = B · targets rows in
/// all, so that only they are unembedded.
public struct CohortBatch {
  public let geometry: BatchGeometry
  public let replicas: Int
  /// (R, B, T).
  public private(set) var tokens: [Int32]
  /// (R, B).
  public private(set) var lengths: [Int32]
  /// (R, N), -1 where padded; `places` (R, B·T) is its inverse.
  public private(set) var rows: [Int32]
  public private(set) var places: [Int32]
  /// (R, N).
  public private(set) var targets: [Int32]
  /// (R, N): 0 where padded. As made here -1 / (the replica's targets): their weighted sum of
  /// log-probabilities is the mean negative log-likelihood.
  public var weights: [Float]

  /// - Parameter examples: for every replica at most B examples; missing rows are empty.
  public init(_ examples: [[Example]], geometry: BatchGeometry) {
    let (r, b, t) = (examples.count, geometry.batch, geometry.positions)
    let n = b * geometry.targets
    self.geometry = geometry
    replicas = r
    tokens = [Int32](repeating: 0, count: r * b * t)
    lengths = [Int32](repeating: 0, count: r * b)
    rows = [Int32](repeating: -1, count: r * n)
    places = [Int32](repeating: -1, count: r * b * t)
    targets = [Int32](repeating: 0, count: r * n)
    weights = [Float](repeating: 0, count: r * n)
    for (replica, list) in examples.enumerated() {
      precondition(list.count <= b, "batch: \(list.count) examples in a batch of \(b)")
      let total = list.reduce(0) { $0 + $1.targetCount }
      for (row, example) in list.enumerated() {
        // The last token is predicted and predicts nothing.
        let length = example.tokens.count - 1
        precondition(
          length <= t && example.targetCount <= geometry.targets,
          "batch: an example of \(example.tokens.count) tokens, \(example.targetCount) of them "
            + "targets, does not fit \(t) positions and \(geometry.targets) targets")
        let start = (replica * b + row) * t
        for position in 0..<length { tokens[start + position] = example.tokens[position] }
        lengths[replica * b + row] = Int32(length)
        for target in example.firstTarget..<example.tokens.count {
          let place = row * geometry.targets + target - example.firstTarget
          rows[replica * n + place] = Int32(row * t + target - 1)
          places[start + target - 1] = Int32(place)
          targets[replica * n + place] = example.tokens[target]
          weights[replica * n + place] = -1 / Float(total)
        }
      }
    }
  }
}

/// A batch's tensors, allocated once and overwritten by every batch of a stage.
public struct BatchTensors {
  public let geometry: BatchGeometry
  public let tokens: Tensor
  public let lengths: Tensor
  public let rows: Tensor
  public let places: Tensor
  public let targets: Tensor
  public let weights: Tensor

  public init(replicas r: Int, geometry: BatchGeometry, on backend: any Backend) throws {
    let (b, t, n) = (geometry.batch, geometry.positions, geometry.batch * geometry.targets)
    self.geometry = geometry
    tokens = try backend.empty([r, b, t], .int32)
    lengths = try backend.empty([r, b], .int32)
    rows = try backend.empty([r, n], .int32)
    places = try backend.empty([r, b * t], .int32)
    targets = try backend.empty([r, n], .int32)
    weights = try backend.empty([r, n])
  }

  /// Those of some replicas.
  public func replicas(_ range: Range<Int>) -> BatchTensors {
    BatchTensors(
      geometry: geometry, tokens: tokens.replicas(range), lengths: lengths.replicas(range),
      rows: rows.replicas(range), places: places.replicas(range),
      targets: targets.replicas(range), weights: weights.replicas(range))
  }

  private init(
    geometry: BatchGeometry, tokens: Tensor, lengths: Tensor, rows: Tensor, places: Tensor,
    targets: Tensor, weights: Tensor
  ) {
    self.geometry = geometry
    self.tokens = tokens
    self.lengths = lengths
    self.rows = rows
    self.places = places
    self.targets = targets
    self.weights = weights
  }

  public func assign(_ batch: CohortBatch) throws {
    precondition(batch.geometry == geometry, "batch: geometry \(batch.geometry) is not \(geometry)")
    try tokens.assign(batch.tokens)
    try lengths.assign(batch.lengths)
    try rows.assign(batch.rows)
    try places.assign(batch.places)
    try targets.assign(batch.targets)
    try weights.assign(batch.weights)
  }
}
