public import Tensors
public import Transformers

/// R replicas of one architecture in training: weights, moments, and every number of a step on the
/// device.
public final class Cohort {
  /// The start and the training settings of a replica.
  public struct Replica {
    /// The P parameters; nil leaves the memory uninitialised, if only the memory use matters.
    public var parameters: [Float]?
    public var schedule: Schedule
    /// The weight decay; nil takes the value of the optimizer's settings.
    public var weightDecay: Float?

    public init(parameters: [Float]?, schedule: Schedule, weightDecay: Float? = nil) {
      self.parameters = parameters
      self.schedule = schedule
      self.weightDecay = weightDecay
    }
  }

  /// The state of a replica's training.
  public enum Status: Hashable, Sendable {
    case active
    /// Stopped by rule, or at the end of its schedule.
    case stopped
    /// A loss or gradient was not finite. The update was not made, and the replica does not change
    /// any more.
    case diverged(atStep: Int)
  }

  /// The replicas' models in order, one model per backend.
  public var models: [Transformer] { parts.map(\.part.model) }
  /// The replicas in order, distributed over the device.
  private let parts: [(replicas: Range<Int>, part: CohortPart)]
  public let replicas: Int
  public let steps: Int
  public private(set) var stepsIssued = 0

  /// - Parameters:
  ///   - steps: S, the largest number of steps of a replica.
  ///   - geometry: the shape of every batch, or of every part of one.
  ///   - recomputes: whether gradients are computed without keeping a block's activations. This
  ///     does not change the bytes.
  ///   - freezesEmbedding: whether the embedding table, which may also be the output matrix, is
  ///     frozen. Then it is not part of the gradient's norm and has no moments.
  ///   - together: the largest number of replicas in one pass; nil takes as many as fit into the
  ///     backend's caches.
  /// - Throws: A failure of the device.
  public init(
    _ configuration: ModelConfiguration, replicas list: [Replica], steps: Int,
    settings: OptimizerSettings, geometry: BatchGeometry, recomputes: Bool = false,
    freezesEmbedding: Bool = false, together: Int? = nil, on backend: any Backend
  ) throws {
    let spread = backend.spread(list.count)
    let each = try TrainingMemory.activations(
      configuration, geometry, recomputes: recomputes, freezesEmbedding: freezesEmbedding,
      on: backend)
    let together = together ?? (backend.workingSet ?? .max) / spread.count / each
    var first = 0
    parts = try spread.map { backend, count in
      let range = first..<first + count
      first += count
      let part = try CohortPart(
        configuration, replicas: list[range], steps: steps, settings: settings,
        geometry: geometry, recomputes: recomputes, freezesEmbedding: freezesEmbedding,
        together: max(1, min(count, together)), on: backend)
      return (range, part)
    }
    replicas = list.count
    self.steps = steps
  }

  /// Enqueues one step: forward, backward, clipping and update. Nothing is downloaded.
  ///
  /// - Throws: A failure of the device.
  public func step(_ batch: CohortBatch) throws { try step([batch]) }

  /// Enqueues one step on a batch in parts, whose gradients are summed in this order.
  ///
  /// - Throws: A failure of the device.
  public func step(_ batches: [CohortBatch]) throws {
    precondition(
      stepsIssued < steps && !batches.isEmpty,
      "cohort: step \(stepsIssued) of \(steps), a batch in \(batches.count) parts")
    for (range, part) in parts { try part.step(stepsIssued, batches, from: range.lowerBound) }
    stepsIssued += 1
  }

  /// Waits, and returns the losses of steps in a range: one list per replica.
  ///
  /// - Throws: A failure of the device.
  public func losses(of range: Range<Int>) throws -> [[Float]] {
    guard !range.isEmpty else { return [[Float]](repeating: [], count: replicas) }
    return try parts.flatMap { try $0.part.losses(of: range) }
  }

  /// Waits, and returns a replica's parameters.
  ///
  /// - Throws: A failure of the device.
  public func parameters(of replica: Int) throws -> [Float] {
    let (part, index) = place(of: replica)
    return try part.model.parameters.replicas(index..<index + 1).floats()
  }

  /// Waits, and returns the status of every replica.
  ///
  /// - Throws: A failure of the device.
  public func statuses() throws -> [Status] {
    try parts.flatMap { try $0.part.latches() }.map { latch, updates in
      switch latch {
      case 1: updates < steps ? .active : .stopped
      case 0: .stopped
      default: .diverged(atStep: updates)
      }
    }
  }

  /// Stops replicas by rule. From the next step on they do not change.
  ///
  /// - Throws: A failure of the device.
  public func stop(_ indices: [Int]) throws {
    for replica in indices {
      let (part, index) = place(of: replica)
      try part.stop(index)
    }
  }

  private func place(of replica: Int) -> (part: CohortPart, index: Int) {
    guard let (range, part) = parts.first(where: { $0.replicas.contains(replica) }) else {
      preconditionFailure("cohort: replica \(replica) of \(replicas)")
    }
    return (part, replica - range.lowerBound)
  }

  // MARK: Checkpoints

  /// Waits, and returns the whole state of a replica on which its next step depends.
  ///
  /// - Throws: A failure of the device.
  public func state(of replica: Int) throws -> ReplicaState {
    let (part, index) = place(of: replica)
    return try part.state(of: index)
  }

  /// Restores the state of every replica after `step` steps. The next step continues from there.
  ///
  /// - Parameter losses: the losses of these steps, one list per replica.
  /// - Throws: A failure of the device.
  public func resume(_ states: [ReplicaState], at step: Int, losses: [[Float]]) throws {
    precondition(
      states.count == replicas && losses.allSatisfy { $0.count == step } && step <= steps,
      "cohort: \(states.count) states at step \(step) for \(replicas) replicas of \(steps) steps")
    for (range, part) in parts {
      try part.resume(states[range], at: step, losses: losses[range])
    }
    stepsIssued = step
  }
}

/// The state of a replica in training on which its next step depends, without its documents.
public struct ReplicaState: Equatable, Sendable {
  /// P parameters.
  public var parameters: [Float]
  /// Momentum, of the parameters that are updated.
  public var firstMoment: [Float]
  /// The mean squares, of the parameters that AdamW updates.
  public var secondMoment: [Float]
  /// The number of updates.
  public var steps: Int32
  /// The state on the device: 1 active, 0 stopped, else diverged.
  public var latch: Int32

  public init(
    parameters: [Float], firstMoment: [Float], secondMoment: [Float], steps: Int32, latch: Int32
  ) {
    self.parameters = parameters
    self.firstMoment = firstMoment
    self.secondMoment = secondMoment
    self.steps = steps
    self.latch = latch
  }
}
