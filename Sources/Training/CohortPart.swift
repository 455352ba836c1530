import Gradients
import Tensors
import Transformers

/// A part of a cohort: replicas on one backend, whose steps do not wait for other parts.
final class CohortPart {
  let model: Transformer
  /// Chunks of replicas with a common forward and backward pass, as many as fit into the caches.
  /// Replicas do not depend on each other, so the chunks do not change the bytes.
  private let chunks: [(model: Transformer, batch: BatchTensors, replicas: Range<Int>)]
  private let replicas: Int
  private let update: ParameterUpdate
  private let backend: any Backend
  private let batch: BatchTensors
  private let schedule: Tensor
  private let stepCounts: Tensor
  private let active: Tensor
  /// (1, S · R): the losses of step s at s · R.
  private let losses: Tensor

  init(
    _ configuration: ModelConfiguration, replicas list: ArraySlice<Cohort.Replica>, steps: Int,
    settings: OptimizerSettings, geometry: BatchGeometry, recomputes: Bool, freezesEmbedding: Bool,
    together: Int, on backend: any Backend
  ) throws {
    let layout = ParameterLayout(configuration)
    let shape: Shape = [list.count, layout.count]
    let parameters = try backend.empty(shape)
    for (index, replica) in list.enumerated() {
      guard let values = replica.parameters else { continue }
      try parameters.replicas(index..<index + 1).assign(values)
    }
    var model = try Transformer(
      configuration, parameters: parameters, gradients: backend.empty(shape),
      maximumPositions: geometry.positions)
    model.recomputesBlocks = recomputes
    model.freezesEmbedding = freezesEmbedding
    self.model = model
    replicas = list.count
    update = try ParameterUpdate(settings, model)
    self.backend = backend
    batch = try BatchTensors(
      replicas: list.count, geometry: geometry, rowsPerChunk: configuration.logitRowsPerChunk,
      on: backend)
    schedule = try backend.tensor(
      list.flatMap {
        $0.schedule.table(
          steps: steps, betas: settings.betas, weightDecay: $0.weightDecay ?? settings.weightDecay)
      }, [list.count, steps, 4])
    chunks = stride(from: 0, to: list.count, by: together).map { [model, batch] first in
      let range = first..<min(first + together, list.count)
      return (model.replicas(range), batch.replicas(range), range)
    }
    stepCounts = try backend.zeros([list.count], .int32)
    active = try backend.tensor([Int32](repeating: 1, count: list.count), [list.count])
    losses = try backend.zeros([1, steps * list.count])
  }

  /// Enqueues one step: forward, backward, clipping and update. Nothing is downloaded.
  ///
  /// - Parameters:
  ///   - batches: parts of the batch, whose gradients and losses are summed in this order.
  ///   - first: the index of the batch's replica that is this part's first replica.
  func step(_ number: Int, _ batches: [CohortBatch], from first: Int) throws {
    // (R): the losses of this step, in their place among those of all steps.
    let loss = Tensor(
      shape: [replicas], elementType: .float32, storage: losses.storage,
      offset: losses.offset + number * replicas, backend: backend)
    for (index, hostBatch) in batches.enumerated() {
      try batch.assign(hostBatch, from: first)
      for chunk in chunks {
        try pass(
          chunk.model, chunk.batch, loss.replicas(chunk.replicas), adds: index > 0,
          everyRowPredicts: hostBatch.everyRowPredicts)
      }
    }
    try update(model, loss: loss, schedule: schedule, steps: stepCounts, active: active)
    // The device computes this step while the host prepares the next one.
    try backend.flush()
  }

  /// Runs the forward and backward pass of some replicas over a batch, or over a part of a batch
  /// whose gradients are added.
  private func pass(
    _ model: Transformer, _ batch: BatchTensors, _ loss: Tensor, adds: Bool,
    everyRowPredicts: Bool
  ) throws {
    var model = model
    model.addsToGradients = adds
    let tape = Tape(on: backend)
    let logProbabilities = try model.logProbabilities(
      tape, tokens: batch.tokens, lengths: batch.lengths, rows: batch.rows,
      places: batch.places, targets: batch.targets,
      everyRowPredicts: everyRowPredicts, expecting: batch.weights)
    let sum = adds ? try backend.empty(loss.shape) : loss
    try backend.weightedSum(logProbabilities.value, weights: batch.weights, into: sum)
    // The gradient of the weighted sum by its values.
    try tape.backward(from: logProbabilities, gradient: batch.weights)
    if adds { try backend.add(loss, sum, into: loss) }
  }

  /// Waits, and returns the losses of steps in a range: one list per replica.
  func losses(of range: Range<Int>) throws -> [[Float]] {
    let values = try losses.slice(
      from: range.lowerBound * replicas, shape: [1, range.count * replicas]
    ).floats()
    return (0..<replicas).map { replica in
      range.indices.map { values[($0 - range.lowerBound) * replicas + replica] }
    }
  }

  /// Waits, and returns every replica's latch (1 active, 0 stopped, else diverged) and updates.
  func latches() throws -> [(latch: Int32, updates: Int)] {
    zip(try active.integers(), try stepCounts.integers()).map { ($0, Int($1)) }
  }

  func stop(_ replica: Int) throws {
    try active.replicas(replica..<replica + 1).assign([Int32(0)])
  }

  func state(of replica: Int) throws -> ReplicaState {
    func row(_ tensor: Tensor) -> Tensor { tensor.replicas(replica..<replica + 1) }
    return ReplicaState(
      parameters: try row(model.parameters).floats(),
      firstMoment: try row(update.firstMoment).floats(),
      secondMoment: try update.secondMoment.map { try row($0).floats() } ?? [],
      steps: try row(stepCounts).integers()[0], latch: try row(active).integers()[0])
  }

  func resume(_ states: ArraySlice<ReplicaState>, at step: Int, losses: ArraySlice<[Float]>) throws
  {
    for (index, state) in states.enumerated() {
      func assign(_ values: [Float], to tensor: Tensor) throws {
        try tensor.replicas(index..<index + 1).assign(values)
      }
      try assign(state.parameters, to: model.parameters)
      try assign(state.firstMoment, to: update.firstMoment)
      if let second = update.secondMoment { try assign(state.secondMoment, to: second) }
      try stepCounts.replicas(index..<index + 1).assign([state.steps])
      try active.replicas(index..<index + 1).assign([state.latch])
    }
    guard step > 0 else { return }
    try self.losses.slice(from: 0, shape: [1, step * replicas]).assign(
      (0..<step).flatMap { step in losses.map { $0[step] } })
  }
}
