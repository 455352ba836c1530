package import Transformers

/// Two responses to one prompt.
public struct PreferencePair: Hashable, Sendable {
  public var chosen: Example
  public var rejected: Example

  public init(chosen: Example, rejected: Example) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

/// Batches of pairs of responses, with the weights of the preference objective's gradient.
package final class PreferenceSource: BatchSource {
  package let period = 1
  package var metrics: [[MetricRow]]
  private let models: [Transformer]
  /// The models before this training; none for a reward model.
  private let references: [Transformer]?
  private let beta: Double
  private let supervisedWeight: Double
  private let geometry: BatchGeometry
  private let pairs: (_ replica: Int, _ step: Int) -> [PreferencePair]

  package init(
    models: [Transformer], references: [Transformer]?, beta: Double,
    supervisedWeight: Double = 0, geometry: BatchGeometry,
    pairs: @escaping (_ replica: Int, _ step: Int) -> [PreferencePair]
  ) {
    self.models = models
    self.references = references
    self.beta = beta
    self.supervisedWeight = supervisedWeight
    self.geometry = geometry
    self.pairs = pairs
    metrics = [[MetricRow]](
      repeating: [], count: models.reduce(0) { $0 + $1.replicas })
  }

  package func batches(_ step: Int) throws -> [CohortBatch] {
    let examples = metrics.indices.map { replica in
      pairs(replica, step).flatMap { [$0.chosen, $0.rejected] }
    }
    func scores(_ models: [Transformer]) throws -> [[Double]] {
      try Scoring.logProbabilities(ofEach: examples, models: models).map { replica in
        replica.map { $0.reduce(0, +) }
      }
    }
    let policy = try scores(models)
    let reference = try references.map(scores)
    let weights = examples.indices.map { replica -> [[Double]] in
      let count = Double(examples[replica].count / 2)
      var (loss, right) = (0.0, 0.0)
      let weights = stride(from: 0, to: examples[replica].count, by: 2).flatMap { index in
        let outcome = Objective.preference(
          chosen: policy[replica][index], rejected: policy[replica][index + 1],
          reference: reference.map { ($0[replica][index], $0[replica][index + 1]) } ?? (0, 0),
          beta: beta)
        loss += outcome.loss / count
        right += (outcome.isRight ? 1 : 0) / count
        return [outcome.chosenWeight / count, -outcome.chosenWeight / count]
      }
      metrics[replica].append(
        MetricRow(step: step + 1, ["preference loss": loss, "pairs told apart": right]))
      let chosenTokens = stride(from: 0, to: examples[replica].count, by: 2).reduce(0) {
        $0 + examples[replica][$1].targetCount
      }
      return zip(examples[replica], weights).enumerated().map { index, pair in
        let likelihood = index % 2 == 0 ? supervisedWeight / Double(chosenTokens) : 0
        return [Double](repeating: pair.1 - likelihood, count: pair.0.targetCount)
      }
    }
    return CohortBatch.parts(examples, geometry: geometry, weights: weights)
  }
}
