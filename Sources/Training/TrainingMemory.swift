public import Tensors
public import Transformers

/// The device memory that training needs, found by the same calls on a backend that computes
/// nothing.
public enum TrainingMemory {
  /// Bytes of one replica's pass in addition to its parameters and their gradients.
  ///
  /// - Throws: A failure of the device.
  public static func activations(
    _ model: ModelConfiguration, _ geometry: BatchGeometry, recomputes: Bool = false,
    freezesEmbedding: Bool = false, on backend: any Backend
  ) throws -> Int {
    let projection = ProjectingBackend(backend)
    let replica = Cohort.Replica(parameters: nil, schedule: .constant(peak: 0, warmup: 0))
    // One replica on the whole device. `Cohort` would first compute the number of replicas per
    // pass.
    let part = try CohortPart(
      model, replicas: [replica], steps: 1, settings: .adamW(AdamWSettings()), geometry: geometry,
      recomputes: recomputes, freezesEmbedding: freezesEmbedding, together: 1, on: projection)
    let held = projection.memory.current
    try part.step(0, [CohortBatch([[]], geometry: geometry)], from: 0)
    return projection.memory.peak - held
  }

  /// The memory that a cohort takes from a device.
  ///
  /// - Parameters:
  ///   - others: the number of additional models of this size per replica, such as a reference.
  ///   - then: the work with all models between steps.
  /// - Throws: A failure of the device, and what `then` throws.
  public static func cohort(
    _ model: ModelConfiguration, replicas: Int, steps: Int,
    settings: OptimizerSettings = .adamW(AdamWSettings()), geometry: BatchGeometry,
    recomputes: Bool = false, freezesEmbedding: Bool = false, on backend: any Backend,
    others: Int = 0,
    then: (_ models: [Transformer]) throws -> Void = { _ in }
  ) throws -> MemoryUse {
    let projection = backend.projection()
    let cohort = try Cohort(
      model,
      replicas: (0..<replicas).map { _ in
        Cohort.Replica(parameters: nil, schedule: .constant(peak: 0, warmup: 0))
      }, steps: steps, settings: settings, geometry: geometry, recomputes: recomputes,
      freezesEmbedding: freezesEmbedding, on: projection)
    let beside = try (0..<others).flatMap { _ in
      try cohort.models.map {
        try Transformer(
          model, parameters: $0.backend.empty($0.parameters.shape),
          maximumPositions: geometry.positions + 1)
      }
    }
    try cohort.step(
      CohortBatch([[Example]](repeating: [], count: replicas), geometry: geometry))
    try then(cohort.models + beside)
    return projection.memory
  }
}
