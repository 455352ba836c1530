import Files
package import Foundation
package import Studies
import JSON
import Transformers

/// A checkpoint of a cohort in training on disk: one folder per replica with the state on which its
/// next step depends, and with additions by the kind of its stage.
package struct CohortCheckpoint {
  /// The number of steps that the cohort has enqueued.
  package let step: Int
  /// A checkpoint per stage, in the order of the stages.
  package let products: [Product]

  /// The newest checkpoint that all of these stages have in common.
  ///
  /// - Throws: `FileError`.
  package init?<Kind: Stage>(of stages: [Kind], _ commit: Commit<Kind>) throws {
    guard let latest = try commit.latestCheckpoint(of: stages) else { return nil }
    (step, products) = latest
  }

  /// Restores a cohort of these stages and the source of its batches from the checkpoint.
  ///
  /// - Throws: `ProductDamage`, `FileError`, `CheckpointError`, `DecodingError`, or a failure of
  ///   the device.
  package func resume(_ cohort: Cohort, _ source: any BatchSource) throws {
    try resume(cohort)
    for replica in source.metrics.indices {
      source.metrics[replica] = try products[replica].rows(MetricRow.self, MetricRow.fileName)
    }
  }

  /// Restores a cohort of these stages from the checkpoint.
  ///
  /// - Throws: `ProductDamage`, `FileError`, `CheckpointError`, `DecodingError`, or a failure of
  ///   the device.
  package func resume(_ cohort: Cohort) throws {
    var losses: [[Float]] = []
    let states = try products.map { product in
      let tensors = Dictionary(
        uniqueKeysWithValues: try Safetensors.decode(
          product.data(Self.tensorsFile), file: product.folder.path + "/" + Self.tensorsFile
        ).tensors.map { ($0.name, $0.values) })
      let counts = try JSONDecoder().decode(Counts.self, from: product.data(Self.countsFile))
      losses.append(tensors["losses"] ?? [])
      return ReplicaState(
        parameters: tensors["parameters"] ?? [], firstMoment: tensors["first_moment"] ?? [],
        secondMoment: tensors["second_moment"] ?? [], steps: counts.steps, latch: counts.latch)
    }
    try cohort.resume(states, at: step, losses: losses)
  }

  /// Saves a checkpoint of a cohort durably.
  ///
  /// - Parameter add: Adds files of the stage's kind to the folder of a replica.
  /// - Throws: `FileError`, `CommitFault`, `RunFault`, a failure of the device, and what `add`
  ///   throws.
  package static func save<Kind: Stage>(
    _ cohort: Cohort, _ stages: [Kind], _ commit: Commit<Kind>,
    add: (_ replica: Int, _ folder: URL) throws -> Void
  ) throws {
    let losses = try cohort.losses(of: 0..<cohort.stepsIssued)
    try commit.checkpoint(stages, step: cohort.stepsIssued) { replica, folder in
      let state = try cohort.state(of: replica)
      func tensor(_ name: String, _ values: [Float]) -> NamedTensor {
        NamedTensor(name: name, shape: [values.count], values: values)
      }
      try Safetensors.encode([
        tensor("parameters", state.parameters), tensor("first_moment", state.firstMoment),
        tensor("second_moment", state.secondMoment), tensor("losses", losses[replica]),
      ]).writeFile(Self.tensorsFile, in: folder)
      try CanonicalJSON.data(of: Counts(steps: state.steps, latch: state.latch))
        .writeFile(Self.countsFile, in: folder)
      try add(replica, folder)
    }
  }

  private static let tensorsFile = "state.safetensors"
  private static let countsFile = "state.json"

  private struct Counts: Codable {
    var steps: Int32
    var latch: Int32
  }
}
