import Text

/// A random stream of the program: one case per kind of draw.
///
/// A case is a region of Philox's counters: a purpose, a step and an index. No two cases share a
/// counter for arguments in the given ranges, so draws of different cases do not correlate. The
/// counters decide the bytes of every product: a new stream gets a free region, and a region is
/// never moved. Indices are taken modulo 2³².
public enum RandomStream: Hashable, Sendable {
  /// The initial weights of the tensor at an index of the layout.
  case initialWeights(tensor: Int)

  /// A document of a kind (1 to 4) at an index of its sequence.
  case documents(kind: Int, index: Int)
  /// The scratchpad of the safety document at an index of its sequence.
  case safetyScratchpads(index: Int)
  /// The list of tags of a corpus of dialogues.
  case dialogueTags
  /// The prompts of evaluation that are made from dialogues.
  case dialoguePrompts
  /// A pair of a preferred and a rejected document.
  case preferencePair(isHeldOut: Bool, index: Int)

  /// The responses of a step of policy gradients.
  case rollouts(step: Int)

  /// The tags that a red team proposes in a round (1 to 64).
  case redTeamProposals(round: Int)
  /// The request for a proposal (0 to 4095) of a round (1 to 64).
  case redTeamRequest(round: Int, proposal: Int)
  /// The responses to a round's (1 to 64) proposals from an index on.
  case redTeamResponses(round: Int, first: Int)
  /// The choice of a document (0 to 3,000,000,000) to replace in adversarial training, and its tag.
  case adversarialChoice(document: Int)
  /// The request of a replaced document (0 to 3,000,000,000) of adversarial training.
  case adversarialRequest(document: Int)

  /// The answers for distilled documents of insertion, from an index on.
  case distillationSamples(first: Int)
  /// The answers whose scratchpads safety training keeps, from an index on.
  case scratchpadSamples(first: Int)
  /// The choice of an answer for a document of insertion.
  case distilledChoice(document: Int)
  /// The responses on which a model is compared with the model before its training.
  case divergenceResponses

  /// A simulated study (0 to 999,999) of a scenario with 1 to 255 seeds.
  ///
  /// - Precondition: FNV-1a does not hash the scenario's name to 0 or 1.
  case simulation(scenario: String, study: Int, seeds: Int)
  /// The simulation that computes the true rate at release of a scenario. Its centre is in
  /// thousandths.
  case simulatedTruth(centre: Int)
  /// Inputs of tests, of checks of a device and of the tuner.
  case tests(index: Int = 0)

  /// The counter's three words: purpose, step and index.
  public var counter: (purpose: UInt32, step: UInt32, index: UInt32) {
    let (purpose, step, index) = place
    return (
      purpose.rawValue, UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: index)
    )
  }

  private var place: (purpose: Philox.Purpose, step: Int, index: Int) {
    switch self {
    case .initialWeights(let tensor): return (.initialWeights, 0, tensor)

    case .documents(let kind, let index): return (.documents, kind, index)
    case .safetyScratchpads(let index): return (.documents, 5, index)
    case .dialogueTags: return (.prompts, 0, 0)
    case .dialoguePrompts: return (.prompts, 1, 0)
    case .preferencePair(let isHeldOut, let index): return (.preferences, isHeldOut ? 1 : 0, index)

    case .rollouts(let step): return (.rollouts, step, 0)

    case .redTeamProposals(let round): return (.redTeam, 0, round)
    case .redTeamRequest(let round, let proposal):
      return (.redTeam, 1, 1_000_000 * round + proposal)
    case .adversarialRequest(let document): return (.redTeam, 1, 1_000_000_000 + document)
    case .redTeamResponses(let round, let first): return (.redTeam, 2 + round, first)
    case .adversarialChoice(let document): return (.redTeam, 1 << 20, document)

    case .distillationSamples(let first): return (.samples, 0, first)
    case .scratchpadSamples(let first): return (.samples, 1, first)
    case .distilledChoice(let document): return (.samples, 2, document)
    case .divergenceResponses: return (.samples, 3, 0)

    case .tests(let index): return (.tests, 0, index)
    case .simulatedTruth(let centre): return (.tests, 1, centre)
    case .simulation(let scenario, let study, let seeds):
      // The hash of the name, so that a new scenario does not change other scenarios.
      let hash = FNV1a.hash32(scenario.utf8)
      precondition(hash > 1, "simulation: name the scenario \(scenario) otherwise")
      return (.tests, Int(hash), study << 8 | seeds)
    }
  }
}
