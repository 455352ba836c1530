import OpenCL
import TestSupport
import Tensors
import TensorsOpenCL
import Testing
import Training
import Transformers

/// The commands of a training step: how many there are, and that the count without a device is right.
@Suite(.serialized)
struct StepCommandTests {
  private static func model(layers: Int) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: 61, channels: 32, layers: layers, heads: 2, feedForwardWidth: 48)
  }

  /// Rows enough that the gradients of all weights are sums of parts.
  private static let geometry = BatchGeometry(batch: 16, positions: 40, targets: 40)

  private static func cohort(
    _ model: ModelConfiguration, replicas: Int, recomputes: Bool = false,
    geometry: BatchGeometry = geometry, on backend: any Backend
  ) throws -> Cohort {
    let values = (0..<replicas).map { ParameterLayout(model).initialValues(seed: UInt64($0)) }
    return try Cohort(
      model,
      replicas: values.map {
        Cohort.Replica(parameters: $0, schedule: .constant(peak: 1e-3, warmup: 1))
      }, steps: 4, settings: .adamW(AdamWSettings()), geometry: geometry, recomputes: recomputes,
      on: backend)
  }

  private static func batches(
    _ replicas: Int, _ geometry: BatchGeometry = geometry, examples: Int = 16
  ) -> [CohortBatch] {
    func example(_ replica: Int, _ row: Int) -> Example {
      let tokens: [Int32] = (0...40).map { Int32(($0 * (7 + replica) + row * 31) % 61) }
      return Example(tokens: tokens, firstTarget: 1)
    }
    return CohortBatch.parts(
      (0..<replicas).map { replica in (0..<examples).map { example(replica, $0) } },
      geometry: geometry)
  }

  private static func gpu(_ device: Device, keepsTimes: Bool = false) throws -> OpenCLBackend {
    try OpenCLBackend(
      device: device.pretending(PretendedProperties(parsing: "kind=gpu")), style: .manyItems,
      fillsWithNaN: false, keepsTimes: keepsTimes, tuningFolder: nil)
  }

  private static func counted(
    _ cohort: (any Backend) throws -> Cohort, _ replicas: Int,
    on backend: OpenCLBackend, geometry: BatchGeometry = geometry
  ) throws -> CommandCounts {
    let rehearsal = KernelRehearsal(backend)
    let cohort = try cohort(rehearsal.backend)
    try cohort.step(batches(replicas, geometry))
    _ = rehearsal.takeCommands()
    try cohort.step(batches(replicas, geometry))
    return rehearsal.takeCommands()
  }

  /// Small launches take longer than their work, so a step has few of them.
  @Test(arguments: openCLDevices, [(layers: 2, most: 53), (layers: 12, most: 243)])
  func aStepHasFewCommands(_ device: Device, _ step: (layers: Int, most: Int)) throws {
    let backend = try Self.gpu(device)
    for replicas in [1, 64] {
      let counts = try Self.counted(
        { try Self.cohort(Self.model(layers: step.layers), replicas: replicas, on: $0) }, replicas,
        on: backend)
      #expect(
        counts.total.launches <= step.most, "\(replicas) replicas: \(counts.costs)")
      // The batch is one upload, and all sums of gradients are one launch.
      #expect(counts.costs[CommandCounts.upload]?.launches == 1)
      #expect(counts.costs["sum_parts"]?.launches == 1)
      #expect(counts.costs[CommandCounts.copy] == nil && counts.costs[CommandCounts.fill] == nil)
    }
  }

  /// The counted launches of every kernel, and all commands, are those of the device.
  @Test(arguments: openCLDevices, [false, true])
  func countedCommandsAreThoseOfTheDevice(_ device: Device, _ recomputes: Bool) throws {
    let parts = BatchGeometry(batch: 8, positions: 40, targets: 40)
    for style in OpenCLBackend.Style.allCases {
      for geometry in [Self.geometry, parts] {
        let backend = try OpenCLBackend(
          device: device, style: style, keepsTimes: true, tuningFolder: nil)
        func cohort(_ backend: any Backend) throws -> Cohort {
          try Self.cohort(
            Self.model(layers: 2), replicas: 3, recomputes: recomputes, geometry: geometry,
            on: backend)
        }
        let counts = try Self.counted(cohort, 3, on: backend, geometry: geometry)
        let real = try cohort(backend)
        try real.step(Self.batches(3, geometry))
        _ = try backend.takeTimes()
        let before = backend.commandCounts.commands
        try real.step(Self.batches(3, geometry))
        #expect(backend.commandCounts.commands - before == counts.total.launches)
        let launches = try backend.takeTimes().mapValues(\.launches)
        #expect(launches == counts.kernelLaunches, "\(style), \(geometry)")
        #expect(counts.total.operations > 1e6 && counts.total.bytes > 1e6)
      }
    }
  }

  /// Sums that wait have the bytes of sums at once, also with the gradient of an earlier part of the batch, with
  /// recomputation, and with a table that is the output matrix too.
  @Test(arguments: openCLDevices, [false, true])
  func waitingChangesNoByte(_ device: Device, _ recomputes: Bool) throws {
    final class Impatient: ForwardingBackend {
      override func beginSums(elements: Int) {}
      override func finishSums() throws {}
    }
    let backend = try Self.gpu(device)
    func train(_ backend: any Backend, _ geometry: BatchGeometry) throws -> [[UInt32]] {
      let cohort = try Self.cohort(
        Self.model(layers: 2), replicas: 2, recomputes: recomputes, geometry: geometry, on: backend)
      for _ in 0..<3 { try cohort.step(Self.batches(2, geometry)) }
      return try (0..<2).map { try cohort.parameters(of: $0).map(\.bitPattern) }
        + cohort.losses(of: 0..<3).map { $0.map(\.bitPattern) }
    }
    for geometry in [Self.geometry, BatchGeometry(batch: 8, positions: 80, targets: 80)] {
      let before = backend.commandCounts.commands
      let together = try train(backend, geometry)
      let middle = backend.commandCounts.commands
      #expect(try train(Impatient(backend), geometry) == together)
      #expect(middle - before < backend.commandCounts.commands - middle, "some sums waited")
    }
  }
}
