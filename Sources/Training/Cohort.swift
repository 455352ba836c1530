public import Tensors
public import Transformers
import Gradients

/// R replicas of one architecture in training: weights, moments, and every number of a step on the
/// device.
public final class Cohort {
  /// What a replica starts from and how it is trained.
  public struct Replica {
    /// Its P parameters.
    public var parameters: [Float]
    public var schedule: Schedule

    public init(parameters: [Float], schedule: Schedule) {
      self.parameters = parameters
      self.schedule = schedule
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

  public let model: Transformer
  /// The replicas that go through a step together, each with its part of the model and the batch: as
  /// many as the backend's caches hold. Replicas do not depend on each other, so this changes no byte.
  private let chunks: [(model: Transformer, batch: BatchTensors, loss: Tensor)]
  public let replicas: Int
  public let steps: Int
  private let settings: AdamWSettings
  private let backend: any Backend
  private let batch: BatchTensors
  private let firstMoment: Tensor
  private let secondMoment: Tensor
  private let schedule: Tensor
  private let stepCounts: Tensor
  private let active: Tensor
  private let control: Tensor
  private let squaredNorm: Tensor
  /// (R): of the step now.
  private let loss: Tensor
  /// (1, S · R): the losses of step s at s · R.
  private let losses: Tensor
  public private(set) var stepsIssued = 0

  /// - Parameters:
  ///   - steps: S, the longest that any replica trains.
  ///   - geometry: the shape of every batch.
  ///   - together: the most replicas that go through a step together; nil takes as many as the
  ///     backend's caches hold.
  public init(
    _ configuration: ModelConfiguration, replicas list: [Replica], steps: Int,
    settings: AdamWSettings, geometry: BatchGeometry, together: Int? = nil,
    on backend: any Backend
  ) throws {
    let layout = ParameterLayout(configuration)
    let shape: Shape = [list.count, layout.count]
    let parameters = try backend.empty(shape)
    for (index, replica) in list.enumerated() {
      try parameters.replicas(index..<index + 1).assign(replica.parameters)
    }
    model = try Transformer(
      configuration, parameters: parameters, gradients: backend.empty(shape),
      maximumPositions: geometry.positions)
    replicas = list.count
    self.steps = steps
    self.settings = settings
    self.backend = backend
    batch = try BatchTensors(replicas: list.count, geometry: geometry, on: backend)
    firstMoment = try backend.zeros(shape)
    secondMoment = try backend.zeros(shape)
    schedule = try backend.tensor(
      list.flatMap {
        $0.schedule.table(steps: steps, settings: (settings.beta1, settings.beta2))
      }, [list.count, steps, 3])
    loss = try backend.empty([list.count])
    let each = TrainingMemory.activations(configuration, geometry)
    let together = max(1, min(list.count, together ?? (backend.workingSet ?? .max) / each))
    chunks = stride(from: 0, to: list.count, by: together).map { [model, batch, loss] first in
      let range = first..<min(first + together, list.count)
      return (model.replicas(range), batch.replicas(range), loss.replicas(range))
    }
    stepCounts = try backend.zeros([list.count], .int32)
    active = try backend.tensor([Int32](repeating: 1, count: list.count), [list.count])
    control = try backend.empty([list.count, 4])
    squaredNorm = try backend.empty([list.count])
    losses = try backend.zeros([1, steps * list.count])
  }

  /// Enqueues one step: forward, backward, clipping and AdamW. Nothing is downloaded.
  public func step(_ hostBatch: CohortBatch) throws {
    precondition(stepsIssued < steps, "cohort: step \(stepsIssued) of \(steps)")
    try batch.assign(hostBatch)
    for (model, batch, loss) in chunks {
      let tape = Tape(on: backend)
      let logProbabilities = try model.logProbabilities(
        tape, tokens: batch.tokens, lengths: batch.lengths, rows: batch.rows,
        places: batch.places, targets: batch.targets)
      let sum = try tape.weightedSum(logProbabilities, weights: batch.weights)
      try tape.backward(from: sum)
      try backend.copy(sum.value, to: loss)
    }
    guard let gradients = model.gradients else { return }
    try backend.sumOfSquares(gradients, into: squaredNorm)
    try backend.gateUpdate(
      loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: settings.clip,
      steps: stepCounts, active: active, control: control)
    try backend.adamW(
      parameters: model.parameters, gradients: gradients, firstMoment: firstMoment,
      secondMoment: secondMoment, control: control, settings: settings,
      decayed: model.layout.decayed)
    try backend.copy(
      Tensor(
        shape: [1, replicas], elementType: .float32, storage: loss.storage, offset: loss.offset,
        backend: backend),
      to: losses.slice(from: stepsIssued * replicas, shape: [1, replicas]))
    stepsIssued += 1
  }

  /// Waits, and returns the losses of steps in a range: one list per replica.
  public func losses(of range: Range<Int>) throws -> [[Float]] {
    guard !range.isEmpty else { return [[Float]](repeating: [], count: replicas) }
    let values = try losses.slice(
      from: range.lowerBound * replicas, shape: [1, range.count * replicas]
    ).floats()
    return (0..<replicas).map { replica in
      range.indices.map { values[($0 - range.lowerBound) * replicas + replica] }
    }
  }

  /// Waits, and returns a replica's parameters.
  public func parameters(of replica: Int) throws -> [Float] {
    try model.parameters.replicas(replica..<replica + 1).floats()
  }

  /// Waits, and returns where every replica stands.
  public func statuses() throws -> [Status] {
    let (latches, counts) = (try active.integers(), try stepCounts.integers())
    return zip(latches, counts).map { latch, count in
      switch latch {
      case 1: Int(count) < steps ? .active : .stopped
      case 0: .stopped
      default: .diverged(atStep: Int(count))
      }
    }
  }

  /// Stops replicas by rule: from the next step on they are left as they are.
  public func stop(_ indices: [Int]) throws {
    for index in indices { try active.replicas(index..<index + 1).assign([Int32(0)]) }
  }

  // MARK: Checkpoints

  /// Waits, and returns all of a replica that its next step depends on.
  public func state(of replica: Int) throws -> ReplicaState {
    func row(_ tensor: Tensor) -> Tensor { tensor.replicas(replica..<replica + 1) }
    return ReplicaState(
      parameters: try row(model.parameters).floats(),
      firstMoment: try row(firstMoment).floats(), secondMoment: try row(secondMoment).floats(),
      steps: try row(stepCounts).integers()[0], latch: try row(active).integers()[0])
  }

  /// Puts every replica where it stood after `step` steps; the next step is that one's successor.
  ///
  /// - Parameter losses: of these steps, one list per replica.
  public func resume(_ states: [ReplicaState], at step: Int, losses: [[Float]]) throws {
    precondition(
      states.count == replicas && losses.allSatisfy { $0.count == step } && step <= steps,
      "cohort: \(states.count) states at step \(step) for \(replicas) replicas of \(steps) steps")
    for (index, state) in states.enumerated() {
      func assign(_ values: [Float], to tensor: Tensor) throws {
        try tensor.replicas(index..<index + 1).assign(values)
      }
      try assign(state.parameters, to: model.parameters)
      try assign(state.firstMoment, to: firstMoment)
      try assign(state.secondMoment, to: secondMoment)
      try stepCounts.replicas(index..<index + 1).assign([state.steps])
      try active.replicas(index..<index + 1).assign([state.latch])
    }
    if step > 0 {
      try self.losses.slice(from: 0, shape: [1, step * replicas]).assign(
        (0..<step * replicas).map { losses[$0 % replicas][$0 / replicas] })
    }
    stepsIssued = step
  }
}

/// All of a replica in training that its next step depends on, besides its documents.
public struct ReplicaState: Equatable, Sendable {
  /// P each.
  public var parameters: [Float]
  public var firstMoment: [Float]
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
