public import Tensors

/// One batch for every replica of a cohort, on the host.
///
/// A replica's examples are stored one after another without padding, in at most B · T rows. Logits
/// are computed only for the N rows that predict a target, at most B · targets.
public struct CohortBatch {
  public let geometry: BatchGeometry
  public let replicas: Int
  /// (R, B·T): the tokens of every example without its last token, and their positions; zeros after
  /// them.
  public private(set) var tokens: [Int32]
  public private(set) var positions: [Int32]
  /// (R, B): the length of every example, 0 if there is no example, and the row of its first token.
  public private(set) var lengths: [Int32]
  public private(set) var starts: [Int32]
  /// (R, N): the rows that predict a target, -1 after them. `places` (R, B·T) is the inverse, -1
  /// for a row that predicts nothing.
  public private(set) var rows: [Int32]
  public private(set) var places: [Int32]
  /// (R, N).
  public private(set) var targets: [Int32]
  /// (R): the numbers of rows and targets.
  public private(set) var rowCounts: [Int32]
  public private(set) var targetCounts: [Int32]
  /// Whether `rows` of every replica are all of its rows in their order, and N is B·T: a batch of plain text.
  public var everyRowPredicts: Bool {
    geometry.targets == geometry.positions && rowCounts == targetCounts
  }
  /// (R, N): 0 after the last target. The default is -1 / (the replica's number of targets), so the
  /// weighted sum of log-probabilities is the mean negative log-likelihood.
  public var weights: [Float]

  /// - Parameters:
  ///   - examples: at most B examples per replica.
  ///   - weights: the weights of the targets of every replica and example; nil makes the mean.
  ///   - targetTotals: the number of targets of the mean, per replica; nil takes the batch's targets.
  public init(
    _ examples: [[Example]], geometry: BatchGeometry, weights given: [[[Double]]]? = nil,
    targetTotals: [Int]? = nil
  ) {
    let (r, b, t) = (examples.count, geometry.batch, geometry.positions)
    let n = b * geometry.targets
    self.geometry = geometry
    replicas = r
    tokens = [Int32](repeating: 0, count: r * b * t)
    positions = tokens
    places = [Int32](repeating: -1, count: r * b * t)
    lengths = [Int32](repeating: 0, count: r * b)
    starts = lengths
    rows = [Int32](repeating: -1, count: r * n)
    targets = [Int32](repeating: 0, count: r * n)
    weights = [Float](repeating: 0, count: r * n)
    rowCounts = [Int32](repeating: 0, count: r)
    targetCounts = rowCounts
    for (replica, list) in examples.enumerated() {
      precondition(list.count <= b, "batch: \(list.count) examples in a batch of \(b)")
      let total = targetTotals?[replica] ?? list.reduce(0) { $0 + $1.targetCount }
      let weight = -1 / Float(total)
      var (row, place) = (0, 0)
      for (index, example) in list.enumerated() {
        // The last token is a target and predicts nothing.
        let length = example.tokens.count - 1
        precondition(
          length <= t && example.targetCount <= geometry.targets,
          "batch: an example of \(example.tokens.count) tokens, \(example.targetCount) of them "
            + "targets, does not fit \(t) positions and \(geometry.targets) targets")
        let first = replica * b * t + row
        for position in 0..<length {
          tokens[first + position] = example.tokens[position]
          positions[first + position] = Int32(position)
        }
        lengths[replica * b + index] = Int32(length)
        starts[replica * b + index] = Int32(row)
        for target in example.firstTarget..<example.tokens.count {
          rows[replica * n + place] = Int32(row + target - 1)
          places[first + target - 1] = Int32(place)
          targets[replica * n + place] = example.tokens[target]
          weights[replica * n + place] =
            given.map { Float($0[replica][index][target - example.firstTarget]) } ?? weight
          place += 1
        }
        row += length
      }
      rowCounts[replica] = Int32(row)
      targetCounts[replica] = Int32(place)
    }
  }
}

extension CohortBatch {
  /// A batch in equal parts whose gradients are summed. The weights are those of the undivided
  /// batch.
  ///
  /// - Parameters:
  ///   - geometry: the geometry of a part.
  ///   - weights: for every replica and example those of its targets; nil makes the mean.
  public static func parts(
    _ examples: [[Example]], geometry: BatchGeometry, weights: [[[Double]]]? = nil
  ) -> [CohortBatch] {
    let totals = examples.map { $0.reduce(0) { $0 + $1.targetCount } }
    return stride(from: 0, to: examples.map(\.count).max() ?? 0, by: geometry.batch).map { first in
      func part<Element>(_ list: [Element]) -> [Element] {
        Array(list.dropFirst(first).prefix(geometry.batch))
      }
      return CohortBatch(
        examples.map(part), geometry: geometry, weights: weights?.map(part),
        targetTotals: totals)
    }
  }
}

/// A batch's tensors, allocated once and overwritten by every batch of a stage.
public struct BatchTensors {
  public let geometry: BatchGeometry
  /// (R, B, T), with live rows.
  public let tokens: Tensor
  /// (R, B).
  public let lengths: Tensor
  /// (R, N), with live rows of their own.
  public let rows: Tensor
  public let targets: Tensor
  public let weights: Tensor
  /// (R, B·T), with the tokens' live rows.
  public let places: Tensor
  /// (R, ...): all integers of a replica one after another, then the bits of its weights, so a batch needs one
  /// upload.
  private let integers: Tensor

  /// The number of rows of a chunk of `rows`, and how many chunks there are; nil if all rows are one.
  private let chunks: (rows: Int, count: Int)?

  /// Allocates the tensors of batches of `r` replicas.
  ///
  /// - Parameter rowsPerChunk: the model's `logitRowsPerChunk`.
  /// - Throws: A failure of the device.
  public init(
    replicas r: Int, geometry: BatchGeometry, rowsPerChunk: Int = .max, on backend: any Backend
  ) throws {
    let (b, t, n) = (geometry.batch, geometry.positions, geometry.batch * geometry.targets)
    self.geometry = geometry
    chunks = n <= rowsPerChunk ? nil : (rowsPerChunk, (n + rowsPerChunk - 1) / rowsPerChunk)
    let integers = try backend.empty(
      [r, 3 * b * t + 2 * b + 3 * n + 2 + (chunks?.count ?? 0)], .int32)
    var offset = 0
    func next(_ dimensions: Int...) -> Tensor {
      let part = integers.slice(from: offset, shape: Shape([r] + dimensions))
      offset += part.shape.elementsPerReplica
      return part
    }
    self.integers = integers
    // In the order of `assign`.
    let (tokens, positions, places) = (next(b, t), next(b * t), next(b * t))
    let (lengths, starts, rows, targets) = (next(b), next(b), next(n), next(n))
    let live = LiveRows(counts: next(), starts: starts, positions: positions)
    let predicting = LiveRows(
      counts: next(),
      chunks: chunks.map { chunks in
        LiveRows.Chunks(
          rows: chunks.rows, live: (0..<chunks.count).map { _ in LiveRows(counts: next()) })
      })
    self.tokens = tokens.with(live: live)
    self.places = places.with(live: live)
    self.lengths = lengths
    self.rows = rows.with(live: predicting)
    self.targets = targets.with(live: predicting)
    let bits = next(n)
    weights = Tensor(
      shape: bits.shape, elementType: .float32, storage: bits.storage, offset: bits.offset,
      replicaStride: bits.replicaStride, live: predicting, backend: backend)
  }

  /// The tensors of some replicas.
  public func replicas(_ range: Range<Int>) -> BatchTensors { BatchTensors(self, range) }

  private init(_ whole: BatchTensors, _ range: Range<Int>) {
    // Tensors with common live rows share one object.
    let live = whole.tokens.live?.replicas(range)
    let predicting = whole.rows.live?.replicas(range)
    func part(_ tensor: Tensor, live: LiveRows? = nil) -> Tensor {
      tensor.with(live: nil).replicas(range).with(live: live)
    }
    geometry = whole.geometry
    chunks = whole.chunks
    tokens = part(whole.tokens, live: live)
    places = part(whole.places, live: live)
    lengths = part(whole.lengths)
    rows = part(whole.rows, live: predicting)
    targets = part(whole.targets, live: predicting)
    weights = part(whole.weights, live: predicting)
    integers = part(whole.integers)
  }

  /// - Parameter first: the index of the batch's replica that is this tensors' first replica.
  /// - Throws: A failure of the device.
  public func assign(_ batch: CohortBatch, from first: Int = 0) throws {
    precondition(batch.geometry == geometry, "batch: geometry \(batch.geometry) is not \(geometry)")
    let replicas = first..<first + lengths.shape.replicas
    var values: [Int32] = []
    values.reserveCapacity(integers.shape.elementCount)
    for replica in replicas {
      for list in [
        batch.tokens, batch.positions, batch.places, batch.lengths, batch.starts, batch.rows,
        batch.targets, batch.rowCounts, batch.targetCounts,
      ] {
        let count = list.count / batch.replicas
        values += list[replica * count..<(replica + 1) * count]
      }
      let targets = Int(batch.targetCounts[replica])
      if let chunks {
        values += (0..<chunks.count).map { index in
          Int32(min(max(targets - index * chunks.rows, 0), chunks.rows))
        }
      }
      let count = weights.shape.elementsPerReplica
      values += batch.weights[replica * count..<(replica + 1) * count].lazy.map {
        Int32(bitPattern: $0.bitPattern)
      }
    }
    try integers.assign(values)
  }
}
