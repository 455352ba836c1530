public import Tensors
public import Transformers

/// Device memory that training needs, found by making the same calls on a backend that computes nothing.
public enum TrainingMemory {
  /// Bytes that one replica's pass holds beside its parameters and their gradients.
  public static func activations(
    _ model: ModelConfiguration, _ geometry: BatchGeometry, recomputes: Bool = false,
    on backend: any Backend
  ) throws -> Int {
    let projection = ProjectingBackend(backend)
    let replica = Cohort.Replica(parameters: nil, schedule: .constant(peak: 0, warmup: 0))
    // One replica on the whole device, where `Cohort` would ask how many go together.
    let part = try CohortPart(
      model, replicas: [replica], steps: 1, settings: AdamWSettings(), geometry: geometry,
      recomputes: recomputes, together: 1, on: projection)
    let held = projection.memory.current
    try part.step(0, [CohortBatch([[]], geometry: geometry)], from: 0)
    return projection.memory.peak - held
  }

  /// Bytes that a cohort takes from a device.
  ///
  /// - Parameter then: what is done with its models between steps.
  public static func cohort(
    _ model: ModelConfiguration, replicas: Int, steps: Int, geometry: BatchGeometry,
    recomputes: Bool = false, on backend: any Backend,
    then: (_ models: [Transformer]) throws -> Void = { _ in }
  ) throws -> Int {
    let projection = ProjectingBackend(backend)
    let cohort = try Cohort(
      model,
      replicas: (0..<replicas).map { _ in
        Cohort.Replica(parameters: nil, schedule: .constant(peak: 0, warmup: 0))
      }, steps: steps, settings: AdamWSettings(), geometry: geometry, recomputes: recomputes,
      on: projection)
    try cohort.step(
      CohortBatch([[Example]](repeating: [], count: replicas), geometry: geometry))
    try then(cohort.models)
    return projection.memory.peakAllocated
  }
}
