public import Tensors
public import Transformers

/// R replicas of one architecture in training: weights, moments, and every number of a step on the
/// device.
public final class Cohort {
  /// What a replica starts from and how it is trained.
  public struct Replica {
    /// Its P parameters; nil leaves what the memory holds, where only the memory matters.
    public var parameters: [Float]?
    public var schedule: Schedule
    /// nil is what the optimizer's settings say.
    public var weightDecay: Float?

    public init(parameters: [Float]?, schedule: Schedule, weightDecay: Float? = nil) {
      self.parameters = parameters
      self.schedule = schedule
      self.weightDecay = weightDecay
    }
  }

  /// Where a replica stands.
  public enum Status: Hashable, Sendable {
    case active
    /// Stopped by rule, or at the end of its schedule.
    case stopped
    /// A loss or gradient was not finite: the update was refused and the replica left as it was.
    case diverged(atStep: Int)
  }

  /// The replicas' models in order, by the backend that each lies on.
  public var models: [Transformer] { parts.map(\.part.model) }
  /// The replicas in order, spread over the device.
  private let parts: [(replicas: Range<Int>, part: CohortPart)]
  public let replicas: Int
  public let steps: Int
  public private(set) var stepsIssued = 0

  /// - Parameters:
  ///   - steps: S, the longest that any replica trains.
  ///   - geometry: the shape of every batch, or of every part of one.
  ///   - recomputes: whether gradients are made without keeping a block's activations, which changes
  ///     no byte.
  ///   - freezesEmbedding: whether the embedding table, which may be the output matrix too, stays as
  ///     it is. It has no part then in the gradient's norm and no moments.
  ///   - together: the most replicas that go through a pass together; nil takes as many as the
  ///     backend's caches hold.
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
  public func step(_ batch: CohortBatch) throws { try step([batch]) }

  /// Enqueues one step on a batch in parts, whose gradients are summed in this order.
  public func step(_ batches: [CohortBatch]) throws {
    precondition(
      stepsIssued < steps && !batches.isEmpty,
      "cohort: step \(stepsIssued) of \(steps), a batch in \(batches.count) parts")
    for (range, part) in parts { try part.step(stepsIssued, batches, from: range.lowerBound) }
    stepsIssued += 1
  }

  /// Waits, and returns the losses of steps in a range: one list per replica.
  public func losses(of range: Range<Int>) throws -> [[Float]] {
    guard !range.isEmpty else { return [[Float]](repeating: [], count: replicas) }
    return try parts.flatMap { try $0.part.losses(of: range) }
  }

  /// Waits, and returns a replica's parameters.
  public func parameters(of replica: Int) throws -> [Float] {
    let (part, index) = place(of: replica)
    return try part.model.parameters.replicas(index..<index + 1).floats()
  }

  /// Waits, and returns where every replica stands.
  public func statuses() throws -> [Status] {
    try parts.flatMap { try $0.part.latches() }.map { latch, updates in
      switch latch {
      case 1: updates < steps ? .active : .stopped
      case 0: .stopped
      default: .diverged(atStep: updates)
      }
    }
  }

  /// Stops replicas by rule: from the next step on they are left as they are.
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

  /// Waits, and returns all of a replica that its next step depends on.
  public func state(of replica: Int) throws -> ReplicaState {
    let (part, index) = place(of: replica)
    return try part.state(of: index)
  }

  /// Puts every replica where it stood after `step` steps; the next step is that one's successor.
  ///
  /// - Parameter losses: of these steps, one list per replica.
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

/// All of a replica in training that its next step depends on, besides its documents.
public struct ReplicaState: Equatable, Sendable {
  /// P.
  public var parameters: [Float]
  /// Momentum, of the parameters that are updated.
  public var firstMoment: [Float]
  /// The mean squares, of the parameters that AdamW updates.
  public var secondMoment: [Float]
  /// Updates made.
  public var steps: Int32
  /// As the device holds it: 1 active, 0 stopped, else diverged.
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
